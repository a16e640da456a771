import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { until } from './processes.ts';
import type { Place } from './state.ts';

const ROOT = '/sys/fs/cgroup';

/**
 * The tops of the hierarchies in which systemd keeps its units: one where cgroup v2 is alone, else those named here.
 * With --keep-unit nspawn stays in the cgroup it is started in, so two hosts that were started in the same one would
 * share `/system.slice/ssh.service`, and one's restart would disturb the other. Hence one for each.
 */
export function hierarchies(): string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return [ROOT];
  return ['systemd', 'unified']
    .map((name) => join(ROOT, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** The cgroup of commands that make an image or the mirror: ended with it when the command that started them died. */
export const BUILD = 'build';

/** What to write before a command so that it, and all that it starts, runs in a cgroup of its own. */
export function inCgroup(place: Place, name: string): [string, ...string[]] {
  const files = hierarchies().map((hierarchy) => {
    const folder = join(hierarchy, place.bridge, name);
    mkdirSync(folder, { recursive: true });
    return join(folder, 'cgroup.procs');
  });
  // `$0` is the file list; a path of ours never holds a space.
  const script = 'for file in $0; do echo $$ > "$file"; done; exec "$@"';
  return ['/bin/sh', '-c', script, files.join(' ')];
}

/**
 * Does `work` while every process of the lab's hosts stands still, all from the same moment on.
 * @throws HailbookError LAB_FAILED where control groups are too old for that
 */
export async function frozen<T>(place: Place, work: () => Promise<T>): Promise<T> {
  const [folder] = freezable(place);
  if (folder === undefined)
    throw new HailbookError('LAB_FAILED', 'hosts cannot stand still while they run: this machine has no cgroup v2', {
      hint: 'hailbook lab down, then again',
    });
  const leave = () => {
    thaw(place);
    process.exit(130);
  };
  for (const signal of LEAVING) process.once(signal, leave);
  try {
    writeFileSync(join(folder, 'cgroup.freeze'), '1');
    const still = () => /^frozen 1$/m.test(readFileSync(join(folder, 'cgroup.events'), 'utf8'));
    if (!(await until(still, 20))) throw new HailbookError('LAB_FAILED', `processes in ${folder} do not stand still`);
    return await work();
  } finally {
    thaw(place);
    for (const signal of LEAVING) process.off(signal, leave);
  }
}

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Lets the hosts go on, if they stand still. */
export function thaw(place: Place): void {
  for (const folder of freezable(place)) writeFileSync(join(folder, 'cgroup.freeze'), '0');
}

function freezable(place: Place): string[] {
  return hierarchies()
    .map((hierarchy) => join(hierarchy, place.bridge))
    .filter((folder) => existsSync(join(folder, 'cgroup.freeze')));
}

/**
 * Ends what still runs in the cgroup of a host (of the whole lab without a name), and removes it. After a kill -9 of
 * nspawn there is much to end: its host's systemd and sshd were seen to go on, reachable and writing to its disk.
 * @throws HailbookError LAB_FAILED when a process does not end
 */
export async function removeCgroup(place: Place, name = ''): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, place.bridge, name);
    if (!(await until(() => removed(folder), 10)))
      throw new HailbookError('LAB_FAILED', `processes in ${folder} do not end`);
  }
}

/** One attempt, the innermost first; false while there is something left. */
function removed(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      process.kill(Number(pid), 'SIGKILL');
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch {
    // EBUSY while an ended process is not gone yet, ENOENT or ESRCH when it just went.
    return false;
  }
}
