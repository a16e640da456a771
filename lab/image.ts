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
import { basename, dirname, join } from 'node:path';
import {
  APT_FILES,
  APT_FOLDERS,
  type AptSource,
  aptSettings,
  CA_BUNDLE,
  filesIn,
  identityFiles,
  OWN_CERTIFICATES,
  sourcesOf,
} from './apt.ts';
import { BUILD, inCgroup } from './cgroup.ts';
import { command } from './command.ts';
import { ADMIN } from './inventory.ts';
import { discardFolder } from './mounts.ts';
import { ownRelease, releaseOf } from './release.ts';
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

/** The release of an image by its name; undefined when there is no such image. */
export function imageRelease(place: Place, name: string): string | undefined {
  return releaseOf(imageRoot(place, name));
}

/**
 * The name of the image that hosts of a release start from, which is made when this machine has none for its present apt sources.
 * @throws HailbookError LAB_FAILED
 */
export async function baseImage(place: Place, release: string, progress: (message: string) => void): Promise<string> {
  const sources = sourcesOf(release);
  const settings = aptSettings(await command(['apt-config', 'dump']), process.env);
  const hash = createHash('sha256').update(JSON.stringify([RECIPE, PACKAGES, MASKED, settings, process.arch]));
  for (const { path, text } of sources) hash.update(`\0${path}\0`).update(text);
  for (const path of identityFiles()) hash.update(`\0${path}\0`).update(readFileSync(path));
  const name = hash.digest('hex').slice(0, 16);
  if (existsSync(imageRoot(place, name))) return name;

  progress(`making the ${release} image with mmdebstrap (about half a minute, 250 MB)`);
  const partial = join(place.images, `${name}.partial`);
  const root = join(partial, 'root');
  await discardFolder(partial);
  mkdirSync(partial, { recursive: true });
  const handed = (file: string, text: string) => {
    writeFileSync(join(partial, file), text, { mode: 0o600 });
    return join(partial, file);
  };
  const settingsFile = handed('apt.conf', settings);
  const sourceFiles = sources.map(({ path, text }) => handed(basename(path), text));
  const include = `--include=${PACKAGES.join(',')}`;
  await command(
    ['mmdebstrap', '--mode=root', '--variant=minbase', include, `--aptopt=${settingsFile}`, '', root, ...sourceFiles],
    { env: { TMPDIR: partial }, through: [...inCgroup(place, BUILD), ...OWN_MOUNTS] },
  );
  await customise(root, release, sources, settings);
  // Only a finished image ever gets the name.
  renameSync(partial, join(place.images, name));
  return name;
}

/** Deletes the images that no host stands on, and what an interrupted command left. */
export async function pruneImages(place: Place, inUse: ReadonlySet<string>): Promise<void> {
  if (!existsSync(place.images)) return;
  for (const name of readdirSync(place.images)) if (!inUse.has(name)) await discardFolder(join(place.images, name));
}

async function customise(
  root: string,
  release: string,
  sources: readonly AptSource[],
  settings: string,
): Promise<void> {
  const inside = (path: string) => join(root, path);
  const write = (path: string, text: string, mode = 0o644) => {
    writeFileSync(inside(path), text);
    chmodSync(inside(path), mode);
  };
  const copy = (path: string) => {
    if (!existsSync(path)) return;
    mkdirSync(dirname(inside(path)), { recursive: true });
    // Another release's own keys are newer than what this machine has of them.
    const force = release === ownRelease() || path === CA_BUNDLE;
    cpSync(path, inside(path), { recursive: true, dereference: true, preserveTimestamps: true, force });
  };

  for (const part of filesIn(inside('/etc/apt/sources.list.d'))) rmSync(part);
  rmSync(inside('/etc/apt/sources.list'), { force: true });
  for (const { path, text } of sources) write(path, text, statSync(path).mode & 0o777);
  for (const path of [...APT_FILES, ...APT_FOLDERS, OWN_CERTIFICATES]) copy(path);
  rmSync(inside('/etc/apt/apt.conf.d/99mmdebstrap'), { force: true });
  write('/etc/apt/apt.conf.d/90lab', settings);

  await command(['chroot', root, 'update-ca-certificates']);
  copy(CA_BUNDLE);

  await command(['chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', ADMIN]);
  write(`/etc/sudoers.d/${ADMIN}`, `${ADMIN} ALL=(ALL:ALL) NOPASSWD: ALL\n`, 0o440);
  write('/etc/ssh/sshd_config.d/10-lab.conf', 'PermitRootLogin no\nPasswordAuthentication no\n');
  await command(['chroot', root, 'systemctl', 'enable', 'ssh.service', 'systemd-networkd.service']);
  await command(['chroot', root, 'systemctl', 'mask', 'console-getty.service', ...MASKED]);

  // What must differ between hosts: each gets its own when it is made.
  for (const key of filesIn(inside('/etc/ssh')).filter((path) => /ssh_host_/.test(path))) rmSync(key);
  rmSync(inside('/var/lib/dbus/machine-id'), { force: true });
  write('/etc/machine-id', '');
  rmSync(inside('/etc/resolv.conf'), { force: true });
}
