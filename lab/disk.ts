import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { imageRelease, imageRoot } from './image.ts';
import { ADMIN, type LabHost } from './inventory.ts';
import { layerFolder } from './layers.ts';
import { discardFolder } from './mounts.ts';
import { gateway, uplinkMtu } from './network.ts';
import { seedPackages } from './packages.ts';
import { type Place, replaceFile } from './state.ts';
import { parseSubnet } from './subnet.ts';

/** What a host's own changes lie on: an image, and on it the layers of the snapshot that it was set back to, the newest first. */
export interface Base {
  readonly image: string;
  readonly layers: readonly string[];
}

interface HostFolders {
  readonly folder: string;
  /** What the host has changed of its image. */
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  readonly console: string;
  /** Names what is under `upper`, the image first; written last, so a host without it is half-made. */
  readonly base: string;
}

export function foldersOf(place: Place, name: string): HostFolders {
  const folder = join(place.hosts, name);
  const inside = (entry: string) => join(folder, entry);
  return {
    folder,
    upper: inside('upper'),
    work: inside('work'),
    root: inside('root'),
    console: inside('console.log'),
    base: inside('image'),
  };
}

/** Where what a host has changed of its image is found: for tests that compare. */
export function upperFolder(place: Place, name: string): string {
  return foldersOf(place, name).upper;
}

/** Every host that has a folder, running or not. */
export function hostsOnDisk(place: Place): string[] {
  return existsSync(place.hosts) ? readdirSync(place.hosts) : [];
}

/** What a host's disk stands on; undefined when it has none, or a half-made one. */
export function baseOf(place: Place, name: string): Base | undefined {
  const { base } = foldersOf(place, name);
  if (!existsSync(base)) return undefined;
  const [image = '', ...layers] = readFileSync(base, 'utf8').trim().split('\n');
  return { image, layers };
}

/**
 * Makes what a stopped host has changed so far a layer of its own, which nothing writes to again; from here on the host
 * changes what lies above. Moved, not copied: it takes no time and no room.
 */
export function sealDisk(place: Place, name: string, { image, layers }: Base): Base {
  const sealed = { image, layers: [randomBytes(8).toString('hex'), ...layers] };
  writeBase(place, name, sealed);
  finishSealing(place, name, sealed);
  return sealed;
}

/** The base is written first: when a command is killed before its newest layer is there, the next one moves it. */
function finishSealing(place: Place, name: string, { layers: [newest] }: Base): void {
  const { upper } = foldersOf(place, name);
  if (newest === undefined || existsSync(layerFolder(place, newest)) || !existsSync(upper)) return;
  mkdirSync(place.layers, { recursive: true });
  renameSync(upper, layerFolder(place, newest));
}

function writeBase(place: Place, name: string, { image, layers }: Base): void {
  replaceFile(foldersOf(place, name).base, `${[image, ...layers].join('\n')}\n`);
}

/** Whether everything that a disk stands on is still there. */
export function isWhole(place: Place, { image, layers }: Base): boolean {
  return existsSync(imageRoot(place, image)) && layers.every((layer) => existsSync(layerFolder(place, layer)));
}

/** The release of what a host has on its disk; undefined when it has none, or its image is gone. */
export function diskRelease(place: Place, name: string): string | undefined {
  const base = baseOf(place, name);
  return base && imageRelease(place, base.image);
}

