import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
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

/** The command, wrapped so that it runs in a cgroup of its own. */
export function enterCgroup(place: Place, name: string, argv: readonly string[]): [string, ...string[]] {
  const files = hierarchies().map((hierarchy) => {
    const folder = join(hierarchy, place.bridge, name);
    mkdirSync(folder, { recursive: true });
    return join(folder, 'cgroup.procs');
  });
  // `$0` is the file list; a path of ours never holds a space.
  const script = 'for file in $0; do echo $$ > "$file"; done; exec "$@"';
  return ['/bin/sh', '-c', script, files.join(' '), ...argv];
}

/** Removes the lab's cgroups, which are empty once its processes have ended. */
export async function removeCgroups(place: Place): Promise<void> {
  for (const hierarchy of hierarchies()) await until(() => removed(join(hierarchy, place.bridge)), 5);
}

function removed(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch {
    // The kernel takes a moment to let go of a process that has ended.
    return false;
  }
}
