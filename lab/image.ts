import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BUILD, inCgroup } from './cgroup.ts';
import { command } from './command.ts';
import { discardFolder } from './mounts.ts';
import type { Place } from './state.ts';

/** Raise it when what `customise` does changes, so that images made by an older lab are not taken for current. */
const RECIPE = 1;

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'openssh-server',
  'sudo',
  'iproute2',
  'ca-certificates',
  'curl',
];

/** mmdebstrap mounts /dev, /proc and /sys of this machine in the new root: in a mount namespace they go when it is killed. */
const OWN_MOUNTS = ['unshare', '--mount', '--propagation', 'private'];

/** How apt on this machine reaches and trusts its sources: the hosts take it over. */
const APT_FOLDERS = ['/etc/apt/keyrings', '/etc/apt/trusted.gpg.d', '/etc/apt/auth.conf.d', '/usr/share/keyrings'];
const APT_FILES = ['/etc/apt/sources.list', '/etc/apt/trusted.gpg', '/etc/apt/auth.conf'];
const OWN_CERTIFICATES = '/usr/local/share/ca-certificates';
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Timers that would take apt's lock or write files in the middle of a run. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
];

/** The root folder of an image by its name. */
export function imageRoot(place: Place, name: string): string {
  return join(place.images, name, 'root');
}

/**
 * The name of the image that hosts start from, which is made when this machine has none for its present apt sources.
 * @throws HailbookError LAB_FAILED
 */
export async function baseImage(place: Place, progress: (message: string) => void): Promise<string> {
  const sources = sourceFiles();
  const settings = aptSettings(await command(['apt-config', 'dump']), process.env);
  const hash = createHash('sha256').update(JSON.stringify([RECIPE, PACKAGES, MASKED, settings, process.arch]));
  for (const path of [...sources, ...identityFiles()]) hash.update(`\0${path}\0`).update(readFileSync(path));
  const name = hash.digest('hex').slice(0, 16);
  if (existsSync(imageRoot(place, name))) return name;

  progress('making the base image with mmdebstrap (about half a minute, 250 MB)');
  const partial = join(place.images, `${name}.partial`);
  const root = join(partial, 'root');
  await discardFolder(partial);
  mkdirSync(partial, { recursive: true });
  const settingsFile = join(partial, 'apt.conf');
  writeFileSync(settingsFile, settings, { mode: 0o600 });
  const include = `--include=${PACKAGES.join(',')}`;
  await command(
    ['mmdebstrap', '--mode=root', '--variant=minbase', include, `--aptopt=${settingsFile}`, '', root, ...sources],
    { env: { TMPDIR: partial }, through: [...inCgroup(place, BUILD), ...OWN_MOUNTS] },
  );
  await customise(root, sources, settings);
  // Only a finished image ever gets the name.
  renameSync(partial, join(place.images, name));
  return name;
}

/** Deletes the images that no host stands on, and what an interrupted command left. */
export async function pruneImages(place: Place, inUse: ReadonlySet<string>): Promise<void> {
  if (!existsSync(place.images)) return;
  for (const name of readdirSync(place.images)) if (!inUse.has(name)) await discardFolder(join(place.images, name));
}

/** The apt source files of this machine that are in force. */
function sourceFiles(): string[] {
  const parts = filesIn('/etc/apt/sources.list.d').filter((path) => /\.(list|sources)$/.test(path));
  return ['/etc/apt/sources.list', ...parts].filter((path) => existsSync(path) && statSync(path).size > 0);
}

function identityFiles(): string[] {
  const certificates = [CA_BUNDLE, ...filesIn(OWN_CERTIFICATES)];
  return [...APT_FILES, ...APT_FOLDERS.flatMap(filesIn), ...certificates].filter((path) => existsSync(path));
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}

/**
 * How apt fetches on this machine (proxies, time-outs, certificate and date checks), as an apt.conf for hosts, from
 * `apt-config dump`. What is about looks of the machine, or cleans up downloads as container images do, stays here.
 */
export function aptSettings(dump: string, env: Readonly<Record<string, string | undefined>>): string {
  const kept = dump
    .split('\n')
    .filter((line) => /^Acquire::[^ ]+ ".+";$/.test(line))
    .filter((line) => !/^Acquire::(IndexTargets|Languages|Changelogs|GzipIndexes|CompressionTypes|cdrom)\b/i.test(line))
    // It names a program of this machine.
    .filter((line) => !/Proxy-Auto-?Detect/i.test(line));
  for (const scheme of ['http', 'https']) {
    const proxy = env[`${scheme}_proxy`];
    const known = kept.some((line) => line.toLowerCase().startsWith(`acquire::${scheme}::proxy `));
    if (proxy && !known) kept.push(`Acquire::${scheme}::Proxy "${proxy}";`);
  }
  return [
    ...kept,
    // `lab reset` gives the packages to the next hosts; `apt` would delete them, `apt-get` would not.
    'APT::Keep-Downloaded-Packages "true";',
    'Binary::apt::APT::Keep-Downloaded-Packages "true";',
    '',
  ].join('\n');
}

async function customise(root: string, sources: readonly string[], settings: string): Promise<void> {
  const inside = (path: string) => join(root, path);
  const write = (path: string, text: string, mode = 0o644) => {
    writeFileSync(inside(path), text);
    chmodSync(inside(path), mode);
  };
  const copy = (path: string) => {
    if (!existsSync(path)) return;
    mkdirSync(dirname(inside(path)), { recursive: true });
    cpSync(path, inside(path), { recursive: true, dereference: true, preserveTimestamps: true });
  };

  for (const part of filesIn(inside('/etc/apt/sources.list.d'))) rmSync(part);
  rmSync(inside('/etc/apt/sources.list'), { force: true });
  for (const path of [...sources, ...APT_FILES, ...APT_FOLDERS, OWN_CERTIFICATES]) copy(path);
  rmSync(inside('/etc/apt/apt.conf.d/99mmdebstrap'), { force: true });
  write('/etc/apt/apt.conf.d/90lab', settings);

  await command(['chroot', root, 'update-ca-certificates']);
  copy(CA_BUNDLE);

  await command(['chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', 'admin']);
  write('/etc/sudoers.d/admin', 'admin ALL=(ALL:ALL) NOPASSWD: ALL\n', 0o440);
  write('/etc/ssh/sshd_config.d/10-lab.conf', 'PermitRootLogin no\nPasswordAuthentication no\n');
  await command(['chroot', root, 'systemctl', 'enable', 'ssh.service', 'systemd-networkd.service']);
  await command(['chroot', root, 'systemctl', 'mask', 'console-getty.service', ...MASKED]);

  // What must differ between hosts: each gets its own when it is made.
  for (const key of filesIn(inside('/etc/ssh')).filter((path) => /ssh_host_/.test(path))) rmSync(key);
  rmSync(inside('/var/lib/dbus/machine-id'), { force: true });
  write('/etc/machine-id', '');
  rmSync(inside('/etc/resolv.conf'), { force: true });
}
