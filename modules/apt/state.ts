import { HailbookError } from '../../engine/errors.ts';
import type { Args } from './args.ts';
import {
  ageOf,
  busyWith,
  debsOf,
  type Lines,
  notesOf,
  type Offers,
  offersOf,
  pinsOf,
  planned,
  planOf,
  shortened,
} from './printed.ts';
import { compareVersions, satisfies, type Wanted, wanted } from './version.ts';

export type Packages = {
  /** Of each item the package that is installed, in the order of the items. */
  readonly packages: readonly string[];
  /** The same as `name=version`. */
  readonly versions: readonly string[];
  /** Items of which nothing is installed: a name, or alternatives as `a | b`. */
  readonly missing: readonly string[];
  /** Items of which another version is installed: `foo=1.2* (1.3-1)`. */
  readonly other_version: readonly string[];
  /** With `latest`: `foo 1.2 → 1.3`. */
  readonly outdated: readonly string[];
  /** Of `packages`: those that are held, and those that are not. */
  readonly held: readonly string[];
  readonly not_held: readonly string[];
  /** Of `packages`: those that came along with others, and would go with them. */
  readonly automatic: readonly string[];
  /** hailbook's own pins of the packages that are named: `foo 1.2* 1001`. */
  readonly pins: readonly string[];
  /** Package files that are not installed in the version that they have. */
  readonly missing_debs: readonly string[];
  /** What dpkg left in the middle: packages, or `dpkg` itself. */
  readonly unfinished: readonly string[];
  /** What `upgrade` would do. */
  readonly upgradable: readonly string[];
  /** What `autoremove` would remove. */
  readonly unneeded: readonly string[];
  /** The package lists are as fresh as `cache_valid_time` wants them. */
  readonly fresh: boolean;
  /** With `clean`: downloaded package files. */
  readonly archives: readonly string[];
  /** Services that use files which an upgrade has replaced. */
  readonly outdated_services: readonly string[];
  /** What the task must not do unless it is told that it may. */
  readonly refused: readonly string[];
  /** What a person should know besides. */
  readonly notes: readonly string[];
};

/** What dpkg knows of a package. */
interface Known {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly held: boolean;
}

export type Item = string | readonly string[];
export const alternatives = (item: Item): readonly string[] => [item].flat();
export const nameOf = (item: Item): string => alternatives(item).join(' | ');

export function parse(stdout: string, given: Args): Packages {
  const all = stdout.split('\n');
  const lines: Lines = (kind) =>
    all.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
  const known = knownPackages(lines);
  const judged = given.state === 'absent' ? [] : (given.names ?? []).map((item) => judge(item, known));
  const there = given.state === 'absent' ? leftOver(given, known) : judged.flatMap(({ found }) => found ?? []);
  const others = judged.filter(({ found, fits }) => found && !fits);
  const newer = given.state === 'latest' ? outdated(judged, offersOf(lines)) : [];
  const debs = debsOf(lines, given).filter(({ name, version }) => !isInstalled(known.get(name), version));
  const offers = offersOf(lines);
  const changes = [
    // Which of several alternatives it will be is apt's to say.
    ...judged
      .filter(({ item, fits }) => !fits && alternatives(item).length === 1)
      .map(({ asked }) => exactly(asked, offers)),
    ...newer,
    ...debs.map(({ name, version }) => ({ name, to: version })),
  ];
  return {
    packages: there.map(({ name }) => name),
    versions: there.map(({ name, version }) => `${name}=${version}`),
    missing: judged.filter(({ found }) => !found).map(({ item }) => nameOf(item)),
    other_version: others.map(({ item, found }) => `${nameOf(item)} (${found?.version})`),
    outdated: newer.map(({ name, from, to }) => `${name} ${from} → ${to}`),
    held: there.filter(({ held }) => held).map(({ name }) => name),
    not_held: there.filter(({ held }) => !held).map(({ name }) => name),
    automatic: there.filter(({ name }) => lines('automatic').includes(name)).map(({ name }) => name),
    pins: pinsOf(lines),
    missing_debs: debs.map(({ file, name, version }) => (name === '' ? file : `${file} (${name} ${version})`)),
    // Who is at work has not been interrupted.
    unfinished: busyWith(lines) === '' ? shortened(lines('unfinished')) : [],
    upgradable: shortened(planOf(lines('upgrade'))),
    unneeded: shortened(planOf(lines('unneeded'))),
    fresh: given.cache_valid_time === undefined || ageOf(lines) < given.cache_valid_time,
    archives: shortened(lines('archive')),
    outdated_services: lines('stale'),
    refused: [
      ...changes.flatMap(({ name, to }) => objections(known.get(name), to, given)),
      ...downgradesOf(lines, given),
      ...(given.state === 'absent' ? removalsOf(lines, there, given) : []),
    ],
    notes: notesOf(lines, given),
  };
}

