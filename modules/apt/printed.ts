import type { Args } from './args.ts';

/** What a look printed: the rests of the lines that begin with a word. */
export type Lines = (kind: string) => readonly string[];

/** Entries that a report names; the rest is counted. */
const NAMED = 10;

export function shortened(entries: readonly string[]): readonly string[] {
  const more = entries.length - NAMED;
  return more > 0 ? [...entries.slice(0, NAMED), `and ${more} more`] : entries;
}

interface Offer {
  readonly candidate: string;
  /** The later ones first. */
  readonly versions: readonly string[];
}

export type Offers = ReadonlyMap<string, Offer>;

/** `apt-cache policy`: by package its candidate and the versions that there are. */
export function offersOf(lines: Lines): Offers {
  const offers = new Map<string, { candidate: string; versions: string[] }>();
  let current = { candidate: '', versions: [] as string[] };
  for (const line of lines('policy')) {
    const [, name] = /^(\S+):$/.exec(line) ?? [];
    if (name !== undefined) {
      current = { candidate: '', versions: [] };
      offers.set(name, current);
    }
    const [, candidate] = /^ {2}Candidate: (?!\(none\))(\S+)/.exec(line) ?? [];
    if (candidate !== undefined) current.candidate = candidate;
    const [, version] = /^ (?: {4}|\*\*\* )(\S+) -?\d+$/.exec(line) ?? [];
    if (version !== undefined) current.versions.push(version);
  }
  return offers;
}

interface Planned {
  readonly name: string;
  /** Empty for a package that is new. */
  readonly from: string;
  /** Empty for one that is removed. */
  readonly to: string;
}

/** A line of apt-get's simulations: `Inst foo [1.0] (1.1 Debian:12.5/stable [amd64])`, `Remv bar [2.0]`; null for another. */
export function planned(line: string): Planned | null {
  const [, what, name = '', from = '', to = ''] =
    /^(Inst|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/.exec(line) ?? [];
  return what === undefined ? null : { name, from, to: what === 'Inst' ? to : '' };
}

export function planOf(simulated: readonly string[]): string[] {
  return simulated.map((line) => {
    const { name, from, to } = planned(line) ?? {};
    if (name === undefined) return 'unknown until dpkg has finished';
    if (to === '') return `${name} ${from} is removed`;
    return from === '' ? `${name} ${to} is new` : `${name} ${from} → ${to}`;
  });
}

interface Deb {
  /** As the task names it. */
  readonly file: string;
  /** Empty when the file is not there or cannot be read; of one of the controller, when it was never installed here. */
  readonly name: string;
  readonly version: string;
}

export function debsOf(lines: Lines, { src }: Args): Deb[] {
  const contents = lines('of');
  return lines('deb').map((path, index) => {
    const [name = '', version = ''] = (contents[index] ?? '').split(' ');
    return { file: path === src?.sha256 ? src.path : path, name, version };
  });
}

/** The fields of hailbook's own files in `/etc/apt/preferences.d`, of each file in one text. */
export function pinsOf(lines: Lines): string[] {
  const text = lines('pin').join('\n');
  return [...text.matchAll(/^Package: (\S+)\nPin: version (\S+)\nPin-Priority: (-?\d+)$/gm)].map(
    ([, name, version, priority]) => `${name} ${version} ${priority}`,
  );
}

/** Of the package lists in seconds. */
export function ageOf(lines: Lines): number {
  const [refreshed = 0, now = 0] = (lines('lists')[0] ?? '').split(' ').map(Number);
  return refreshed > 0 ? now - refreshed : Number.POSITIVE_INFINITY;
}

/** Who holds a lock of apt or dpkg; asked only when something is not finished. */
export const busyWith = (lines: Lines): string => lines('busy').join('');

const DAY = 86_400;

export function notesOf(lines: Lines, given: Args): string[] {
  const [held, stale, spared] = [lines('held'), lines('stale'), lines('spared')].map((all) => all.join(', '));
  const age = ageOf(lines);
  const days = age === Number.POSITIVE_INFINITY ? 'of unknown age' : `${Math.floor(age / DAY)} days old`;
  return [
    busyWith(lines) !== '' && `another program is at work on packages: ${busyWith(lines)}`,
    lines('lists').length > 0 &&
      given.cache_valid_time === undefined &&
      age > DAY &&
      `the package lists are ${days}, so newer versions may not be known; cache_valid_time refreshes them`,
    given.upgrade !== undefined && held !== '' && `${held}: held, so not upgraded`,
    stale !== '' &&
      !given.restart_services &&
      `${stale}: still running from files that an upgrade has replaced; restart_services restarts them`,
    spared !== '' && `${spared}: still running from files that an upgrade has replaced; reboot the host when it suits`,
    lines('reboot').length > 0 && `the host asks for a reboot (${lines('reboot').join(', ') || 'no package is named'})`,
  ].filter((note) => note !== false);
}
