import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HailbookError } from '../errors.ts';
import type { Brought } from '../plan/contract.ts';
import type { Turn } from './turn.ts';

/**
 * Writes what a host sent to the controller's disk: whole or not at all, and readable by nobody else.
 * @throws HailbookError FETCH_FAILED
 */
export function bring(files: readonly Brought[], { context, host }: Turn): void {
  for (const { path, content } of files) {
    const other = context.brought.get(path);
    if (other && other !== host.name)
      throw new HailbookError('FETCH_FAILED', `${path} was fetched from ${other} already`, {
        hint: 'Name the host in the path: dest: "logs/{{ host.name }}.log"',
      });
    context.brought.set(path, host.name);
    const part = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(part, content, { mode: 0o600, flag: 'wx', flush: true });
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      const { message } = error as Error;
      throw new HailbookError('FETCH_FAILED', `${path} cannot be written: ${message}`, { cause: error });
    }
  }
}