/** Mounts a host's root: its own disk, or a fresh one on `fresh` when it has none of which all is still there. */
export async function mountDisk(place: Place, host: LabHost, subnet: string, fresh: Base): Promise<void> {
  const folders = foldersOf(place, host.name);
  const standing = baseOf(place, host.name);
  if (standing) finishSealing(place, host.name, standing);
  const keeps = standing !== undefined && isWhole(place, standing);
  if (!keeps) await discardDisk(place, host.name);
  for (const folder of [folders.upper, folders.work, folders.root]) mkdirSync(folder, { recursive: true });
  if (!keeps) seedPackages(place, folders.upper);

  const base = keeps ? standing : fresh;
  const { image, layers } = base;
  const lower = [...layers.map((layer) => layerFolder(place, layer)), imageRoot(place, image)].join(':');
  const options = `lowerdir=${lower},upperdir=${folders.upper},workdir=${folders.work}`;
  // By the new mount API, which util-linux 2.39 takes by itself, an option may have 256 characters only.
  const env = { LIBMOUNT_FORCE_MOUNT2: 'always' };
  await command(['mount', '-t', 'overlay', '-o', options, 'overlay', folders.root], { env });
  // What was set back to a snapshot is already somebody.
  if (!keeps && layers.length === 0) await giveIdentity(place, host, folders.root);
  await giveNetwork(folders.root, host, subnet);
  if (!keeps) writeBase(place, host.name, base);
}

/** Throws a stopped host's disk away; what it downloaded and its SSH keys are kept elsewhere. */
export async function discardDisk(place: Place, name: string): Promise<void> {
  const { folder, base } = foldersOf(place, name);
  // The marker goes first, so that a half-deleted disk is never booted.
  rmSync(base, { force: true });
  await discardFolder(folder);
}

/** What no two hosts may share: names, keys, machine-id. */
async function giveIdentity(place: Place, { name }: LabHost, root: string): Promise<void> {
  const inside = (path: string) => join(root, path);
  writeFileSync(inside('/etc/hostname'), `${name}\n`);
  // As Debian's installer leaves it: a trap for clusters that playbooks must deal with.
  writeFileSync(inside('/etc/hosts'), `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n`);
  writeFileSync(inside('/etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  await command(['cp', '-p', ...(await hostKeys(place, name)), inside('/etc/ssh/')]);
  const ssh = `/home/${ADMIN}/.ssh`;
  await command(['chroot', root, 'install', '-d', '-m', '0700', '-o', ADMIN, '-g', ADMIN, ssh]);
  writeFileSync(inside(`${ssh}/authorized_keys`), readFileSync(`${place.key}.pub`), { mode: 0o600 });
  await command(['chroot', root, 'chown', `${ADMIN}:`, `${ssh}/authorized_keys`]);
}

/** A host's SSH keys, made once: they outlive its disk, so known_hosts stays true over a reset. */
async function hostKeys(place: Place, name: string): Promise<string[]> {
  const prefix = join(place.hostKeys, name);
  const folder = join(prefix, 'etc/ssh');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Makes the types that are missing: after an interruption, too.
  await command(['ssh-keygen', '-q', '-A', '-f', prefix]);
  return readdirSync(folder).map((file) => join(folder, file));
}

export async function publicHostKeys(place: Place, name: string): Promise<string[]> {
  return (await hostKeys(place, name))
    .filter((path) => path.endsWith('.pub'))
    .map((path) => readFileSync(path, 'utf8'));
}

async function giveNetwork(root: string, { address }: LabHost, subnet: string): Promise<void> {
  const lines = ['[Match]', 'Name=host0', '', '[Link]', `MTUBytes=${await uplinkMtu()}`, '', '[Network]'];
  lines.push(`Address=${address}/${parseSubnet(subnet).prefix}`, `Gateway=${gateway(subnet)}`, 'IPv6AcceptRA=no', '');
  writeFileSync(join(root, 'etc/systemd/network/10-host0.network'), lines.join('\n'));
  // A stub resolver on this machine's loopback (systemd-resolved) does not answer hosts; what stands behind it does.
  const behindStub = '/run/systemd/resolve/resolv.conf';
  const own = readFileSync('/etc/resolv.conf', 'utf8');
  const usable = /^nameserver\s+127\./m.test(own) && existsSync(behindStub) ? readFileSync(behindStub, 'utf8') : own;
  writeFileSync(join(root, 'etc/resolv.conf'), usable);
}
