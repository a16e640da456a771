import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { hierarchies } from './cgroup.ts';
import { attempt, command } from './command.ts';

/** Debian's Python, not the first in PATH: the hosts have the same release, so its minor version is theirs. */
export const PYTHON = '/usr/bin/python3';

/** The packages that give the programs the lab calls. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  iptables: 'iptables',
  'iptables-save': 'iptables',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  mount: 'mount',
  tar: 'tar',
  gzip: 'gzip',
};

/** Something this machine lacks, and the command that mends it. */
interface Lack {
  readonly what: string;
  readonly mend: readonly (readonly [string, ...string[]])[];
}

/** What the lab lacks here; the mirror needs Python besides. */
async function lacks(mirror: boolean): Promise<Lack[]> {
  const missing = Object.entries(PROGRAMS).filter(([program]) => !inPath(program, process.env.PATH ?? ''));
  const packages = new Set(missing.map(([, name]) => name));
  if (mirror && (await attempt([PYTHON, '-c', 'import ensurepip, venv'])).code !== 0) packages.add('python3-venv');
  const found: Lack[] = [];
  if (packages.size > 0)
    found.push({
      what: `packages: ${[...packages].join(' ')}`,
      mend: [
        ['apt-get', 'update'],
        ['apt-get', 'install', '-y', '--no-install-recommends', ...packages],
      ],
    });
  if (hierarchies().length === 0)
    found.push({ what: 'control groups', mend: [['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup']] });
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n'))
    found.push({ what: 'the overlay file system', mend: [['modprobe', 'overlay']] });
  return found;
}

/**
 * Sees that the lab can work here; with `install` mends what is missing.
 * @throws HailbookError LAB_REQUIREMENTS with the one command that helps
 */
export async function checkRequirements(
  mirror: boolean,
  install: boolean,
  progress: (message: string) => void,
): Promise<void> {
  requireRoot();
  const found = await lacks(mirror);
  if (found.length === 0) return;
  const what = found.map((lack) => lack.what).join('; ');
  const mend = found.flatMap((lack) => lack.mend);
  if (!install)
    throw new HailbookError('LAB_REQUIREMENTS', `this machine lacks ${what}`, {
      hint: `${mend.map((argv) => argv.join(' ')).join(' && ')}   (hailbook lab up --install does it)`,
    });
  for (const argv of mend) {
    progress(argv.join(' '));
    await command(argv, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }
}

export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new HailbookError('LAB_REQUIREMENTS', 'the lab mounts file systems and makes a bridge: that takes root', {
    hint: 'Run it as root, for example: sudo hailbook lab up',
  });
}

/** Whether a program stands in one of the folders of `path` and can be run. */
export function inPath(program: string, path: string): boolean {
  return path.split(':').some((folder) => {
    const candidate = join(folder || '.', program);
    if (!existsSync(candidate)) return false;
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
