import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { homeOf } from '../_file/home.ts';
import { asUser } from '../_file/steps.ts';
import { ENTER_SSH, LINKS, lookAsAccount } from '../_ssh/home.ts';

/** The kinds of key, as ssh-keygen calls them. An rsa key has the length that ssh-keygen holds to be good. */
export const KEY_TYPES = ['ed25519', 'rsa'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

const fileOf = (type: KeyType): string => `id_${type}`;

/**
 * Prints the account's public key as its private key has it, then the line of its `.pub`, each after a word; $u, $g and $h
 * are its numbers and its home. Where a link was planted it prints that alone, and `closed` where the account could not
 * make one. What cannot be derived (a passphrase, no ssh-keygen) is left out.
 */
export function lookAtKey(type: KeyType): Sh {
  const file = fileOf(type);
  return lookAsAccount(sh`${raw(LINKS)}
links "$1/.ssh" "$1/.ssh/"${file} "$1/.ssh/"${file}.pub
[ -w "$1/.ssh" ] || { [ ! -e "$1/.ssh" ] && { [ ! -e "$1" ] || [ -w "$1" ]; }; } || echo closed
cd -- "$1/.ssh" 2>/dev/null && [ -f ${file} ] || exit 0
ssh-keygen -y -P '' -f ${file} </dev/null 2>/dev/null | sed 's/^/derived /'
[ ! -f ${file}.pub ] || sed -n ${`/^ssh-${type} AAAA/{s/^/public /p;q}`} ${file}.pub`);
}

/** The account's public key from what `lookAtKey` printed; empty when there is none, or when `.pub` is another one's. */
export function publicKey(lines: readonly string[]): string {
  const rest = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';
  const material = (line: string) => line.split(' ', 2).join(' ');
  const written = rest('public');
  const derived = rest('derived');
  return derived === '' || material(derived) === material(written) ? written : '';
}

/**
 * Makes the account's key where it has none, as the account. The private key is put in its place first, by a link: of
 * several hosts that share the home, on NFS too, one succeeds and the others take its key. The public half is always made
 * from the private one in its place, so it is the same whoever makes it, and no key is ever made twice.
 */
export function makeKey(name: string, type: KeyType): Sh {
  const file = fileOf(type);
  return sh`${raw(homeOf(name, sh`exit 1`))}
export h
${raw(
  asUser(
    name,
    sh`${raw(ENTER_SSH)}
[ ! -L ${file} ] && [ ! -L ${file}.pub ] || refuse PATH_REFUSED "a key in $h/.ssh is a link"
new=$(mktemp -u ./.hailbook.XXXXXXXXXX) || exit
trap 'rm -f -- "$new" "$new.pub"' EXIT
tries=1
if [ ! -f ${file} ]; then
  ssh-keygen -q -t ${type} -N '' -C ${name}@"$(uname -n)" -f "$new" </dev/null || exit
  why=$(ln -T -- "$new" ${file} 2>&1) || case $why in
    # What another host just made may take a while to be seen here.
    *': File exists') tries=60 ;;
    # A file system without hard links.
    *) mv -n -T -- "$new" ${file} || exit ;;
  esac
fi
until ssh-keygen -y -P '' -f ${file} </dev/null >"$new.pub"; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || exit 1
  sleep 1
done
mv -T -f -- "$new.pub" ${file}.pub`,
  ),
)}`;
}
