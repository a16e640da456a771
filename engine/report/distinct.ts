import type { FileDiff, RunEvent, Status } from '../run/events.ts';
import { groupBy } from './group.ts';

export type ResultEvent = Extract<RunEvent, { event: 'result' }>;

/** Most notable first: a host whose loop failed at one item has failed, whatever the others did. */
const STATUSES: readonly Status[] = [
  'unreachable',
  'failed',
  'ignored',
  'changed',
  'unknown',
  'assumed',
  'ok',
  'skipped',
];

/** A result that holds for some hosts of a task: one line of the report. */
export interface Distinct {
  readonly status: Status;
  readonly hosts: readonly string[];
  /** Under `loop`: how many items came out like this, and of how many; [fewest, most] over the hosts. */
  readonly items: { readonly like: Range; readonly all: Range } | null;
  readonly details: readonly Detail[];
}

export type Range = readonly [least: number, most: number];

/** What is said below a line, and for whom. */
export interface Detail {
  readonly hosts: readonly string[];
  /** The loop's items that it holds for; `all` of the line's when there is nothing to tell apart. */
  readonly items: readonly string[] | 'all';
  readonly lines: readonly string[];
  readonly diff?: FileDiff;
}

/** A task's results with equal ones merged: hosts under one status, details under the hosts that they hold for. */
export function distinctResults(results: readonly ResultEvent[], verbose: boolean): Distinct[] {
  // Hosts answer in any order; two equal runs are to read the same.
  const ordered = [...results].sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
  const byHost = groupBy(ordered, ({ host }) => host);
  const byStatus = groupBy(byHost.values(), worst);
  return STATUSES.flatMap((status) => {
    const hosts = byStatus.get(status);
    return hosts ? [distinct(status, hosts, verbose)] : [];
  });
}

function worst(results: readonly ResultEvent[]): Status {
  return STATUSES.find((status) => results.some((result) => result.status === status)) ?? 'ok';
}

function distinct(status: Status, hosts: readonly (readonly ResultEvent[])[], verbose: boolean): Distinct {
  const looped = hosts.some((results) => results.some(({ item }) => item !== undefined));
  const like = hosts.map((results) => results.filter((result) => result.status === status).length);
  const all = hosts.map((results) => results.length);
  return {
    status,
    hosts: hosts.flatMap((results) => results[0]?.host ?? []),
    items: looped ? { like: range(like), all: range(all) } : null,
    details: details(hosts.flat(), verbose),
  };
}

function range(numbers: readonly number[]): Range {
  return [Math.min(...numbers), Math.max(...numbers)];
}

function details(results: readonly ResultEvent[], verbose: boolean): Detail[] {
  const looped = new Set(results.flatMap(({ item }) => item ?? []));
  const telling = results.filter((result) => linesOf(result, verbose).length > 0 || result.diff);
  // First the hosts that say the same of an item, then the items that the same hosts say the same of.
  const perItem = [...groupBy(telling, (result) => key(result.item, linesOf(result, verbose), result.diff))];
  const told = perItem.map(([, same]) => ({ same, hosts: same.map(({ host }) => host).sort() }));
  const merged = groupBy(told, ({ same: [one], hosts }) => key(hosts, one ? linesOf(one, verbose) : [], one?.diff));
  return [...merged.values()].flatMap((alike) => {
    const one = alike[0]?.same[0];
    if (!one) return [];
    const items = alike.flatMap(({ same: [first] }) => first?.item ?? []);
    const everything = merged.size === 1 && items.length === looped.size;
    return {
      hosts: alike[0]?.hosts ?? [],
      items: looped.size === 0 || (everything && !verbose) ? 'all' : items,
      lines: linesOf(one, verbose),
      ...(one.diff ? { diff: one.diff } : {}),
    };
  });
}

const key = (...parts: readonly unknown[]): string => JSON.stringify(parts);

function linesOf({ status, changes, note, said, warnings = [], error, item }: ResultEvent, verbose: boolean): string[] {
  if (error) return [`${error.code} ${error.message}`];
  // Why something is not known is part of an honest check; the other notes are for who asks.
  const notes = note && (verbose || status === 'unknown') ? [note] : [];
  const seen = verbose && item !== undefined && changes.length + notes.length === 0 ? [status] : [];
  return [...changes, ...notes, ...(said ? [said] : []), ...warnings.map((warning) => `warning: ${warning}`), ...seen];
}
