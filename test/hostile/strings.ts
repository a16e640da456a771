import type { Module } from '../../engine/plan/contract.ts';
import { loadCases, prepareArgs } from '../modules/cases.ts';

/** What a value may hold. Run as a command, or as a part of one, each of the first makes a file called `canary`. */
const TEXTS: Readonly<Record<string, string>> = {
  substitution: '$(touch canary)',
  backticks: '`touch canary`',
  'single quote': "'; touch canary; '",
  'double quote': '"; touch canary; "',
  separator: '; touch canary; #',
  'and, or': '&& touch canary || touch canary | touch canary',
  'line end': '\ntouch canary\n',
  'carriage return': 'a\r\ntouch canary\r\n',
  'leading dash': '-e touch canary',
  option: '--help',
  glob: '/*?[a-z]{a,b}~',
  redirection: '>canary <canary',
  backslash: 'back\\slash\\',
  format: '%s%n\\n\\0$IFS$PATH!!',
  expression: '{{ 1 + 1 }}<%= x %>#{x}',
  'non-ASCII': 'été 北京 \u202e\ufeff 😀',
  control: '\u001b]0;title\u0007\u001b[2J',
  NUL: 'a\0b',
  '100 kB': `long ${'x'.repeat(100_000)}`,
};

/** Where a text stands, so that a schema may let it pass: by itself, in what is usual, behind a value of the module's own cases. */
const PLACES: readonly ((text: string, usual: string) => string)[] = [
  (text) => text,
  (text) => `x${text}`,
  (text) => `/srv/values/${text.replaceAll('/', '∕')}`,
  (text) => `http://127.0.0.1:1/${text}`,
  (text, usual) => `${usual} ${text}`,
  (text, usual) => `${usual}${text}`,
];

/** So that nothing waits for what will not come. */
const IMPATIENT = { timeout: 1, retries: 0, every: 0.2, lock_timeout: 1, stable_seconds: 0, delay: 0, port: 1 };

/** A text in one string argument of a module, as arguments that its schema accepts; or that it accepts none. */
export interface Trial {
  readonly module: string;
  /** `json.field`, `names[]` */
  readonly argument: string;
  readonly text: string;
  readonly args: Record<string, unknown> | null;
}

/** Every string that the arguments of a module can hold, each with every text. */
export function* trialsOf(name: string, module: Module, tmp: string): Generator<Trial> {
  const bases = loadCases(new URL(`../../modules/${name}/cases.yaml`, import.meta.url), { tmp })
    .filter((one) => one.args && !one.invalid)
    .map((one) => calm(module, { ...one.args, ...one.run?.[0]?.args }));
  for (const path of stringsIn(module.args, [])) {
    for (const [text, value] of Object.entries(TEXTS)) {
      yield {
        module: name,
        argument: path.join('.').replaceAll('.[]', '[]'),
        text,
        args: accepted(module, bases, path, value),
      };
    }
  }
}

/** Arguments of a case without what would take long: no address that is far away, no patience. */
function calm(module: Module, args: Record<string, unknown>): Record<string, unknown> {
  const near: Record<string, unknown> = JSON.parse(
    JSON.stringify(args).replaceAll(/https?:\/\/[^"\\\s]*/g, 'http://127.0.0.1:1/x'),
  );
  const { properties } = module.args;
  // One of several that exclude each other is only changed where it stands.
  const impatient = Object.entries(IMPATIENT).filter(([name]) => name in (name === 'port' ? near : properties));
  return { ...near, ...Object.fromEntries(impatient) };
}

function accepted(
  module: Module,
  bases: readonly Record<string, unknown>[],
  path: readonly string[],
  text: string,
): Record<string, unknown> | null {
  // First those that have the argument: it may need others beside it.
  const ordered = [...bases].sort((a, b) => Number(has(b, path)) - Number(has(a, path)));
  for (const place of PLACES) {
    for (const base of ordered) {
      const args = put(base, path, (usual) => place(text, usual)) as Record<string, unknown>;
      try {
        if ('args' in prepareArgs(module, args)) return args;
      } catch {
        // A base that holds what JSON does not (bytes) is not one.
      }
    }
  }
  return null;
}

const has = (value: unknown, [key]: readonly string[]): boolean =>
  key !== undefined && value !== null && typeof value === 'object' && key in value;

function put(value: unknown, [key, ...rest]: readonly string[], text: (usual: string) => string): unknown {
  if (key === undefined) return text(typeof value === 'string' ? value : '');
  if (key === '[]') return [put(Array.isArray(value) ? value[0] : undefined, rest, text)];
  const map = value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
  return { ...map, [key === '*' ? 'NAME' : key]: put((map as Record<string, unknown>)[key], rest, text) };
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly 'x-source'?: string;
}

/** The paths of all strings in a schema; those of a fixed list are none. */
function* stringsIn(schema: Schema, path: readonly string[]): Generator<readonly string[]> {
  if (schema['x-source'] || schema.enum || 'const' in schema) return;
  // Whatever has no type takes a text, too.
  if (schema.type === 'string' || (!schema.type && !schema.anyOf && !schema.oneOf && path.length > 0)) yield path;
  const seen = new Set<string>();
  for (const choice of [...(schema.type ? [] : [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])])]) {
    for (const inner of stringsIn(choice, path)) {
      if (!seen.has(inner.join())) yield inner;
      seen.add(inner.join());
    }
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) yield* stringsIn(inner, [...path, name]);
  for (const inner of Object.values(schema.patternProperties ?? {})) yield* stringsIn(inner, [...path, '*']);
  if (typeof schema.additionalProperties === 'object') yield* stringsIn(schema.additionalProperties, [...path, '*']);
  if (schema.items) yield* stringsIn(schema.items, [...path, '[]']);
}
