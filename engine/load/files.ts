import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { HailbookError, type Place } from '../errors.ts';
import type { Destination, Source, Tree } from '../plan/contract.ts';
import type { Scope } from '../plan/playbook.ts';
import { Secret } from '../plan/secret.ts';
import { compileTemplate, type Template } from './template.ts';
import { attempt, readTree } from './tree.ts';
import { readText } from './yaml.ts';

/** The files on the controller that arguments name, each read and compiled once. */
export class Files {
  readonly #contents = new Map<string, { readonly content: Uint8Array; readonly sha256: string }>();
  readonly #destinations = new Map<string, { readonly stamp: string; readonly sha256: string }>();
  readonly #trees = new Map<string, Tree>();
  readonly #templates = new Map<string, Template>();

  /** A file byte by byte. @throws HailbookError FILE_MISSING */
  bytes(path: string, written: string, from: Place): Source {
    let known = this.#contents.get(path);
    if (!known) {
      const content = readBytes(path, from);
      known = { content, sha256: sha256(content) };
      this.#contents.set(path, known);
    }
    return { path: written, ...known };
  }

  /** A place for a file, and what is there now. @throws HailbookError FILE_MISSING when it cannot be read */
  destination(path: string, from: Place): Destination {
    const there = statSync(path, { throwIfNoEntry: false });
    const stamp = there && `${there.ino} ${there.size} ${there.mtimeMs}`;
    if (stamp === undefined) return { path: resolve(path), sha256: null };
    const known = this.#destinations.get(path);
    const hash = known?.stamp === stamp ? known.sha256 : sha256(readBytes(path, from));
    this.#destinations.set(path, { stamp, sha256: hash });
    return { path: resolve(path), sha256: hash };
  }

  /** A file as `bytes` gives it, with its mode, or a folder. @throws HailbookError FILE_MISSING */
  path(path: string, written: string, from: Place): Source | Tree {
    let known = this.#trees.get(path);
    if (known) return { ...known, path: written };
    const stat = attempt(path, from, () => statSync(path));
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
    if (!stat.isDirectory()) return { ...this.bytes(path, written, from), mode };
    known = { path: written, mode, entries: readTree(path, from) };
    this.#trees.set(path, known);
    return known;
  }

  /** @throws HailbookError FILE_MISSING | TEMPLATE_INVALID | EXPRESSION_INVALID */
  template(path: string, from: Place): Template {
    const known = this.#templates.get(path);
    if (known) return known;
    const template = attributed(from, () => compileTemplate(path, (file) => readText(file, from)));
    this.#templates.set(path, template);
    return template;
  }

  /** A template's text for a scope. @throws Unknown, HailbookError */
  rendered(path: string, written: string, from: Place, scope: Scope): Source {
    const template = this.template(path, from);
    const content = attributed(from, () => template.render(scope));
    return { path: written, content, sha256: sha256(content instanceof Secret ? content.reveal() : content) };
  }
}

/** A path that a playbook names, from the playbook's folder. */
export const fromFolder = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** An error in a template says which task it was for. */
function attributed<T>(from: Place, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof HailbookError) || !error.place || error.place.file === from.file) throw error;
    const task = `used at ${from.file}:${from.line}`;
    const hint = error.hint ? `${error.hint} (${task})` : task;
    throw new HailbookError(error.code, error.message, { place: error.place, hint, cause: error });
  }
}

const readBytes = (path: string, from: Place): Uint8Array => attempt(path, from, () => readFileSync(path));

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
