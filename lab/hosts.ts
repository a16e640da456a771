import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { inCgroup, removeCgroup } from './cgroup.ts';
import { attempt, command, lastLines } from './command.ts';
import { imageRoot } from './image.ts';
import { ADMIN, type LabHost } from './inventory.ts';
import { discardFolder, unmount } from './mounts.ts';
import { gateway, removeInterface, uplinkMtu } from './network.ts';
import { collectPackages, seedPackages } from './packages.ts';
import { endProcesses, processesWith, until } from './processes.ts';
import { type Place, replaceFile } from './state.ts';
import { parseSubnet } from './subnet.ts';

/** Seconds from power-on to a shell over SSH: 2 to 3 measured; a machine that is busy with other things may take longer. */
const BOOT_LIMIT = 90;
const SHUTDOWN_LIMIT = 20;

interface HostFolders {
  readonly folder: string;
  /** What the host has changed of its image. */
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  readonly console: string;
  /** Names the image under `upper`; written last, so a host without it is half-made. */
  readonly image: string;
}

function foldersOf(place: Place, name: string): HostFolders {
  const folder = join(place.hosts, name);
  const inside = (entry: string) => join(folder, entry);
  return {
    folder,
    upper: inside('upper'),
    work: inside('work'),
    root: inside('root'),
    console: inside('console.log'),
    image: inside('image'),
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

/** The argument by which a host's nspawn is known in the process table. */
function mark(place: Place, name: string): string {
  return `--directory=${foldersOf(place, name).root}`;
}

export function isUp(place: Place, name: string): boolean {
  return processesWith(mark(place, name)).length > 0;
}

export function imageOf(place: Place, name: string): string | undefined {
  const { image } = foldersOf(place, name);
  return existsSync(image) ? readFileSync(image, 'utf8').trim() : undefined;
}

/** Boots a host that is not running: from its own disk, or a fresh one when it has none on an image that is still there. */
export async function startHost(
  place: Place,
  host: LabHost,
  number: number,
  subnet: string,
  base: string,
): Promise<void> {
  if (isUp(place, host.name)) return;
  const folders = foldersOf(place, host.name);
  await clearRemains(place, host.name);
  await removeInterface(`vb-${place.bridge}-${number}`);
  const standing = imageOf(place, host.name);
  const keeps = standing !== undefined && existsSync(imageRoot(place, standing));
  if (!keeps) await discardDisk(place, host.name);
  for (const folder of [folders.upper, folders.work, folders.root]) mkdirSync(folder, { recursive: true });
  if (!keeps) seedPackages(place, folders.upper);

  const image = keeps ? standing : base;
  const layers = `lowerdir=${imageRoot(place, image)},upperdir=${folders.upper},workdir=${folders.work}`;
  await command(['mount', '-t', 'overlay', '-o', layers, 'overlay', folders.root]);
  if (!keeps) await giveIdentity(place, host, folders.root);
  await giveNetwork(folders.root, host, subnet);
  if (!keeps) replaceFile(folders.image, `${image}\n`);
  boot(place, host.name, number);
}

/** Asks hosts to power off, and ends those that do not; `hard`: at once, for disks that are thrown away anyway. */
export async function stopHosts(place: Place, names: readonly string[], hard = false): Promise<void> {
  await endProcesses(
    names.map((name) => mark(place, name)),
    hard ? 0 : SHUTDOWN_LIMIT,
  );
  for (const name of names) {
    await clearRemains(place, name);
    collectPackages(place, foldersOf(place, name).upper);
  }
}

/** Ends what a host leaves behind when its nspawn was killed: its processes, and its mounts. */
async function clearRemains(place: Place, name: string): Promise<void> {
  await removeCgroup(place, name);
  await unmount(foldersOf(place, name).root);
}

/** Throws a stopped host's disk away; what it downloaded and its SSH keys are kept elsewhere. */
export async function discardDisk(place: Place, name: string): Promise<void> {
  const { folder, image } = foldersOf(place, name);
  // The marker goes first, so that a half-deleted disk is never booted.
  rmSync(image, { force: true });
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

function boot(place: Place, name: string, number: number): void {
  const { console } = foldersOf(place, name);
  const log = openSync(console, 'w');
  const nspawn = [
    'systemd-nspawn',
    '--quiet',
    mark(place, name),
    // Its interface on this machine is named after it, and may have 15 characters.
    `--machine=${place.bridge}-${number}`,
    `--hostname=${name}`,
    '--boot',
    '--register=no',
    '--keep-unit',
    `--network-bridge=${place.bridge}`,
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    // No further capabilities: ufw works with nspawn's own set, to which a private network adds CAP_NET_ADMIN.
  ];
  // A process group of its own, and no terminal: it outlives the command that starts it.
  const [file, ...rest] = inCgroup(place, name);
  // nspawn's own lock on the folder would leave a file in /run for each host that is killed; the lab has its lock.
  const env = { ...process.env, SYSTEMD_NSPAWN_LOCK: '0' };
  spawn(file, [...rest, '/bin/sh', '-c', REBOOTING, 'host', ...nspawn], {
    detached: true,
    env,
    stdio: ['ignore', log, log],
  }).unref();
  closeSync(log);
}

/** With --keep-unit nspawn leaves a reboot to who started it, and says so by this exit code: systemd's units have it as RestartForceExitStatus. */
const REBOOTING = 'while :; do "$@"; [ $? = 133 ] || exit; done';

/**
 * Waits until one can log in as the administrator.
 * @throws HailbookError LAB_FAILED with what SSH said last and the end of the console
 */
export async function waitForLogin(place: Place, host: LabHost): Promise<void> {
  let said = '';
  const answered = await until(async () => {
    // While a host boots, sshd is there but pam_nologin still refuses: only a command that ran counts.
    const { code, stderr } = await attempt(['ssh', ...sshArguments(place, host), 'true']);
    said = stderr;
    return code === 0 || !isUp(place, host.name);
  }, BOOT_LIMIT);
  if (answered && isUp(place, host.name)) return;
  const { console } = foldersOf(place, host.name);
  const shown = existsSync(console) ? readFileSync(console, 'utf8') : '';
  throw new HailbookError(
    'LAB_FAILED',
    `${host.name} ${answered ? 'ended while it booted' : 'cannot be logged in to'}`,
    {
      hint: lastLines(`${said}\n${shown}`, 10),
    },
  );
}

/** Arguments for the `ssh` client that reach a host as the administrator, and nothing of the caller's own settings. */
export function sshArguments(place: Place, { address }: LabHost): string[] {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=3',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'LogLevel=ERROR',
  ];
  options.push(`UserKnownHostsFile=${place.knownHosts}`, 'GlobalKnownHostsFile=/dev/null');
  return ['-F', 'none', '-i', place.key, ...options.flatMap((option) => ['-o', option]), `${ADMIN}@${address}`];
}
