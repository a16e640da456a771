import { sh } from '../../engine/plan/sh.ts';
import { applyMode } from '../_file/mode.ts';
import type { Ownership } from '../_file/steps.ts';

/**
 * What there is in the folder $p: not each thing, but each kind of thing, as type, mode, owner and group. So a look at a hundred
 * thousand files is a few lines long. A link's mode means nothing.
 */
export const lookBelow = sh`if [ "$s" != absent ] && [ -d "$p" ]; then
  cd -- "$p" && kinds=$(find . -mindepth 1 -type l -printf '%y - %u %g\\n' -o -printf '%y %m %u %g\\n') || exit
  printf '%s' "$kinds" | sort -u | sed 's/^/below /'
fi`;

const TYPES: Readonly<Record<string, string>> = { f: 'file', d: 'directory', l: 'link' };

/** The kinds in normal form: `file 0644 root root`. */
export function parseBelow(stdout: string): string[] {
  const kinds = [...stdout.matchAll(/^below (\S) (\S+) (\S+) (\S+)$/gm)].map(
    ([, type = '', mode = '', owner, group]) =>
      `${TYPES[type] ?? 'other'} ${mode === '-' ? '-' : mode.padStart(4, '0')} ${owner} ${group}`,
  );
  return normal(kinds);
}

const normal = (kinds: readonly string[]): string[] => [...new Set(kinds)].sort();

/** What becomes of each kind. */
export const belowWanted = (kinds: readonly string[], as: Ownership): string[] =>
  normal(kinds.map((kind) => wanted(kind, as)));

function wanted(kind: string, as: Ownership): string {
  const [type = '', mode = '', owner = '', group = ''] = kind.split(' ');
  const to = { owner: as.owner ?? owner, group: as.group ?? group };
  const given = to.owner !== owner || to.group !== group;
  const kept = given && type !== 'directory' && mode !== '-' ? withoutSet(mode) : mode;
  const becomes = mode === '-' || as.mode === undefined ? kept : applyMode(as.mode, kept, type === 'directory');
  return `${type} ${becomes} ${to.owner} ${to.group}`;
}

/** The kernel takes setuid, and setgid of what the group may execute, from a file that is given away (chown(2)). */
function withoutSet(mode: string): string {
  const bits = Number.parseInt(mode, 8);
  const lost = 0o4000 | ((bits & 0o010) === 0 ? 0 : 0o2000);
  return (bits & ~lost).toString(8).padStart(4, '0');
}
