import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { Destination, Module, Output, Source, State, Tree, TreeEntry } from '../../engine/plan/contract.ts';
import { MASK, Secret } from '../../engine/plan/secret.ts';

/** One entry of a module's `cases.yaml`. Which kind it is follows from the keys: see the README beside this file. */
export interface Case {
  readonly name: string;
  readonly args?: Record<string, unknown>;
  /** The release that `stdout` and `output` were copied from. */
  readonly from?: string;
  /** What the probe printed. */
  readonly stdout?: string;
  readonly state?: State | null;
  readonly change?: null | 'create' | 'delete' | { readonly update: readonly string[] };
  readonly steps?: readonly (string | ExpectedStep)[] | undefined;
  /** What a person is told of the host. */
  readonly warnings?: readonly string[];
  /** The step with which the trial of the change begins and the script that keeps it; null: it is not on trial. */
  readonly trial?: readonly (string | ExpectedStep)[] | null;
  /** `parse` or `desired` refuses. */
  readonly error?: ExpectedError;
  /** The schema refuses `args`; the text is part of one of its ajv. */
  readonly invalid?: string;
  /** What a failed step left, and what `failure` makes of it (null: nothing). */
  readonly output?: Output;
  readonly failure?: ExpectedError | null;
  /** Actions: what the guard printed and whether that means done; what the steps left and what is made of it. */
  readonly guard?: { readonly stdout: string; readonly done: boolean } | null;
  readonly outputs?: readonly Output[];
  readonly result?: State;
  readonly changes?: boolean;
  /** Real runs with /bin/sh in a temp folder, one after the other. */
  readonly run?: readonly Phase[];
  readonly isolated?: boolean;
}

export interface ExpectedStep {
  readonly script: string;
  readonly stdin?: string | Secret | Uint8Array;
  readonly timeout?: number;
}

interface ExpectedError {
  readonly code: string;
  /** Part of the message. */
  readonly message?: string;
}

interface Phase {
  /** Over the case's own. */
  readonly args?: Record<string, unknown>;
  /** Shell script before: what a person or another task did. */
  readonly setup?: string;
  readonly expect: 'changed' | 'ok' | 'done' | 'already' | ExpectedError;
  /** Part of the state (or of the result) afterwards. */
  readonly state?: State;
  /** Shell script afterwards that must exit 0. */
  readonly after?: string;
}

const secretTag = { tag: '!secret', resolve: (text: string) => new Secret(text) };

export function loadCases(file: URL, placeholders: Record<string, string> = {}): Case[] {
  let text = readFileSync(file, 'utf8');
  for (const [name, value] of Object.entries(placeholders)) text = text.replaceAll(`{${name}}`, value);
  const cases = parse(text, { customTags: (tags) => [...tags, 'binary', secretTag] }) as Case[];
  for (const one of cases) {
    onlyKeys(one, CASE_KEYS, one.name);
    for (const phase of one.run ?? []) onlyKeys(phase, PHASE_KEYS, one.name);
  }
  return cases;
}

// A key that is misspelt would assert nothing, and nobody would see it.
const CASE_KEYS =
  'name args from stdout state change steps warnings trial error invalid output failure guard outputs result changes run isolated';
const PHASE_KEYS = 'args setup expect state after';

function onlyKeys(value: object, allowed: string, name: string): void {
  const wrong = Object.keys(value).filter((key) => !allowed.split(' ').includes(key));
  if (wrong.length > 0) throw new Error(`the case "${name}" has the unknown key ${wrong.join(', ')}`);
}

/** The arguments as the engine would give them: defaults filled in, files of the controller read. Or the schema's ajv. */
export function prepareArgs(
  module: Module,
  given: Record<string, unknown>,
): { args: Record<string, unknown> } | { invalid: string } {
  const validate = validatorOf(module);
  const written = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, asWritten(module, name, value)]),
  );
  if (!validate(written)) return { invalid: ajv.errorsText(validate.errors, { dataVar: module.name }) };
  const args = Object.entries(written).map(([name, value]) => [
    name,
    isContent(module, name) ? source(given[name]) : keepsItsForm(module, name, given) ? given[name] : value,
  ]);
  return { args: Object.fromEntries(args) };
}

const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: false });
const validators = new WeakMap<Module, ValidateFunction>();

function validatorOf(module: Module): ValidateFunction {
  const validate = validators.get(module) ?? ajv.compile({ ...module.args, additionalProperties: false });
  validators.set(module, validate);
  return validate;
}

const sourceOf = (module: Module, name: string): unknown =>
  (module.args.properties[name] as { 'x-source'?: unknown } | undefined)?.['x-source'];

const keepsItsForm = (module: Module, name: string, given: Record<string, unknown>): boolean =>
  Boolean(sourceOf(module, name)) || given[name] instanceof Secret;

const isContent = (module: Module, name: string): boolean =>
  ['file', 'template', 'path'].includes(String(sourceOf(module, name)));

/**
 * A case gives the content itself where a playbook gives a path, conditions as `{ text, holds }`, a destination as `{ path, sha256 }`;
 * of a secret only the type is judged.
 */
function asWritten(module: Module, name: string, value: unknown): unknown {
  if (isContent(module, name)) return `files/${name}`;
  if (sourceOf(module, name) === 'conditions') return Array.isArray(value) ? value.map(({ text }) => text) : value;
  if (sourceOf(module, name) === 'destination') return (value as Destination | null)?.path;
  if (value instanceof Secret && 'x-secret' in (module.args.properties[name] ?? {})) return MASK;
  return structuredCloneKeepingSecrets(value);
}

function structuredCloneKeepingSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneKeepingSecrets);
  if (value === null || typeof value !== 'object' || value instanceof Secret || value instanceof Uint8Array)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCloneKeepingSecrets(inner)]));
}

/**
 * A folder is a map of names to contents or maps; a name that ends in `*` is of an executable, one that ends in `@` of a link, as `ls -F`
 * has them.
 */
function source(content: unknown): Source | Tree {
  if (isFolder(content)) return { path: 'files/x', mode: '0755', entries: entriesOf(content, '') };
  const bytes = content instanceof Secret ? content.reveal() : (content as string | Uint8Array);
  return {
    path: 'files/x',
    content: content as Source['content'],
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mode: '0644',
  };
}

const isFolder = (content: unknown): content is Record<string, unknown> =>
  typeof content === 'object' && Object.getPrototypeOf(content) === Object.prototype;

function entriesOf(folder: Record<string, unknown>, inside: string): TreeEntry[] {
  return Object.entries(folder).flatMap(([name, content]): TreeEntry[] => {
    const path = inside + name.replace(/[*@]$/, '');
    if (isFolder(content)) return [{ kind: 'directory', path, mode: '0755' }, ...entriesOf(content, `${path}/`)];
    if (name.endsWith('@')) return [{ kind: 'link', path, target: String(content) }];
    const bytes = Buffer.from(content as string | Uint8Array);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return [{ kind: 'file', path, mode: name.endsWith('*') ? '0755' : '0644', content: bytes, sha256 }];
  });
}
