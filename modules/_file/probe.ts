import { HailbookError } from '../../engine/errors.ts';
import type { Probe } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from './shell.ts';

/** What is at a path itself: a link is a link, whatever it leads to. */
export type PathState = {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly owner: string;
  readonly group: string;
  /** Four octal digits. */
  readonly mode: string;
  /** Lower-case hex for a file whose content was asked for and could be read, else empty. */
  readonly sha256: string;
  /** Where a link leads, else empty. */
  readonly target: string;
};

/** How a path is looked at. */
export interface Look {
  /** Accounts that the path is to belong to: without them nothing can be done, so a check says so. */
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** What a link leads to is looked at, in place of the link. */
  readonly follow?: boolean | undefined;
}

/** What is at the path, without its content. */
export const probePath = (path: string, look: Look = {}): Probe<PathState | null> => probeWith(path, sh`:`, look);

/**
 * With the content's hash. Where every folder on the way is one that only root can change, root reads at once (four
 * processes); otherwise the way is walked, and the content read by whoever controls it, as for a write.
 */
export function probeContent(path: string, look: Look = {}): Probe<PathState | null> {
  // What is refused is not known, and so differs: a task before this one may still mend the way; if not, the write says why.
  const carefully = sh`(${raw(readWith(path, sh`sha256sum`, look))}) 2>/dev/null </dev/null || :`;
  if (look.follow) return probeWith(path, carefully, look);
  const parts = path.split('/').slice(1, -1);
  const way = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  return probeWith(
    path,
    sh`if stat -c '%A %u' -- ${way} | grep -q -v -x 'd....-..-. 0'; then
    ${raw(carefully)}
  else
    sha256sum <"$p"
  fi`,
    look,
  );
}

/** The file's text into `command`, read as a write would be made; `command` does not run when there is no such text. */
export const readWith = (path: string, command: Sh, { follow }: Look = {}): Sh => sh`${raw(FILE_SHELL)}
settle ${path} ${follow ? ['follow', 'seen'] : ['seen']} ${raw(command)}`;

function probeWith(path: string, content: Sh, look: Look): Probe<PathState | null> {
  return {
    script: sh`p=${path}
${raw(look.follow ? sh`s=$(stat -L -c '%f %a %U %u %G %g' -- "$p" 2>&1)` : sh`s=$(stat -c '%f %a %U %u %G %g' -- "$p" 2>&1)`)} ||
  # Only these two mean absence; whoever may not look has not seen that it is absent.
  case $s in *': No such file or directory'|*': Not a directory') s=absent ;; *) printf '%s\n' "$s" >&2; exit 1 ;; esac
${raw(accountsLook(look))}
printf '%s\n' "$s"
if [ "$s" != absent ]; then
  ${raw(look.follow ? sh`if [ -f "$p" ]; then` : sh`if [ -L "$p" ]; then readlink -- "$p"; elif [ -f "$p" ]; then`)}
  ${raw(content)}
  fi
fi`,
    parse(stdout) {
      refuseMissing(stdout);
      if (stdout.trim() === 'absent') return null;
      const [first = '', ...rest] = stdout.split('\n');
      const [kind, mode, user, uid, group, gid] = first.split(' ');
      if (!kind || !mode || !user || !uid || !group || !gid)
        throw new HailbookError('PROBE_FAILED', `${path}: ${stdout}`);
      const type = TYPES[kind.padStart(4, '0').charAt(0)] ?? 'other';
      return {
        type,
        owner: user === 'UNKNOWN' ? uid : user,
        group: group === 'UNKNOWN' ? gid : group,
        mode: mode.padStart(4, '0'),
        sha256: type === 'file' ? (/^[0-9a-f]{64}/.exec(rest[0] ?? '')?.[0] ?? '') : '',
        target: type === 'link' ? rest.join('\n').replace(/\n$/, '') : '',
      };
    },
  };
}

// The file type bits of st_mode (inode(7)): 0x8000 a regular file, 0x4000 a directory, 0xa000 a link.
const TYPES: Readonly<Record<string, PathState['type']>> = { '8': 'file', '4': 'directory', a: 'link' };

/** Says which of the accounts are not there; whoever owns $s already is. root always is. */
function accountsLook({ owner = 'root', group = 'root' }: Look): Sh {
  const look = (word: string, name: string, database: string): Sh | false =>
    name !== 'root' &&
    // getent exits 2 only for "no such key"; 1 and 3 are real failures.
    sh`case $s in *${` ${name} `}*) ;; *) getent ${database} ${name} >/dev/null || case $? in 2) echo ${`no ${word} ${name}`} ;; *) exit 1 ;; esac ;; esac`;
  return lines(look('account', owner, 'passwd'), look('group', group, 'group'));
}

/** @throws HailbookError ACCOUNT_MISSING when `accountsLook` printed so */
function refuseMissing(stdout: string): void {
  const [, kind, name] = /^no (account|group) (.*)\n/.exec(stdout) ?? [];
  if (kind === undefined) return;
  throw new HailbookError('ACCOUNT_MISSING', `there is no ${kind} "${name}"`, {
    hint: 'a task before this one can make it, or the name is misspelt',
  });
}
