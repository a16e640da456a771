import { raw, type Sh, sh } from '../../engine/plan/sh.ts';

/** Sets `$u`, `$g` and `$h` to an account's numbers and its home, or does `missing`. getent exits 2 only for "no such key"; 1 and 3 are real failures. */
export const homeOf = (
  user: string,
  missing: Sh,
): Sh => sh`l=$(getent passwd ${user}) || case $? in 2) ${raw(missing)} ;; *) exit 1 ;; esac
IFS=: read -r n x u g x h x <<E
$l
E`;