/** By `name` for a package of the host's own architecture or of all, and by `name:architecture`. */
function knownPackages(lines: Lines): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  const rows = lines('has').map((line) => line.split(' '));
  const native = rows.find((row) => row[3] === 'dpkg')?.[4];
  if (native === undefined) throw new HailbookError('PROBE_FAILED', 'dpkg does not know itself: is this a Debian?');
  for (const [want, , status = '', name = '', architecture = '', version = ''] of rows) {
    // What is not installed has no architecture.
    const own = [native, 'all', ''].includes(architecture);
    for (const key of [`${name}:${architecture}`, ...(own ? [name, `${name}:${native}`] : [])]) {
      known.set(key, { name: key, version, status, held: want === 'hold' });
    }
  }
  return known;
}

const isInstalled = (known: Known | undefined, version?: string): known is Known =>
  known?.status === 'installed' && (version === undefined || known.version === version);

/** What is there of an item: the first alternative that is as wanted, else the first that is installed at all. */
interface Judged {
  readonly item: Item;
  readonly found?: Known;
  readonly fits: boolean;
  /** Of the alternative that was found. */
  readonly asked: Wanted;
}

function judge(item: Item, known: ReadonlyMap<string, Known>): Judged {
  const there = alternatives(item)
    .map(wanted)
    .flatMap((asked) => {
      const found = known.get(asked.name);
      return isInstalled(found) ? [{ item, found, fits: satisfies(found.version, asked), asked }] : [];
    });
  return (
    there.find(({ fits }) => fits) ?? there[0] ?? { item, fits: false, asked: wanted(alternatives(item)[0] ?? '') }
  );
}

/** Of what must be absent; with `purge` also what only has configuration files. */
const leftOver = ({ names = [], purge }: Args, known: ReadonlyMap<string, Known>): Known[] =>
  names.flat().flatMap((name) => {
    const found = known.get(name);
    return found && ['installed', purge ? 'config-files' : ''].includes(found.status) ? [found] : [];
  });

/** The version that a package gets; empty where only apt knows it. */
function exactly({ name, relation, version }: Wanted, offers: Offers): { name: string; to: string } {
  if (relation !== '=') return { name, to: '' };
  if (!version.includes('*')) return { name, to: version };
  return { name, to: offers.get(name)?.versions.find((one) => satisfies(one, { name, relation, version })) ?? '' };
}

interface Newer {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

function outdated(judged: readonly Judged[], offers: Offers): Newer[] {
  return judged.flatMap(({ found, asked }) => {
    const to = asked.relation === '=' ? exactly(asked, offers).to : offers.get(asked.name)?.candidate;
    return found && to && to !== found.version ? [{ name: found.name, from: found.version, to }] : [];
  });
}

/** Why the package may not get that version; an empty one is known only to apt. */
function objections(found: Known | undefined, to: string, given: Args): string[] {
  if (!found) return [];
  const { name, version, held, status } = found;
  // What dpkg left unpacked is installed as soon as it has finished.
  const there = !['not-installed', 'config-files', 'half-installed'].includes(status);
  if (held && given.hold !== false && !given.allow_change_held_packages)
    return [`${name} is held${there ? ` at ${version}` : ', so that it is not installed'}`];
  const down = there && to !== '' && compareVersions(to, version) < 0 && !given.allow_downgrade;
  return down ? [`${name} ${version} would be downgraded to ${to}`] : [];
}

/** With `upgrade`, because of a pin. */
const downgradesOf = (lines: Lines, { allow_downgrade }: Args): string[] =>
  lines('upgrade')
    .flatMap((line) => planned(line) ?? [])
    .flatMap(({ name, from, to }) =>
      from && to && !allow_downgrade && compareVersions(to, from) < 0
        ? [`${name} ${from} would be downgraded to ${to}`]
        : [],
    );

function removalsOf(lines: Lines, there: readonly Known[], { names = [], allow_change_held_packages }: Args): string[] {
  const named = new Set(names.flat().map((name) => name.replace(/:.*/, '')));
  const others = lines('removal')
    .flatMap((line) => planned(line)?.name ?? [])
    .map((name) => name.replace(/:.*/, ''))
    .filter((name) => !named.has(name));
  const held = there.filter((one) => one.held && !allow_change_held_packages);
  return [
    ...held.map(({ name, version }) => `${name} is held at ${version}`),
    ...(others.length > 0 ? [`other packages would be removed too: ${[...new Set(others)].join(' ')}`] : []),
    ...(held.length > 0 ? [] : lines('removal').flatMap((line) => /^Stuck (.*)$/.exec(line)?.[1] ?? [])),
  ];
}
