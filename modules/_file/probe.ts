import { HailbookError } from '../../engine/errors.ts';
import type { Probe } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';

/** What is at a path itself: a link is a link, whatever it leads to. */
export type PathState = {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly owner: string;
  readonly group: string;
  /** Four octal digits. */
  readonly mode: string;
  /** Lower-case hex for a file, else empty. */
  readonly sha256: string;
  /** Where a link leads, else empty. */
  readonly target: string;
};

/** Two processes for a file, one for anything else. */
export function probePath(path: string): Probe<PathState | null> {
  return {
    script: sh`p=${path}
if s=$(stat -c '%f %a %U %u %G %g' -- "$p" 2>&1); then
  printf '%s\n' "$s"
  if [ -L "$p" ]; then readlink -- "$p"; elif [ -f "$p" ]; then sha256sum <"$p"; fi
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
        sha256: type === 'file' ? (rest[0] ?? '').slice(0, 64) : '',
        target: type === 'link' ? rest.join('\n').replace(/\n$/, '') : '',
      };
    },
  };
}

// The file type bits of st_mode (inode(7)): 0x8000 a regular file, 0x4000 a directory, 0xa000 a link.
const TYPES: Readonly<Record<string, PathState['type']>> = { '8': 'file', '4': 'directory', a: 'link' };
