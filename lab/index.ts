import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { HailbookError } from '../engine/errors.ts';
import { BUILD, removeCgroup } from './cgroup.ts';
import { command } from './command.ts';
import {
  discardDisk,
  hostsOnDisk,
  imageOf,
  isUp,
  publicHostKeys,
  sshArguments,
  startHost,
  stopHosts,
  waitForLogin,
} from './hosts.ts';
import { baseImage, pruneImages } from './image.ts';
import { hostsAt, inventoryText, knownHostsText, type LabHost } from './inventory.ts';
import { isServing, mirrorUrl, startMirror, stopMirror } from './mirror.ts';
import { unmount } from './mounts.ts';
import { checkSubnet, forwarding, raiseNetwork, removeNetwork } from './network.ts';
import { inTurn } from './release.ts';
import { checkRequirements, requireRoot } from './requirements.ts';
import { type Asked, settle, type Wanted } from './settle.ts';
import { type LabRecord, labPlace, locked, type Place, readRecord, replaceFile, writeRecord } from './state.ts';

type Progress = (message: string) => void;

/** What a lab is asked to be, and how the work on it is shown. */
export interface LabOptions extends Asked {
  readonly install?: boolean | undefined;
  /** The command that runs hailbook itself, for the mirror's process: `[node, dist/cli.js]`. */
  readonly self: readonly string[];
  readonly progress: Progress;
}

interface HostStatus extends LabHost {
  readonly release: string;
  readonly up: boolean;
}

export interface LabStatus {
  readonly folder: string;
  readonly subnet: string;
  readonly bridge: string;
  readonly hosts: readonly HostStatus[];
  /** Where the mirror answers; undefined when the lab has none. */
  readonly mirror: { readonly url: string; readonly up: boolean } | undefined;
  readonly inventory: string;
  readonly knownHosts: string;
}

/**
 * Raises the lab, or what of it is not running, and returns when every host can be logged in to.
 * @throws HailbookError LAB_REQUIREMENTS | LAB_CLASH | LAB_FAILED | USAGE
 */
export async function labUp(options: LabOptions): Promise<LabStatus> {
  const place = labPlace();
  requireRoot();
  return locked(place, () => raise(place, settle(place, options), options));
}

/** Gives every host of the lab a fresh disk and boots it; names, addresses, SSH keys and downloaded packages stay. */
export async function labReset(options: Pick<LabOptions, 'self' | 'progress' | 'releases'>): Promise<LabStatus> {
  const place = labPlace();
  requireRoot();
  const record = readRecord(place);
  if (!record) throw down();
  return locked(place, async () => {
    options.progress('throwing the disks away');
    await stopHosts(place, record.hosts, true);
    await Promise.all(record.hosts.map((name) => discardDisk(place, name)));
    return raise(place, { ...record, releases: options.releases ?? record.releases }, options);
  });
}

/**
 * Takes the lab down: no process, mount, bridge, firewall rule or cgroup of it is left; disks and caches are.
 * @returns false when there was no lab
 */
export async function labDown({ progress }: Pick<LabOptions, 'progress'>): Promise<boolean> {
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

async function raise(
  place: Place,
  wanted: Wanted,
  { install, self, progress }: Pick<LabOptions, 'install' | 'self' | 'progress'>,
): Promise<LabStatus> {
  await checkRequirements(wanted.mirror, install ?? false, progress);
  await checkSubnet(place, wanted.subnet);
  const before = readRecord(place);
  await removeCgroup(place, BUILD);
  const bases: string[] = [];
  for (const release of wanted.releases) bases.push(await baseImage(place, release, progress));
  // Written before anything is raised, so that `down` finds what to put back even if this is cut short.
  const record: LabRecord = { ...wanted, ...forwarding(before) };
  writeRecord(place, record);
  if (!existsSync(place.key))
    await command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'hailbook-lab', '-f', place.key]);

  await stopHosts(
    place,
    hostsOnDisk(place).filter((name) => !record.hosts.includes(name)),
  );
  await raiseNetwork(place, record.subnet);
  const hosts = hostsAt(record.subnet, record.hosts);
  const keyed = await Promise.all(
    hosts.map(async (host) => ({ ...host, publicKeys: await publicHostKeys(place, host.name) })),
  );
  replaceFile(place.knownHosts, knownHostsText(keyed));

  const stopped = record.hosts.filter((name) => !isUp(place, name));
  if (stopped.length > 0) progress(`booting ${stopped.join(', ')}`);
  mkdirSync(place.hosts, { recursive: true });
  await Promise.all(hosts.map((host, number) => startHost(place, host, number, record.subnet, inTurn(bases, number))));
  await Promise.all(hosts.map((host) => waitForLogin(place, host)));
  await pruneImages(place, new Set([...bases, ...hostsOnDisk(place).flatMap((name) => imageOf(place, name) ?? [])]));

  if (record.mirror) await startMirror(place, record.subnet, self, progress);
  else await stopMirror(place);
  await removeCgroup(place, BUILD);
  const mirror = record.mirror ? { mirror: mirrorUrl(record.subnet) } : {};
  replaceFile(place.inventory, inventoryText({ hosts, key: place.key, knownHosts: place.knownHosts, ...mirror }));
  return statusOf(place, record);
}

function statusOf(place: Place, record: LabRecord): LabStatus {
  return {
    folder: place.folder,
    subnet: record.subnet,
    bridge: place.bridge,
    hosts: hostsAt(record.subnet, record.hosts).map((host, number) => ({
      ...host,
      release: inTurn(record.releases, number),
      up: isUp(place, host.name),
    })),
    mirror: record.mirror ? { url: mirrorUrl(record.subnet), up: isServing(place) } : undefined,
    inventory: place.inventory,
    knownHosts: place.knownHosts,
  };
}
