import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, HailbookError } from '../engine/errors.ts';
import { type Base, baseOf, hostsOnDisk, isWhole, sealDisk } from './disk.ts';
import { hostNames } from './inventory.ts';
import { layersSize, pruneLayers } from './layers.ts';
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
function checkName(name: string): void {
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
 * Makes the disks of hosts that are stopped a snapshot.
 * @throws HailbookError LAB_FAILED
 */
export function takeSnapshot(place: Place, name: string, disks: ReadonlyMap<string, Base>): Snapshot {
  const hosts: Record<string, Base> = {};
  for (const [host, base] of disks) hosts[host] = sealDisk(place, host, base);
  const snapshot = { name, taken: new Date().toISOString(), hosts };
  mkdirSync(place.snapshots, { recursive: true });
  replaceFile(join(place.snapshots, `${name}.json`), `${JSON.stringify(snapshot, null, 2)}\n`);
  return snapshot;
}

/**
 * The disks that a snapshot of that name would take, by their hosts; asked before anything is stopped for it.
 * @throws HailbookError USAGE | LAB_DOWN | LAB_FAILED when it cannot be taken
 */
export function disksFor(place: Place, name: string): Map<string, Base> {
  checkName(name);
  if (snapshots(place).some((snapshot) => snapshot.name === name))
    throw new HailbookError('USAGE', `there is a snapshot "${name}" already`, {
      hint: `hailbook lab snapshots --remove ${name}`,
    });
  const disks = new Map<string, Base>();
  for (const host of readRecord(place)?.hosts ?? hostNames(hostsOnDisk(place).length)) {
    const base = baseOf(place, host);
    if (base === undefined)
      throw new HailbookError('LAB_DOWN', `${host} has no disk to take`, { hint: 'hailbook lab up' });
    if (base.layers.length >= DEEPEST)
      throw new HailbookError('LAB_FAILED', `${host} stands on ${DEEPEST} snapshots, and a disk cannot have more`, {
        hint: 'hailbook lab reset   (or --to an early one)',
      });
    disks.set(host, base);
  }
  if (disks.size === 0) throw new HailbookError('LAB_DOWN', 'no lab was raised', { hint: 'hailbook lab up' });
  return disks;
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
