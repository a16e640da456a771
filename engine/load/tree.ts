import { createHash } from 'node:crypto';
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError, type Place } from '../errors.ts';
import type { TreeEntry } from '../plan/contract.ts';
import { missingFile } from './yaml.ts';

/** Everything in a folder of the controller, folders before what is in them. @throws HailbookError FILE_MISSING */
export function readTree(folder: string, from: Place): TreeEntry[] {
  return entriesIn(folder, '', from);
}

function entriesIn(root: string, inside: string, from: Place): TreeEntry[] {
  const folder = join(root, inside);
  const children = attempt(folder, from, () => readdirSync(folder, { withFileTypes: true }));
  // By code unit and not by locale, so that every controller sends the same.
  return children
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((child) => entriesOf(root, inside === '' ? child.name : `${inside}/${child.name}`, child, from));
}

function entriesOf(root: string, path: string, child: Dirent, from: Place): TreeEntry[] {
  const full = join(root, path);
  const refuse = (why: string): HailbookError =>
    new HailbookError('FILE_MISSING', `${full} cannot be copied: ${why}`, { place: from });
  // Node reads what is no UTF-8 as the replacement character, and would write another name.
  if (child.name.includes('\ufffd')) throw refuse('its name is not UTF-8');
  if (child.isSymbolicLink()) return [{ kind: 'link', path, target: attempt(full, from, () => readlinkSync(full)) }];
  const mode = attempt(full, from, () => lstatSync(full)).mode & 0o7777;
  const digits = mode.toString(8).padStart(4, '0');
  if (child.isDirectory()) return [{ kind: 'directory', path, mode: digits }, ...entriesIn(root, path, from)];
  if (!child.isFile()) throw refuse('it is neither a file, a folder nor a link');
  const content = attempt(full, from, () => readFileSync(full));
  return [{ kind: 'file', path, mode: digits, content, sha256: createHash('sha256').update(content).digest('hex') }];
}

/** What cannot be read is an error at the place that names it. */
export function attempt<T>(path: string, from: Place, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw missingFile(path, cause, from);
  }
}
