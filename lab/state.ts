import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { isRunning, startOf } from './processes.ts';
import { ownRelease } from './release.ts';

const DEFAULT_FOLDER = '/var/lib/hailbook-lab';

/** Where a lab keeps everything it has, and the names that it takes on this machine. All follow from the folder. */
export interface Place {
  readonly folder: string;
  /** The bridge; its name is also the comment on the lab's firewall rules and the name of its cgroup. */
  readonly bridge: string;
  readonly record: string;
  readonly inventory: string;
  readonly knownHosts: string;
  readonly key: string;
  readonly images: string;
  readonly layers: string;
  readonly snapshots: string;
  readonly hosts: string;
  readonly hostKeys: string;
  readonly packages: string;
  readonly mirrors: string;
}

/** What was asked for when the lab was raised, and what must be put back when it goes. */
export interface LabRecord {
  readonly subnet: string;
  readonly hosts: readonly string[];
  readonly mirror: boolean;
  /** The hosts take them in turn. */
  readonly releases: readonly string[];
  /** The machine's boot, and what /proc/sys/net/ipv4/ip_forward was in it before the lab came. */
  readonly boot: string;
  readonly ipForward: string;
}

/** The lab of this machine: in HAILBOOK_LAB_DIR, or in its usual folder. */
export function labPlace(folder: string = process.env.HAILBOOK_LAB_DIR || DEFAULT_FOLDER): Place {
  // The folder stands in overlay options and host key paths, which have no way to quote `:` and `,`.
  if (!/^\/[\w./-]+$/.test(folder))
    throw new HailbookError('USAGE', `HAILBOOK_LAB_DIR must be an absolute path of plain characters, not "${folder}"`);
  return {
    folder,
    // An interface name has at most 15 characters, and nspawn makes `vb-<bridge>-<number>` of it.
    bridge: `hb${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`,
    record: join(folder, 'lab.json'),
    inventory: join(folder, 'inventory.yml'),
    knownHosts: join(folder, 'known_hosts'),
    key: join(folder, 'id_ed25519'),
    images: join(folder, 'images'),
    layers: join(folder, 'layers'),
    snapshots: join(folder, 'snapshots'),
    hosts: join(folder, 'hosts'),
    hostKeys: join(folder, 'host-keys'),
    packages: join(folder, 'packages'),
    mirrors: join(folder, 'mirrors'),
  };
}

/** The record of the lab that was raised and not taken down; it may have died since. */
export function readRecord(place: Place): LabRecord | undefined {
  let text: string;
  try {
    text = readFileSync(place.record, 'utf8');
  } catch {
    return undefined;
  }
  // A lab that was raised before releases could be chosen has this machine's.
  return { releases: [ownRelease()], ...(JSON.parse(text) as Omit<LabRecord, 'releases'> & Partial<LabRecord>) };
}

export function writeRecord(place: Place, record: LabRecord): void {
  replaceFile(place.record, `${JSON.stringify(record, null, 2)}\n`);
}

/** Writes a file so that a reader sees the old text or the new one, never a part. */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  writeFileSync(`${path}.partial`, text, { mode });
  renameSync(`${path}.partial`, path);
}

/**
 * Does `work` while no other command changes this lab.
 * @throws HailbookError LAB_CLASH when another one is at it
 */
export async function locked<T>(place: Place, work: () => Promise<T>): Promise<T> {
  const lock = join(place.folder, 'lock');
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const own = `${process.pid} ${startOf(process.pid)}\n`;
  try {
    writeFileSync(lock, own, { flag: 'wx' });
  } catch {
    const [pid, start] = existsSync(lock) ? readFileSync(lock, 'utf8').trim().split(' ') : [];
    if (isRunning(Number(pid), start))
      throw new HailbookError('LAB_CLASH', `another command is changing the lab (process ${pid})`, {
        hint: 'Wait until it has finished.',
      });
    // The one who held it died.
    replaceFile(lock, own);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
