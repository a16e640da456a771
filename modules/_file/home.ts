import { HailbookError } from '../../engine/errors.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from './shell.ts';
import { asUser } from './steps.ts';

/**
 * Sets `$h` to the account's home, looks into `~/.ssh` there and then does `look`. Prints `absent` when there is no such
 * account or folder, `link PATH` when a link stands where a folder or `file` should: someone planted it.
 */
export function lookInSsh(user: string, file: string, look: Sh): Sh {
  return sh`${raw(homeOf(user, sh`echo absent; exit 0`))}
for p in "$h/.ssh" "$h/.ssh/"${file}; do
  [ ! -L "$p" ] || { printf 'link %s\n' "$p"; exit 0; }
done
# cd says why when it may not look; a test for a file would only say that there is none.
for p in "$h" "$h/.ssh"; do
  [ -d "$p" ] || { echo absent; exit 0; }
  cd -- "$p" || exit
done
[ -f ${file} ] || { echo absent; exit 0; }
${raw(look)}`;
}

/** What `lookInSsh` printed about a link, as the path; empty when it printed something else. */
export const plantedLink = (stdout: string): string => /^link (.*)$/m.exec(stdout)?.[1] ?? '';

/** @throws HailbookError PATH_REFUSED when there is a link. */
export function refuseLink(path: string | undefined): void {
  if (path)
    throw new HailbookError('PATH_REFUSED', `${path} is a link`, { hint: 'look at who made it, then remove it' });
}

/** Edits a file in `~/.ssh` as that account, so that nothing planted there reaches further than the account itself. */
export function editInSsh(user: string, file: string, command: Sh): Sh {
  const missing = sh`printf 'hailbook: STEP_FAILED there is no account %s\n' ${user} >&2; exit 73`;
  return sh`${raw(homeOf(user, missing))}
export h
${raw(
  asUser(
    user,
    sh`${raw(FILE_SHELL)}
settle "$h/.ssh" folder 0700 '' '' || exit
settle "$h/.ssh/"${file} edit 0600 '' '' ${raw(command)}`,
  ),
)}`;
}

// getent exits 2 only for "no such key"; 1 and 3 are real failures.
export const homeOf = (
  user: string,
  missing: Sh,
): Sh => sh`l=$(getent passwd ${user}) || case $? in 2) ${raw(missing)} ;; *) exit 1 ;; esac
h=\${l%:*} h=\${h##*:}`;
