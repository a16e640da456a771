import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { HailbookError } from '../engine/errors.ts';
import { inCgroup, removeCgroup } from './cgroup.ts';
import { attempt, lastLines } from './command.ts';
import { type Base, foldersOf, mountDisk } from './disk.ts';
import { ADMIN, type LabHost } from './inventory.ts';
import { unmount } from './mounts.ts';
import { removeInterface } from './network.ts';
import { collectPackages } from './packages.ts';
import { endProcesses, processesWith, until } from './processes.ts';
import type { Place } from './state.ts';

/** Seconds from power-on to a shell over SSH: 2 to 3 measured; a machine that is busy with other things may take longer. */
const BOOT_LIMIT = 90;
const SHUTDOWN_LIMIT = 20;

/** The argument by which a host's nspawn is known in the process table. */
function mark(place: Place, name: string): string {
  return `--directory=${foldersOf(place, name).root}`;
}

export function isUp(place: Place, name: string): boolean {
  return processesWith(mark(place, name)).length > 0;
}

/** Boots a host that is not running: from its own disk, or a fresh one when it has none of which all is still there. */
export async function startHost(
  place: Place,
  host: LabHost,
  number: number,
  subnet: string,
  fresh: Base,
): Promise<void> {
  if (isUp(place, host.name)) return;
  await clearRemains(place, host.name);
  await removeInterface(`vb-${place.bridge}-${number}`);
  await mountDisk(place, host, subnet, fresh);
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
