import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { asUser } from '../_file/steps.ts';

/**
 * Prints the account's public key as its private key has it, then the line of its `.pub`, each after a word; looked at as
 * the account. What cannot be derived (a passphrase, no ssh-keygen) is left out.
 */
export const lookAtKey = (name: string): Sh =>
  asUser(
    name,
    sh`h=$(getent passwd "$(id -un)") || exit
h=\${h%:*}
cd -- "\${h##*:}/.ssh" 2>/dev/null && [ -f id_ed25519 ] || exit 0
ssh-keygen -y -P '' -f id_ed25519 </dev/null 2>/dev/null | sed 's/^/derived /'
[ ! -f id_ed25519.pub ] || sed -n '/^ssh-ed25519 AAAA/{s/^/public /p;q}' id_ed25519.pub`,
  );

/** The account's public key from what `lookAtKey` printed; empty when there is none, or when `.pub` is another one's. */
export function publicKey(lines: readonly string[]): string {
  const rest = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';
  const material = (line: string) => line.split(' ', 2).join(' ');
  const written = rest('public');
  const derived = rest('derived');
  return derived === '' || material(derived) === material(written) ? written : '';
}

/**
 * Makes the account's ed25519 key where it has none, as the account. The private key is put in its place first: when
 * the work ends between the two, the next run makes the public one from it, and no key is ever made twice.
 */
export const makeKey = (name: string): Sh =>
  asUser(
    name,
    sh`${raw(FILE_SHELL)}
l=$(getent passwd ${name}) || exit
h=\${l%:*} h=\${h##*:}
settle "$h/.ssh" folder 0700 '' '' || exit
cd -- "$h/.ssh" && umask 077 || exit
[ ! -L id_ed25519 ] && [ ! -L id_ed25519.pub ] || refuse PATH_REFUSED "a key in $h/.ssh is a link"
new=$(mktemp -u ./.hailbook.XXXXXXXXXX) || exit
trap 'rm -f -- "$new" "$new.pub"' EXIT
if [ -f id_ed25519 ]; then
  ssh-keygen -y -P '' -f id_ed25519 </dev/null >"$new.pub" || exit
else
  ssh-keygen -q -t ed25519 -N '' -C ${name}@"$(uname -n)" -f "$new" </dev/null || exit
  mv -T -- "$new" id_ed25519 || exit
fi
mv -T -f -- "$new.pub" id_ed25519.pub`,
  );
