import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One file that the mirror serves. */
export interface MirrorFile {
  /** Below the mirror's top: `wheels/hail-0.2.139-py3-none-any.whl` */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What a mirror's folder holds; nothing else is served from it. */
export interface Manifest {
  readonly files: readonly MirrorFile[];
}

/** The manifest of what a folder holds now. */
export async function manifestOf(content: string): Promise<Manifest> {
  const files: MirrorFile[] = [];
  const paths = readdirSync(content, { recursive: true, encoding: 'utf8' }).sort();
  for (const path of paths) {
    const file = join(content, path);
    if (statSync(file).isFile()) files.push({ path, size: statSync(file).size, sha256: await hashOf(file) });
  }
  return { files };
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
}

/** The file that is not as the manifest says, or null when all are. Reads every byte: 1 GB takes about a second. */
export async function firstDamage(folder: string): Promise<string | null> {
  for (const { path, sha256 } of readManifest(folder).files) {
    const file = join(folder, path);
    if (!existsSync(file) || (await hashOf(file)) !== sha256) return path;
  }
  return null;
}

export async function hashOf(file: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
