import { didYouMean, HailbookError, type Place } from '../errors.ts';
import type { Inventory } from '../plan/playbook.ts';

/**
 * The hosts of a pattern, in inventory order: names, groups, `all`, `*` and `?`, ranges `spark-worker[1:3]`; several with `,` or `:`;
 * `!x` takes hosts away.
 * @throws HailbookError PATTERN_EMPTY when it, or any part of it, matches nothing
 */
export function matchHosts(pattern: string, inventory: Inventory, place?: Place): string[] {
  const parts = splitPattern(pattern);
  if (parts.length === 0) throw new HailbookError('PATTERN_EMPTY', 'the host pattern is empty', { place });
  const chosen = new Set<string>();
  const removed = new Set<string>();
  if (parts.every((part) => part.startsWith('!'))) for (const host of inventory.hosts.keys()) chosen.add(host);
  for (const part of parts) {
    const away = part.startsWith('!');
    for (const host of matchPart(away ? part.slice(1) : part, inventory, place)) (away ? removed : chosen).add(host);
  }
  const hosts = [...inventory.hosts.keys()].filter((host) => chosen.has(host) && !removed.has(host));
  if (hosts.length === 0)
    throw new HailbookError('PATTERN_EMPTY', `the pattern "${pattern}" leaves no host`, { place });
  return hosts;
}

function matchPart(part: string, inventory: Inventory, place: Place | undefined): readonly string[] {
  const { hosts, groups } = inventory;
  if (part === 'all') return [...hosts.keys()];
  const group = groups.get(part);
  if (group && group.length > 0) return group;
  if (hosts.has(part)) return [part];
  const names = [...hosts.keys(), ...groups.keys()];
  const found = expandRange(part).flatMap((name) => {
    const fits = glob(name);
    return names.filter((candidate) => fits.test(candidate)).flatMap((match) => groups.get(match) ?? [match]);
  });
  if (found.length > 0) return found;
  const why = group
    ? `the group "${part}" has no hosts`
    : `"${part}" matches no host or group${didYouMean(part, [...names, 'all'])}`;
  const hint = part.startsWith('&') ? 'there is no "&"; name the hosts, or take some away with "!"' : undefined;
  throw new HailbookError('PATTERN_EMPTY', why, { place, hint });
}

/** `a,b:c[1:3]` in its parts; a colon in brackets is a range's. */
function splitPattern(pattern: string): string[] {
  const parts = pattern.split(/[,:](?![^[\]]*\])/);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function glob(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

/** Can a host or a group be called so? Nothing in it may mean something else in a pattern. */
export const isInventoryName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);

/** Names that a range may stand for: above any cluster, below what fills the memory. */
const MAX_RANGE = 10_000;

/** `worker[01:10]` as its names, with the zeros of its first number; anything else as itself. */
export function expandRange(text: string): string[] {
  const match = /^(.*?)\[(\d+):(\d+)\](.*)$/.exec(text);
  if (!match) return [text];
  const [, before = '', first = '', last = '', after = ''] = match;
  const [from, to] = [Number(first), Number(last)];
  if (to < from || to - from > MAX_RANGE) return [text];
  const width = first.startsWith('0') ? first.length : 0;
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${before}${String(from + index).padStart(width, '0')}`,
  ).flatMap((name) => expandRange(name + after));
}
