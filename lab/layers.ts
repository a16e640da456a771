import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { discardFolder } from './mounts.ts';
import { ARCHIVES, seedPackages } from './packages.ts';
import type { Place } from './state.ts';

/** The folder of a layer: what a host had changed when a snapshot was taken, never written to again. */
export function layerFolder(place: Place, id: string): string {
  return join(place.layers, id);
}

/**
 * Copies what a host has changed into a layer of its own, and gives its name. Shared blocks where the file system can
 * (btrfs, xfs), copied ones elsewhere; never hard links, for a host writes its files in place. Only packages, which
 * apt never does that to, are linked from the pool.
 * @throws HailbookError LAB_FAILED, for example when the disk is full
 */
export async function copyLayer(place: Place, upper: string): Promise<string> {
  const id = randomBytes(8).toString('hex');
  const partial = `${layerFolder(place, id)}.partial`;
  mkdirSync(place.layers, { recursive: true });
  // As root `-a` keeps trusted.overlay.*: that a folder hides the image's one of the same name.
  await command(['cp', '-a', '--reflink=auto', upper, partial]);
  const archives = join(partial, ARCHIVES);
  for (const name of existsSync(archives) ? readdirSync(archives) : [])
    if (existsSync(join(place.packages, name))) rmSync(join(archives, name));
  if (existsSync(archives)) seedPackages(place, partial);
  renameSync(partial, layerFolder(place, id));
  return id;
}

/** Deletes the layers that neither a host nor a snapshot needs, and what an interrupted command left. */
export async function pruneLayers(place: Place, inUse: ReadonlySet<string>): Promise<void> {
  if (!existsSync(place.layers)) return;
  for (const id of readdirSync(place.layers)) if (!inUse.has(id)) await discardFolder(join(place.layers, id));
}

/** Bytes that layers take on the disk, without the packages that they share with the pool. */
export async function layersSize(place: Place, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const folders = ids.map((id) => layerFolder(place, id));
  const said = await command(['du', '--summarize', '--total', '--block-size=1', '--exclude=*.deb', ...folders]);
  return Number.parseInt(said.trimEnd().split('\n').at(-1) ?? '', 10);
}
