import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { lastLines } from './command.ts';
import { buildContent, RECIPE } from './content.ts';
import { firstDamage } from './manifest.ts';
import { gateway, MIRROR_PORT } from './network.ts';
import { endProcesses, processesWith, until } from './processes.ts';
import type { Place } from './state.ts';

export function mirrorUrl(subnet: string): string {
  return `http://${gateway(subnet)}:${MIRROR_PORT}`;
}

/** The argument by which the mirror's process is known in the process table. */
function mark(place: Place): string {
  return `--folder=${contentFolder(place)}`;
}

function contentFolder(place: Place): string {
  return join(place.mirrors, createHash('sha256').update(JSON.stringify(RECIPE)).digest('hex').slice(0, 16));
}

export function isServing(place: Place): boolean {
  return processesWith(mark(place)).length > 0;
}

/**
 * Starts the mirror, unless it runs; makes its content first, unless it is there and whole.
 * @throws HailbookError LAB_FAILED
 */
export async function startMirror(
  place: Place,
  subnet: string,
  self: readonly string[],
  progress: (message: string) => void,
): Promise<void> {
  if (isServing(place)) return;
  const folder = contentFolder(place);
  if (existsSync(folder)) {
    const damage = await firstDamage(folder);
    if (damage !== null) {
      progress(`the mirror's ${damage} is damaged: making the mirror again`);
      rmSync(folder, { recursive: true });
    }
  }
  if (!existsSync(folder)) await buildContent(place, folder, progress);
  await serve(place, subnet, self);
}

async function serve(place: Place, subnet: string, [file, ...rest]: readonly string[]): Promise<void> {
  if (!file) throw new HailbookError('INTERNAL', 'the mirror needs the command that runs hailbook');
  mkdirSync(place.mirrors, { recursive: true });
  const path = join(place.mirrors, 'mirror.log');
  const log = openSync(path, 'w');
  const verb = ['lab', 'serve-mirror', mark(place), `--address=${gateway(subnet)}`, `--port=${MIRROR_PORT}`];
  spawn(file, [...rest, ...verb], { detached: true, stdio: ['ignore', log, log] }).unref();
  closeSync(log);
  const url = `${mirrorUrl(subnet)}/`;
  const answers = () =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  if (await until(answers, 20)) return;
  await stopMirror(place);
  throw new HailbookError('LAB_FAILED', `the mirror does not answer at ${url}`, {
    hint: lastLines(readFileSync(path, 'utf8'), 5),
  });
}

export async function stopMirror(place: Place): Promise<void> {
  await endProcesses([mark(place)], 5);
}
