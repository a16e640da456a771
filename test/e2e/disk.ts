import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * What a host writes by itself while somebody is logged in: its journal, who logged in when, that sudo was used for the first time, and
 * clocks of systemd's own.
 * (/run and /tmp are not on the disk: they are the host's memory.) Nothing else may differ after a check.
 */
const WRITTEN_BY_ITSELF: readonly RegExp[] = [
  /^var\/log\/journal(\/|$)/,
  /^var\/log\/(wtmp|btmp|lastlog)$/,
  /^home\/admin\/\.sudo_as_admin_successful$/,
  /^var\/lib\/systemd\/(timers|timesync|linger|random-seed)(\/|$)/,
  /^(run|tmp|var\/tmp)(\/|$)/,
];

/**
 * Every entry of a host's own layer (what differs from the image) with its kind, mode, owner, size, time and content. `times`: instead
 * of the content the time of its last change of any sort (ctime), which nobody can set back; much quicker.
 */
export function entriesOf(upper: string, by: 'content' | 'times' = 'content'): Map<string, string> {
  const entries = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const short = relative(upper, path);
      if (WRITTEN_BY_ITSELF.some((pattern) => pattern.test(short))) continue;
      const stat = lstatSync(path);
      // A folder's time changes with what is in it, which is compared anyway, and what is left out may be in it.
      const time = stat.isDirectory() ? '' : by === 'times' ? stat.ctimeMs : stat.mtimeMs;
      entries.set(
        short,
        [
          stat.mode,
          stat.uid,
          stat.gid,
          stat.isDirectory() ? '' : stat.size,
          time,
          by === 'times' ? '' : contentOf(path, stat),
        ].join(' '),
      );
      if (stat.isDirectory()) walk(path);
    }
  };
  walk(upper);
  return entries;
}

function contentOf(path: string, stat: ReturnType<typeof lstatSync>): string {
  if (stat?.isSymbolicLink()) return readlinkSync(path);
  if (!stat?.isFile()) return '';
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** The paths that differ between two looks. */
export function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
