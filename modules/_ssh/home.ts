import { HailbookError } from '../../engine/errors.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { homeOf } from '../_file/home.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { asUser } from '../_file/steps.ts';

/** What is at a file of `~/.ssh`, and what a look at it printed. */
export type InSsh =
  | { readonly is: 'no account' }
  | { readonly is: 'absent' }
  | { readonly is: 'present'; readonly lines: readonly string[] };

/**
 * Looks as the account that `homeOf` found; its home is $1 there. So root follows nothing that the account planted, and a
 * home on NFS whose server gives root no power (root_squash) can be read. In place of runuser, setpriv: an eighth of its
 * time, and no line in the journal for each look.
 */
export const lookAsAccount = (look: Sh): Sh => sh`set -- /bin/sh -c ${look} hailbook "$h"
[ "$(id -u)" = "$u" ] || set -- setpriv --reuid "$u" --regid "$g" --init-groups --inh-caps=-all -- "$@"
"$@"`;

/** `links PATH…` ends the look with the first that is a link. */
export const LINKS = sh`links() {
  for p; do [ ! -L "$p" ] || { printf 'link %s\n' "$p"; exit 0; }; done
}`;

/** Goes into the account's `~/.ssh` and does `look` there when `file` exists; what `given` prints is its stdin. */
export function lookInSsh(user: string, file: string, look: Sh, given = sh`:`): Sh {
  const inside = sh`${raw(LINKS)}
links "$1/.ssh" "$1/.ssh/"${file}
# cd says why when it may not look; a test for a file would only say that there is none.
for p in "$1" "$1/.ssh"; do
  [ -d "$p" ] || { echo absent; exit 0; }
  cd -- "$p" || exit
done
[ -f ${file} ] || { echo absent; exit 0; }
echo present
${raw(look)}`;
  return sh`${raw(homeOf(user, sh`echo 'no account'; exit 0`))}
${raw(given)} | {
${raw(lookAsAccount(inside))}
}`;
}

/** The path that a look found to be a link, where `~/.ssh` or a file in it should be. */
export const plantedLink = (lines: readonly string[] = []): string | undefined =>
  lines.find((line) => line.startsWith('link '))?.slice(5);

export const refusedLink = (path: string): HailbookError =>
  new HailbookError('PATH_REFUSED', `${path} is a link`, { hint: 'look at who made it, then remove it' });

/** @throws HailbookError PATH_REFUSED when there is a link: someone planted it */
export function parseInSsh(stdout: string): InSsh {
  const [first = '', ...lines] = stdout.replace(/\n$/, '').split('\n');
  const planted = plantedLink([first]);
  if (planted) throw refusedLink(planted);
  if (first === 'present') return { is: 'present', lines };
  return { is: first === 'no account' ? 'no account' : 'absent' };
}

/**
 * Edits a file in `~/.ssh` as that account, so that nothing planted there reaches further than the account itself.
 * `command` gets the present text as its stdin, and the step's own as file descriptor 7.
 */
export function editInSsh(user: string, file: string, command: Sh): Sh {
  const missing = sh`printf 'hailbook: ACCOUNT_MISSING there is no account %s\n' ${user} >&2; exit 73`;
  return sh`${raw(homeOf(user, missing))}
export h
${raw(
  asUser(
    user,
    sh`exec 7<&0
${raw(ENTER_SSH)}
${raw(lock(file))}
settle "$h/.ssh/"${file} edit 0600 '' '' ${raw(command)}`,
  ),
)}`;
}

/** As the account whose home is $h: makes `~/.ssh` and goes there. Of several hosts that share the home one is the first. */
export const ENTER_SSH = sh`${raw(FILE_SHELL)}
[ ! -L "$h/.ssh" ] || refuse PATH_REFUSED "$h/.ssh is a link"
[ -e "$h/.ssh" ] || mkdir -m 0700 -- "$h/.ssh" 2>/dev/null
settle "$h/.ssh" folder 0700 '' '' || exit
cd -- "$h/.ssh" && umask 077 || exit`;

/**
 * On NFS a lock on a folder, as `edit` takes it, holds on this host only; one on a file that is open for writing holds on
 * all that have it mounted (flock(2)). Who waited for a file that was replaced meanwhile waits for the new one.
 */
const lock = (file: string): Sh => sh`f=./${file}
while [ ! -L "$f" ] && { [ -w "$f" ] || [ ! -e "$f" ]; }; do
  exec 6>>"$f"
  flock -w 60 6 || refuse STEP_FAILED "$h/.ssh/\${f#./} cannot be locked, or stays locked by another run"
  [ "$(stat -L -c %d:%i /proc/self/fd/6)" != "$(stat -c %d:%i -- "$f")" ] || break
done`;
