import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './state.ts';

const ARCHIVES = 'var/cache/apt/archives';

/**
 * Downloaded packages outlive the hosts: each host has a folder of its own, so that apt on one never waits for another's
 * lock, filled with hard links from one pool. apt writes a package to `partial/`, renames it and never changes it in place.
 */
export function seedPackages(place: Place, upper: string): void {
  if (!existsSync(place.packages)) return;
  mkdirSync(join(upper, ARCHIVES), { recursive: true });
  for (const name of readdirSync(place.packages)) share(join(place.packages, name), join(upper, ARCHIVES, name));
}

/** Takes what a host downloaded into the pool. */
export function collectPackages(place: Place, upper: string): void {
  const archives = join(upper, ARCHIVES);
  if (!existsSync(archives)) return;
  mkdirSync(place.packages, { recursive: true });
  for (const name of readdirSync(archives))
    if (name.endsWith('.deb')) share(join(archives, name), join(place.packages, name));
}

function share(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
