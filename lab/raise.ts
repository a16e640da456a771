import { existsSync, mkdirSync } from 'node:fs';
import { BUILD, removeCgroup } from './cgroup.ts';
import { command } from './command.ts';
import { type Base, hostsOnDisk, publicHostKeys } from './disk.ts';
import { isUp, startHost, stopHosts, waitForLogin } from './hosts.ts';
import { baseImage, pruneImages } from './image.ts';
import { hostsAt, inventoryText, knownHostsText, type LabHost } from './inventory.ts';
import { pruneLayers } from './layers.ts';
import { isServing, mirrorUrl, startMirror, stopMirror } from './mirror.ts';
import { checkSubnet, forwarding, raiseNetwork } from './network.ts';
import { inTurn } from './release.ts';
import { checkRequirements } from './requirements.ts';
import type { Wanted } from './settle.ts';
import { inUse } from './snapshot.ts';
import { type LabRecord, type Place, readRecord, replaceFile, writeRecord } from './state.ts';

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

/** How a lab is raised, whatever it shall be. */
export interface Means {
  /** Installs what this machine lacks. */
  readonly install?: boolean | undefined;
  /** The command that runs hailbook itself, for the mirror's process: `[node, dist/cli.js]`. */
  readonly self: readonly string[];
  readonly progress: (message: string) => void;
}

/** Raises what does not run; a host without a disk gets one on what `fresh` names for it, else on its release's image. */
export async function raise(
  place: Place,
  wanted: Wanted,
  { install, self, progress }: Means,
  fresh: Readonly<Record<string, Base>> = {},
): Promise<LabStatus> {
  await checkRequirements(wanted.mirror, install ?? false, progress);
  await checkSubnet(place, wanted.subnet);
  const before = readRecord(place);
  await removeCgroup(place, BUILD);
  const bases = await basesOf(place, wanted, fresh, progress);
  // Written before anything is raised, so that `down` finds what to put back even if this is cut short.
  const record: LabRecord = { ...wanted, ...forwarding(before) };
  writeRecord(place, record);
  if (!existsSync(place.key))
    await command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'hailbook-lab', '-f', place.key]);

  const others = hostsOnDisk(place).filter((name) => !record.hosts.includes(name));
  await stopHosts(place, others);
  await raiseNetwork(place, record.subnet);
  const hosts = bases.map(({ host }) => host);
  await writeKnownHosts(place, hosts);
  const stopped = record.hosts.filter((name) => !isUp(place, name));
  if (stopped.length > 0) progress(`booting ${stopped.join(', ')}`);
  mkdirSync(place.hosts, { recursive: true });
  await Promise.all(bases.map(({ host, base }, number) => startHost(place, host, number, record.subnet, base)));
  await Promise.all(hosts.map((host) => waitForLogin(place, host)));
  const needed = inUse(place);
  await pruneImages(place, new Set([...bases.map(({ base }) => base.image), ...needed.images]));
  await pruneLayers(place, needed.layers);

  if (record.mirror) await startMirror(place, record.subnet, self, progress);
  else await stopMirror(place);
  await removeCgroup(place, BUILD);
  const mirror = record.mirror ? { mirror: mirrorUrl(record.subnet) } : {};
  replaceFile(place.inventory, inventoryText({ hosts, key: place.key, knownHosts: place.knownHosts, ...mirror }));
  return statusOf(place, record);
}

/** The hosts, with what each would get a fresh disk on; images that are not there are made. */
async function basesOf(
  place: Place,
  { subnet, hosts, releases }: Wanted,
  fresh: Readonly<Record<string, Base>>,
  progress: (message: string) => void,
): Promise<{ host: LabHost; base: Base }[]> {
  const bases: { host: LabHost; base: Base }[] = [];
  for (const [number, host] of hostsAt(subnet, hosts).entries()) {
    const base = fresh[host.name];
    bases.push({
      host,
      base: base ?? { image: await baseImage(place, inTurn(releases, number), progress), layers: [] },
    });
  }
  return bases;
}

async function writeKnownHosts(place: Place, hosts: readonly LabHost[]): Promise<void> {
  const keyed = await Promise.all(
    hosts.map(async (host) => ({ ...host, publicKeys: await publicHostKeys(place, host.name) })),
  );
  replaceFile(place.knownHosts, knownHostsText(keyed));
}

export function statusOf(place: Place, record: LabRecord): LabStatus {
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
