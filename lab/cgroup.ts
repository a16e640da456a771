import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
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
