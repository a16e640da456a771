import { HailbookError } from '../../engine/errors.ts';
import type { Probe } from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
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

/** What is at the path, without its content. */
export const probePath = (path: string): Probe<PathState | null> => probeWith(path, sh`:`);

/**
 * With the content's hash. Where every folder on the way is one that only root can change, root reads at once (four
 * processes); otherwise the way is walked, and the content read by whoever controls it, as for a write.
 */
export function probeContent(path: string): Probe<PathState | null> {
  const parts = path.split('/').slice(1, -1);
  const way = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  return probeWith(
    path,
    sh`if stat -c '%A %u' -- ${way} | grep -q -v -x 'd....-..-. 0'; then
    # What is refused is not known, and so differs: a task before this one may still mend the way; if not, the write says why.
    (${raw(readWith(path, sh`sha256sum`))}) 2>/dev/null </dev/null || :
  else
    sha256sum <"$p"
  fi`,
  );
}

/** The file's text into `command`, read as a write would be made; `command` does not run when there is no such text. */
export const readWith = (path: string, command: Sh): Sh => sh`${raw(FILE_SHELL)}
settle ${path} seen ${raw(command)}`;

function probeWith(path: string, content: Sh): Probe<PathState | null> {
  return {
    script: sh`p=${path}
if s=$(stat -c '%f %a %U %u %G %g' -- "$p" 2>&1); then
  printf '%s\n' "$s"
  if [ -L "$p" ]; then readlink -- "$p"; elif [ -f "$p" ]; then
  ${raw(content)}
  fi
else
  # Only these two mean absence; whoever may not look has not seen that it is absent.
  case $s in *': No such file or directory'|*': Not a directory') echo absent ;; *) printf '%s\n' "$s" >&2; exit 1 ;; esac
fi`,
    parse(stdout) {
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
