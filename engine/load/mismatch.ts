import { didYouMean } from '../errors.ts';
import { MASK } from '../plan/secret.ts';
import type { Schema } from './json-schema.ts';
import type { Path } from './located.ts';

/** What does not fit, in words; `path` leads to it, to its key when the key itself is the mistake. */
export interface Mismatch {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
}

/** What ajv says of one thing that does not fit. */
interface Mistake {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  readonly schema?: unknown;
  readonly parentSchema?: object;
}

/** A mistake in a module's arguments as one line for the person who wrote them: `user.shel: unknown argument; did you mean "shell"?` */
export function inWords(mistake: Mistake, module: string, root: Schema): Mismatch {
  const path = pathOf(mistake.instancePath);
  const schema = (mistake.parentSchema ?? {}) as Schema;
  const { params, data, keyword } = mistake;
  const value = (message: string, hint?: string): Mismatch => ({
    path,
    at: 'value',
    message: `${dotted(module, path)}: ${message}`,
    ...(hint ? { hint } : {}),
  });
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const guess = didYouMean(key, Object.keys(schema.properties ?? {}));
      return {
        path: [...path, key],
        at: 'key',
        message: `${dotted(module, [...path, key])}: unknown argument${guess}`,
      };
    }
    case 'required': {
      const key = String(params.missingProperty);
      const missing = schema.properties?.[key];
      const choices = missing?.enum ? ` (${describe(missing)})` : '';
      const hint = missing?.description && `${missing.description}${choices}`;
      const message = `${dotted(module, [...path, key])}: is missing`;
      return { path, at: 'key', message, ...(hint ? { hint: `${key}: ${hint}` } : {}) };
    }
    case 'type':
      return value(`must be ${describe(schema)}, not ${show(data)}`, remedy(schema, data));
    case 'const':
      return value(`must be ${JSON.stringify(params.allowedValue)}, not ${show(data)}`);
    case 'enum':
    case 'anyOf':
    case 'oneOf':
      if (schema['x-message']) return { ...value(schema['x-message']), at: 'key' };
      if (params.passingSchemas) return value('fits more than one of its choices');
      return refused(schema, data, value);
    case 'pattern':
      return value(
        `${show(data)} does not look as it must (${params.pattern})`,
        schema.description ?? root.description,
      );
    case 'minLength':
      return value(params.limit === 1 ? 'must not be empty' : `must have at least ${params.limit} characters`);
    case 'maxLength':
      return value(`must have at most ${params.limit} characters`);
    case 'minItems':
      return value(params.limit === 1 ? 'must not be empty' : `must have at least ${params.limit} entries`);
    case 'maxItems':
      return value(`must have at most ${params.limit} entries`);
    case 'uniqueItems':
      return value(`entry ${Number(params.j) + 1} and entry ${Number(params.i) + 1} are the same`);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return value(`must be ${params.comparison} ${params.limit}, not ${show(data)}`);
    default:
      return value(`does not fit "${keyword}": ${JSON.stringify(mistake.schema)}`, schema.description);
  }
}

/** A schema in a few words: `true or false`, `a text`, `"present" or "absent"`, `a list of texts`. */
function describe(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return either(schema.enum.map((choice) => JSON.stringify(choice)));
  if (schema.anyOf) return either(schema.anyOf.map(describe));
  switch (schema.type) {
    case 'string':
      return 'a text';
    case 'integer':
      return 'an integer';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${schema.items?.type ? ` of ${describe(schema.items).replace(/^an? /, '')}s` : ''}`;
    case 'object':
      return 'a map';
    case 'null':
      return 'null';
    default:
      return 'another value';
  }
}

/** An example of a module's arguments, for one who wrote something else: `user: { name: … }`. */
export function example(module: string, schema: Schema): string {
  const needed = (schema.required ?? []).filter((key) => schema.properties?.[key]?.default === undefined);
  const shown = needed.length > 0 ? needed : Object.keys(schema.properties ?? {}).slice(0, 1);
  return `${module}: { ${shown.map((key) => `${key}: …`).join(', ')} }`;
}

const either = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

function guessOf(schema: Schema, data: unknown): string {
  if (typeof data !== 'string') return '';
  const choices = [...(schema.enum ?? []), ...(schema.anyOf ?? []).map((branch) => branch.const)];
  return didYouMean(
    data,
    choices.filter((choice): choice is string => typeof choice === 'string'),
  );
}

/** The way out when only the type is wrong. */
/** None of the choices: with the remedy for it, or else the choice that is spelled most like it. */
function refused(schema: Schema, data: unknown, value: (message: string, hint?: string) => Mismatch): Mismatch {
  const hint = remedy(schema, data);
  return value(`must be ${describe(schema)}, not ${show(data)}${hint ? '' : guessOf(schema, data)}`, hint);
}

/** A secret where the module would put it into a script or a report, which everybody on the host could read. */
export function secretRefused(path: Path, module: string, root: Schema): Mismatch | undefined {
  const takes = Object.entries(root.properties ?? {}).flatMap(([name, schema]) => (schema['x-secret'] ? [name] : []));
  if (path.length === 1 && takes.includes(String(path[0]))) return undefined;
  return {
    path,
    at: 'value',
    message: `${dotted(module, path)}: a secret cannot be handed over here`,
    hint:
      takes.length > 0
        ? `it can as ${takes.join(', ')}`
        : 'a template may have it, in a file that nobody else can read',
  };
}

function remedy(schema: Schema, data: unknown): string | undefined {
  const hints = schema['x-hints'];
  if (hints && typeof data === 'string' && Object.hasOwn(hints, data)) return hints[data];
  const types = [schema, ...(schema.anyOf ?? [])].map(({ type }) => type);
  if (types.includes('string') && (typeof data === 'number' || typeof data === 'boolean'))
    return `quote it: "${data}"; in an expression, string(x) makes text of it`;
  if ((types.includes('integer') || types.includes('number')) && typeof data === 'string' && /^-?\d+$/.test(data)) {
    return `without quotes it is a number; of a variable, {{ int(x) }} is`;
  }
  if (schema.type === 'array' && typeof data === 'string') return `a list of one: [${JSON.stringify(data)}]`;
  return undefined;
}

function show(data: unknown): string {
  if (data === MASK) return MASK;
  if (data === null) return 'nothing';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'object') return 'a map';
  if (typeof data === 'string') return `the text ${JSON.stringify(data.length > 60 ? `${data.slice(0, 59)}…` : data)}`;
  return String(data);
}

function pathOf(pointer: string): (string | number)[] {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

const dotted = (module: string, path: readonly (string | number)[]): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), module);
