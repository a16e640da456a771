import type { Key, Touches } from './contract.ts';

/** Could something that writes `written` change what something that touches `touched` would see? */
export function disturbs(written: Iterable<Key>, touched: Iterable<Key>): boolean {
  const seen = [...touched];
  for (const key of written) if (seen.some((other) => overlap(key, other))) return true;
  return false;
}

/** All that a task looks at: what it reads and what it would write. */
export function looksAt(touches: Touches): Key[] {
  return [...(touches.reads ?? []), ...touches.writes];
}

function overlap(a: Key, b: Key): boolean {
  if (a === '*' || b === '*' || a === b) return true;
  const [kindA, pathA] = split(a);
  const [kindB, pathB] = split(b);
  if (!isPath(kindA) || !isPath(kindB)) return false;
  // A replaced tree or a link can be what another path leads through, so it counts for all files.
  if (kindA === 'tree' || kindB === 'tree') return true;
  return within(pathA, pathB) || within(pathB, pathA) || sameFile(pathA, pathB);
}

/** Could these be two names of one file? A link to a folder gives its files other paths, but the same last names. */
function sameFile(a: string, b: string): boolean {
  const [inHome, other] = a.startsWith('~') ? [a, b] : [b, a];
  if (!inHome.startsWith('~')) return lastName(a) === lastName(b);
  // Where an account's home is, is not known here: `~hail/.ssh/config` may be any path that has one of its names at the end.
  return inHome.split('/').slice(1).includes(lastName(other));
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const isPath = (kind: string): boolean => kind === 'file' || kind === 'tree';

function split(key: Key): [string, string] {
  const colon = key.indexOf(':');
  return colon < 0 ? [key, ''] : [key.slice(0, colon), key.slice(colon + 1)];
}

function within(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
