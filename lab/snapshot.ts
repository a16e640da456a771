import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, HailbookError } from '../engine/errors.ts';
import { frozen } from './cgroup.ts';
import { type Base, baseOf, foldersOf, hostsOnDisk, isWhole } from './disk.ts';
import { isUp } from './hosts.ts';
import { hostNames } from './inventory.ts';
import { copyLayer, layersSize, pruneLayers } from './layers.ts';
import { collectPackages } from './packages.ts';
import { type Place, readRecord, replaceFile } from './state.ts';

/** The disks of all hosts as they were at one moment. */
export interface Snapshot {
  readonly name: string;
  /** ISO 8601. */
  readonly taken: string;
  /** What each host's disk is made of, in the lab's order of hosts. */
  readonly hosts: Readonly<Record<string, Base>>;
}

/** A disk is an overlay of its layers, and all their paths must fit one page of mount options. */
const DEEPEST = 30;

/** @throws HailbookError USAGE for a name that would not be a plain file name */
export function checkName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,39}$/i.test(name)) return;
  throw new HailbookError('USAGE', `"${name}" is no name for a snapshot`, {
    hint: 'Up to 40 letters, digits, `.`, `_` and `-`, a letter or digit first.',
  });
}

/** What there is, the oldest first. */
export function snapshots(place: Place): Snapshot[] {
  if (!existsSync(place.snapshots)) return [];
  return readdirSync(place.snapshots)
    .filter((file) => file.endsWith('.json'))
    .map((file): Snapshot => JSON.parse(readFileSync(join(place.snapshots, file), 'utf8')))
    .sort((a, b) => (a.taken < b.taken ? -1 : 1));
}

/** @throws HailbookError USAGE when there is none of that name */
export function snapshotNamed(place: Place, name: string): Snapshot {
  const all = snapshots(place);
  const found = all.find((snapshot) => snapshot.name === name);
  if (found && Object.values(found.hosts).every((base) => isWhole(place, base))) return found;
  if (found)
    throw new HailbookError('LAB_FAILED', `the image that the snapshot "${name}" stands on is gone`, {
      hint: `hailbook lab snapshots --remove ${name}`,
    });
  const names = all.map((snapshot) => snapshot.name);
  throw new HailbookError('USAGE', `there is no snapshot "${name}"${didYouMean(name, names)}`, {
    hint: names.length > 0 ? `There is ${names.join(', ')}.` : `None was taken: hailbook lab snapshot ${name}`,
  });
}

/**
 * Takes the disks of all hosts at one moment, for which the hosts that run stand still.
 * @throws HailbookError USAGE | LAB_DOWN | LAB_FAILED
 */
export async function takeSnapshot(place: Place, name: string, progress: (message: string) => void): Promise<Snapshot> {
  if (snapshots(place).some((snapshot) => snapshot.name === name))
    throw new HailbookError('USAGE', `there is a snapshot "${name}" already`, {
      hint: `hailbook lab snapshots --remove ${name}`,
    });
  const record = readRecord(place);
  const names = record?.hosts ?? hostNames(hostsOnDisk(place).length);
  const bases = names.map((host) => [host, baseOf(place, host)] as const);
  const standing = bases.filter((entry): entry is readonly [string, Base] => entry[1] !== undefined);
  if (standing.length === 0 || standing.length < names.length)
    throw new HailbookError('LAB_DOWN', 'there are no disks to take', { hint: 'hailbook lab up' });
  if (standing.some(([, base]) => base.layers.length >= DEEPEST))
    throw new HailbookError('LAB_FAILED', `the disks are ${DEEPEST} snapshots deep, and no deeper ones can be taken`, {
      hint: 'hailbook lab reset',
    });

  const uppers = names.map((host) => foldersOf(place, host).upper);
  for (const upper of uppers) collectPackages(place, upper);
  const copy = async () => {
    const made: string[] = [];
    for (const upper of uppers) made.push(await copyLayer(place, upper));
    return made;
  };
  progress(`copying what ${names.join(', ')} changed`);
  const taken = new Date().toISOString();
  const layers = names.some((host) => isUp(place, host)) ? await frozen(place, copy) : await copy();
  const hosts = standing.map(([host, { image, layers: below }], index) => {
    const layer = layers[index];
    return [host, { image, layers: layer === undefined ? below : [layer, ...below] }] as const;
  });
  const snapshot = { name, taken, hosts: Object.fromEntries(hosts) };
  mkdirSync(place.snapshots, { recursive: true });
  replaceFile(join(place.snapshots, `${name}.json`), `${JSON.stringify(snapshot, null, 2)}\n`);
  return snapshot;
}

/** Forgets a snapshot; what hosts or other snapshots stand on of it stays. @throws HailbookError USAGE */
export async function removeSnapshot(place: Place, name: string): Promise<void> {
  if (!snapshots(place).some((snapshot) => snapshot.name === name)) snapshotNamed(place, name);
  rmSync(join(place.snapshots, `${name}.json`));
  await pruneLayers(place, inUse(place).layers);
}

/** Bytes that a snapshot has for itself. */
export function ownSize(place: Place, { hosts }: Snapshot): Promise<number> {
  return layersSize(
    place,
    Object.values(hosts).flatMap(({ layers }) => layers.slice(0, 1)),
  );
}

/** The images and layers that a host's disk or a snapshot stands on. */
export function inUse(place: Place): { readonly images: ReadonlySet<string>; readonly layers: ReadonlySet<string> } {
  const disks = hostsOnDisk(place).flatMap((host) => baseOf(place, host) ?? []);
  const bases = [...disks, ...snapshots(place).flatMap(({ hosts }) => Object.values(hosts))];
  return { images: new Set(bases.map(({ image }) => image)), layers: new Set(bases.flatMap(({ layers }) => layers)) };
}
