import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Module } from '../plan/contract.ts';
import { MASK, Secret } from '../plan/secret.ts';
import type { Schema } from './json-schema.ts';
import { isContainer } from './lens.ts';
import type { Path } from './located.ts';
import { inWords, type Mismatch, secretRefused } from './mismatch.ts';
import type { Partly } from './value.ts';

/** Checks a module's arguments against its schema. */
export interface ArgsSchema {
  /** The arguments with defaults filled in, or everything that does not fit. What lies at an unknown path is not judged. */
  check(args: Partly): { readonly args: Record<string, unknown>; readonly mismatches: readonly Mismatch[] };
}

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false });
const compiled = new WeakMap<object, ArgsSchema>();

/** A module's arguments as JSON Schema; an argument that no schema names is refused, at every depth. */
export function argsSchemaOf(module: Module): Schema {
  return closed(module.args as unknown as Schema);
}

export function argsSchema(module: Module): ArgsSchema {
  const known = compiled.get(module);
  if (known) return known;
  const schema = argsSchemaOf(module);
  const made = new CompiledSchema(module.name, schema, ajv.compile(schema));
  compiled.set(module, made);
  return made;
}

class CompiledSchema implements ArgsSchema {
  readonly #name: string;
  readonly #schema: Schema;
  readonly #validate: ValidateFunction;

  constructor(name: string, schema: Schema, validate: ValidateFunction) {
    this.#name = name;
    this.#schema = schema;
    this.#validate = validate;
  }

  check({ value, unknown }: Partly) {
    const secrets: { path: Path; secret: Secret }[] = [];
    const args = copy(value, [], secrets) as Record<string, unknown>;
    const masked = secrets.map(({ path }) => pointer(path));
    const errors = this.#validate(args) ? [] : judged(this.#validate.errors ?? [], unknown.map(pointer), masked);
    for (const { path, secret } of secrets) put(args, path, secret);
    const open = secrets.flatMap(({ path }) => secretRefused(path, this.#name, this.#schema) ?? []);
    return { args, mismatches: [...open, ...errors.map((error) => inWords(error, this.#name, this.#schema))] };
  }
}

/** Keywords that compare a value as a whole, so that one unknown part leaves them open. */
const WHOLE = new Set(['uniqueItems', 'contains', 'not', 'if', 'const', 'enum']);

/** The errors that count, and of a choice (`anyOf`) the one that helps. */
function judged(errors: readonly ErrorObject[], unknown: readonly string[], secrets: readonly string[]): ErrorObject[] {
  let live = errors.filter(({ instancePath, keyword }) => {
    if (unknown.some((path) => within(instancePath, path) || (WHOLE.has(keyword) && within(path, instancePath))))
      return false;
    // Of a secret only the type is judged: the words of any other mismatch would tell what is in it.
    return !secrets.includes(instancePath) || keyword === 'type' || keyword === 'anyOf' || keyword === 'oneOf';
  });
  const choices = live.filter(isChoice);
  for (const choice of choices.sort((a, b) => b.schemaPath.length - a.schemaPath.length)) {
    const inside = live.filter((error) => isUnder(error, choice));
    live = [...live.filter((error) => error !== choice && !inside.includes(error)), ...helpful(choice, inside)];
  }
  // A value's first mistake is enough: an empty text need not be told that it also has the wrong form.
  const ofKey = ({ keyword, parentSchema }: ErrorObject) =>
    keyword === 'required' || keyword === 'additionalProperties' || (parentSchema as Schema)['x-message'] !== undefined;
  return live.filter((error, index) => {
    const first = live.findIndex((other) => other.instancePath === error.instancePath && !ofKey(other));
    return ofKey(error) || first === index;
  });
}

const isChoice = ({ keyword }: ErrorObject) => keyword === 'anyOf' || keyword === 'oneOf';

/** Of a choice that nothing fits, the choice itself or the mistakes in the branch that was meant. */
function helpful(choice: ErrorObject, inside: readonly ErrorObject[]): readonly ErrorObject[] {
  const tooMany = Array.isArray(choice.params.passingSchemas);
  const branchOf = ({ schemaPath }: ErrorObject) => schemaPath.slice(choice.schemaPath.length + 1).split('/')[0];
  const failing = new Set(inside.map(branchOf));
  if (tooMany) return [choice];
  // Every mistake in one branch is where something is unknown: the value may fit.
  if (failing.size < (choice.schema as unknown[]).length) return [];
  if ((choice.parentSchema as Schema)['x-message']) return [choice];
  const misshapen = new Set(
    inside.filter((error) => error.instancePath === choice.instancePath && isShape(error)).map(branchOf),
  );
  const meant = [...failing].filter((branch) => !misshapen.has(branch));
  return meant.length === 1 ? inside.filter((error) => branchOf(error) === meant[0]) : [choice];
}

function isUnder(error: ErrorObject, choice: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${choice.schemaPath}/`) && within(error.instancePath, choice.instancePath);
}

/** Does this say that a value is of another shape, rather than that something in it is wrong? */
const isShape = ({ keyword }: ErrorObject) => keyword === 'type' || keyword === 'const' || keyword === 'enum';

const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`);

const pointer = (path: Path) =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A deep copy that defaults may be written into; a secret is replaced by its mask. */
function copy(value: unknown, path: Path, secrets: { path: Path; secret: Secret }[]): unknown {
  if (value instanceof Secret) {
    secrets.push({ path, secret: value });
    return MASK;
  }
  if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index], secrets));
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, [...path, key], secrets)]));
}

function put(target: unknown, path: Path, value: unknown): void {
  const [key, ...rest] = path;
  const map = target as Record<string | number, unknown>;
  if (key === undefined) return;
  if (rest.length === 0) map[key] = value;
  else put(map[key], rest, value);
}

function closed(schema: Schema): Schema {
  const inner = (part: Schema | undefined) => (part ? closed(part) : undefined);
  const properties =
    schema.properties &&
    Object.fromEntries(Object.entries(schema.properties).map(([key, part]) => [key, closed(part)]));
  return {
    ...schema,
    ...(properties ? { properties } : {}),
    // A part without a type is a condition on a map that is described elsewhere.
    ...(properties && schema.type === 'object' ? { additionalProperties: schema.additionalProperties ?? false } : {}),
    ...(schema.items ? { items: inner(schema.items) } : {}),
    ...(schema.anyOf ? { anyOf: schema.anyOf.map(closed) } : {}),
  } as Schema;
}
