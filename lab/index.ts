import { existsSync, rmSync } from 'node:fs';
import { HailbookError } from '../engine/errors.ts';
import { removeCgroup } from './cgroup.ts';
import { discardDisk, hostsOnDisk } from './disk.ts';
import { isUp, sshArguments, stopHosts } from './hosts.ts';
import { imageRelease } from './image.ts';
import { stopMirror } from './mirror.ts';
import { unmount } from './mounts.ts';
import { removeNetwork } from './network.ts';
import { type LabStatus, type Means, raise, statusOf } from './raise.ts';
import { asTurns } from './release.ts';
import { requireRoot } from './requirements.ts';
import { type Asked, settle } from './settle.ts';
import {
  disksFor,
  ownSize,
  removeSnapshot,
  type Snapshot,
  snapshotNamed,
  snapshots,
  takeSnapshot,
} from './snapshot.ts';
import { labPlace, locked, readRecord } from './state.ts';

export type { LabStatus } from './raise.ts';

/**
 * Raises the lab, or what of it is not running, and returns when every host can be logged in to.
 * @throws HailbookError LAB_REQUIREMENTS | LAB_CLASH | LAB_FAILED | USAGE
 */
export async function labUp(options: Asked & Means): Promise<LabStatus> {
  const place = labPlace();
  requireRoot();
  return locked(place, () => raise(place, settle(place, options), options));
}

/** What the hosts' fresh disks shall be: a release, or a snapshot with all that was on it; else they stay as they were raised. */
interface Afresh {
  readonly releases?: readonly string[] | undefined;
  readonly to?: string | undefined;
}

/**
 * Gives every host of the lab a fresh disk and boots it; names, addresses, SSH keys and downloaded packages stay. Set back
 * to a snapshot, the lab has the hosts that it had then.
 * @throws HailbookError LAB_DOWN | LAB_FAILED | USAGE
 */
export async function labReset({ releases, to, ...means }: Afresh & Means): Promise<LabStatus> {
  const place = labPlace();
  requireRoot();
  const record = readRecord(place);
  if (!record) throw down();
  const bases = to === undefined ? {} : snapshotNamed(place, to).hosts;
  return locked(place, async () => {
    means.progress('throwing the disks away');
    await stopHosts(place, record.hosts, true);
    const then = Object.keys(bases);
    await Promise.all([...new Set([...record.hosts, ...then])].map((name) => discardDisk(place, name)));
    const wanted = { ...record, ...(releases && { releases }) };
    if (then.length === 0) return raise(place, wanted, means);
    const taken = Object.values(bases).map(({ image }) => imageRelease(place, image) ?? '');
    return raise(place, { ...wanted, hosts: then, releases: asTurns(taken) }, means, bases);
  });
}

/** A snapshot, and the bytes that it has for itself. */
export type SnapshotStatus = Snapshot & { readonly bytes: number };

/**
 * Keeps the disks of all hosts as they are now, under a name. Hosts that run are powered off for it and boot again, so that
 * nothing is half-written; of a lab that is down the disks are taken as they lie.
 * @throws HailbookError USAGE | LAB_DOWN | LAB_FAILED
 */
export async function labSnapshot(name: string, means: Means): Promise<SnapshotStatus> {
  const place = labPlace();
  requireRoot();
  const snapshot = await locked(place, async () => {
    const disks = disksFor(place, name);
    means.progress('powering off');
    await stopHosts(place, [...disks.keys()]);
    const taken = takeSnapshot(place, name, disks);
    const record = readRecord(place);
    if (record) await raise(place, record, means);
    return taken;
  });
  return { ...snapshot, bytes: await ownSize(place, snapshot) };
}

/** The snapshots that there are, the oldest first. */
export async function labSnapshots(): Promise<SnapshotStatus[]> {
  const place = labPlace();
  requireRoot();
  return Promise.all(
    snapshots(place).map(async (snapshot) => ({ ...snapshot, bytes: await ownSize(place, snapshot) })),
  );
}

/** Forgets a snapshot; a host that stands on it keeps its disk. @throws HailbookError USAGE */
export async function labForget(name: string): Promise<void> {
  const place = labPlace();
  requireRoot();
  await locked(place, () => removeSnapshot(place, name));
}

/**
 * Takes the lab down: no process, mount, bridge, firewall rule or cgroup of it is left; disks and caches are.
 * @returns false when there was no lab
 */
export async function labDown({ progress }: Pick<Means, 'progress'>): Promise<boolean> {
  const place = labPlace();
  requireRoot();
  if (!existsSync(place.folder)) return false;
  return locked(place, async () => {
    const record = readRecord(place);
    progress('powering off');
    await stopMirror(place);
    await stopHosts(place, hostsOnDisk(place));
    // A build that is still running ends with its cgroup.
    await removeCgroup(place);
    await unmount(place.folder);
    await removeNetwork(place, record);
    for (const file of [place.inventory, place.knownHosts, place.record]) rmSync(file, { force: true });
    return record !== undefined;
  });
}

/** @throws HailbookError LAB_DOWN when no lab was raised */
export function labStatus(): LabStatus {
  requireRoot();
  const place = labPlace();
  const record = readRecord(place);
  if (!record) throw down();
  return statusOf(place, record);
}

/** The arguments of `ssh` that log in to a host of the lab. @throws HailbookError LAB_DOWN | USAGE */
export function labSsh(name: string): string[] {
  const place = labPlace();
  const host = labStatus().hosts.find((candidate) => candidate.name === name);
  if (!host) throw new HailbookError('USAGE', `the lab has no host "${name}"`, { hint: 'hailbook lab status' });
  if (!host.up) throw new HailbookError('LAB_DOWN', `${name} is not running`, { hint: 'hailbook lab up' });
  return sshArguments(place, host);
}

/** The inventory of the lab that runs on this machine: what is used while no other is named. */
export function labInventoryPath(): string | undefined {
  const place = labPlace();
  const record = readRecord(place);
  return record?.hosts.some((name) => isUp(place, name)) && existsSync(place.inventory) ? place.inventory : undefined;
}

function down(): HailbookError {
  return new HailbookError('LAB_DOWN', 'no lab is running', { hint: 'hailbook lab up' });
}
