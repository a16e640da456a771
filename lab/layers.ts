import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { discardFolder } from './mounts.ts';
import type { Place } from './state.ts';

/** The folder of a layer: what a host had changed when a snapshot was taken, never written to again. */
export function layerFolder(place: Place, id: string): string {
  return join(place.layers, id);
}

/** Deletes the layers that neither a host nor a snapshot needs. */
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
