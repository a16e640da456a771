import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package, whether we run from its sources or from `dist/`. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** A playbook that the package brings along, as short as it can be written from here. */
export function bundledPlaybook(name: string): string {
  const path = join(packageFolder(), 'playbooks', name);
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

/**
 * The playbook files to load. A name that is not found here but that the package brings along (`playbooks/cluster.yml`) is taken
 * from the package, and `say` tells so; any other name is left for loading to complain about.
 */
export function findPlaybooks(names: readonly string[], say: (line: string) => void): string[] {
  return names.map((name) => {
    const bundled = join(packageFolder(), name);
    const ours = name.startsWith('playbooks/') && !name.split('/').includes('..');
    if (existsSync(name) || !ours || !existsSync(bundled)) return name;
    say(`playbook: ${bundled} (the one that hailbook brings along; there is no ${name} here)`);
    return bundled;
  });
}
