import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import { didYouMean, HailbookError, type Place } from '../errors.ts';
import { type Scope, Unknown } from '../plan/playbook.ts';
import { Secret } from '../plan/secret.ts';
import { isContainer, Lens } from './lens.ts';

/** A name that an expression takes from its scope, with the fields that it names after it: `facts.cores`, `hosts["a"].vars`. */
export interface Reference {
  readonly path: readonly { readonly name: string; readonly place: Place }[];
}

/** A CEL expression, parsed and type-checked. */
export interface Cel {
  readonly references: readonly Reference[];
  /** As far as it is known without values: `bool`, `list<string>`, `dyn`, … */
  readonly type: string;
  /** @throws Unknown, HailbookError EXPRESSION_INVALID | VARIABLE_UNDEFINED */
  evaluate(scope: Scope): unknown;
}

/** How a character of the expression's text is placed in the file that it is from. */
export type PlaceAt = (offset: number) => Place;

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
}).registerType('Secret', { ctor: Secret, fields: {} });

const reveal = (value: string | Secret) => (value instanceof Secret ? value.reveal() : value);
for (const [left, right] of [
  ['Secret', 'string'],
  ['string', 'Secret'],
  ['Secret', 'Secret'],
]) {
  environment.registerOperator(`${left} + ${right}`, (a, b) => new Secret(reveal(a) + reveal(b)));
}
// CEL keeps int and double apart; "0.75 of the memory" is what people write.
const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};
for (const [operator, compute] of Object.entries(ARITHMETIC)) {
  const mixed = (a: number | bigint, b: number | bigint) => compute(Number(a), Number(b));
  environment.registerOperator(`int ${operator} double`, mixed);
  environment.registerOperator(`double ${operator} int`, mixed);
}
environment.registerFunction('list.unique(): list<dyn>', {
  handler: (list: unknown[]) => [...new Set(list)],
  description: 'The list with each text, number or boolean once, the first kept',
  async: false,
});
environment.registerFunction('list.sum(): dyn', {
  handler: (list: (number | bigint)[]) =>
    list.reduce(
      (total, item) =>
        typeof total === typeof item ? (total as number) + (item as number) : Number(total) + Number(item),
      0n as number | bigint,
    ),
  description: 'The numbers of the list added up',
  async: false,
});

const FUNCTIONS = new Set(environment.getDefinitions().functions.map(({ name }) => name));

/** CEL's words and what JavaScript's objects have of their own; with the names of CEL's types, what no variable can be called. */
const WORDS = new Set(
  'as break const continue else for function if import in let loop package namespace return var void while true false null __proto__ prototype constructor'.split(
    ' ',
  ),
);

/** Can an expression use this name for a variable? */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !WORDS.has(name) && !environment.hasVariable(name);
}

/** @throws HailbookError EXPRESSION_INVALID when it does not parse or cannot have a type */
export function compileCel(source: string, placeAt: PlaceAt): Cel {
  return new Program(source, placeAt);
}

/** The first unknown value that the running evaluation met. */
let unknown: Unknown | undefined;

const lens = new Lens({
  // CEL's integers are BigInts; a JavaScript number would be a double, and `n + 1` would have no meaning.
  leaf: (value) => (typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value),
  prototype: null,
  caught: (error) => {
    if (error instanceof Unknown) unknown ??= error;
  },
});

class Program implements Cel {
  readonly references: readonly Reference[];
  readonly type: string;
  readonly #source: string;
  readonly #placeAt: PlaceAt;
  readonly #program: ReturnType<Environment['parse']>;
  #running = false;

  constructor(source: string, placeAt: PlaceAt) {
    this.#source = source;
    this.#placeAt = placeAt;
    try {
      this.#program = environment.parse(source);
      const checked = this.#program.check();
      if (!checked.valid) throw checked.error;
      this.type = checked.type ?? 'dyn';
    } catch (error) {
      throw this.#problem(error);
    }
    this.references = referencesIn(this.#program.ast, placeAt);
  }

  evaluate(scope: Scope): unknown {
    // The library keeps a running macro's state in the parsed expression, and an expression may need itself on another host.
    const nested = this.#running;
    const program = nested ? environment.parse(this.#source) : this.#program;
    const outer = unknown;
    unknown = undefined;
    this.#running = true;
    try {
      return leave(program(lens.view(scope) as Scope));
    } catch (error) {
      // An error beside something unknown may vanish once that is known: `false && x.y`.
      throw unknown ?? this.#problem(error);
    } finally {
      unknown = outer;
      this.#running = nested;
    }
  }

  get #start(): Place {
    return this.#placeAt(Math.max(this.#source.search(/\S/), 0));
  }

  #problem(error: unknown): Error {
    if (error instanceof Unknown) return error;
    if (error instanceof HailbookError) return error.at(this.#start);
    if (!(error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError)) {
      const message = error instanceof Error ? error.message : String(error);
      return new HailbookError('EXPRESSION_INVALID', message, { place: this.#start, cause: error });
    }
    const place = this.#placeAt(Math.min(error.range?.start ?? 0, this.#source.length));
    if (error.code === 'unknown_variable') {
      const name = error.summary.replace('Unknown variable: ', '');
      return new HailbookError('VARIABLE_UNDEFINED', `"${name}" has no value here`, { place });
    }
    const [message, hint] = inWords(error.summary, this.#source);
    return new HailbookError('EXPRESSION_INVALID', message, { place, hint });
  }
}

function inWords(summary: string, source: string): [message: string, hint?: string] {
  const call = /^found no matching overload for '(?:[^'(]*\.)?(\w+)\(/.exec(summary)?.[1];
  if (call && !FUNCTIONS.has(call)) return [`there is no function "${call}"${didYouMean(call, FUNCTIONS)}`];
  const types = /^no such overload: (\S+) (\S+) (\S+)$/.exec(summary.replace(/dyn<([^<>]+)>/g, '$1'));
  if (types) {
    const [, left, operator, right] = types;
    const message = `"${operator}" does not work on ${left} and ${right}`;
    const text = left === 'string' || right === 'string';
    return text ? [message, 'string(x) makes text of a number, int(x) a number of text'] : [message];
  }
  if (summary === 'Unexpected token: EOF') return ['the expression ends too early'];
  if (summary.startsWith('Reserved identifier: ')) return [`"${summary.slice(21)}" is a reserved word of CEL`];
  if (summary.startsWith('Ternary branches')) return [`t${summary.slice(1)}`, 'dyn(x) lets a branch have any type'];
  const index = /index out of bounds, index (-?\d+) .* (\d+)$/.exec(summary);
  if (index) return [`there is no entry ${index[1]} in a list of ${index[2]}; the first is 0`];
  const key = /^No such key: (.*)$/.exec(summary)?.[1];
  if (key) return [`there is no "${key}"`, 'x.?field.orValue(y) is y when the field is not there'];
  if (/^(["']?)\{\{/.test(source.trim())) return [summary, 'no {{ }} here: this is an expression already'];
  return [summary.charAt(0).toLowerCase() + summary.slice(1)];
}

/** CEL's values as ours: integers are numbers again, and what came from the scope is the very same value. */
function leave(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw new HailbookError('EXPRESSION_INVALID', `the integer ${value} is too large`);
  }
  if (value === null || typeof value !== 'object' || value instanceof Secret) return value;
  const original = lens.original(value);
  if (original) return original;
  if (Array.isArray(value)) return value.map(leave);
  if (isContainer(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, leave(item)]));
  if (value instanceof Date) return value.toISOString();
  throw new HailbookError(
    'EXPRESSION_INVALID',
    `the result is of CEL's type ${value.constructor.name}, which is no value here`,
    {
      hint:
        value.constructor.name === 'Optional'
          ? 'end it with .orValue(…)'
          : 'turn it into text with string(x) or a number with int(x)',
    },
  );
}

const MACROS = new Set(['map', 'filter', 'all', 'exists', 'exists_one']);

function referencesIn(root: ASTNode, placeAt: PlaceAt): Reference[] {
  const found: Reference[] = [];
  const visit = (node: ASTNode, bound: ReadonlySet<string>): void => {
    const chain = chainOf(node);
    if (chain) {
      const [head] = chain;
      if (head && !bound.has(head.name) && !environment.hasVariable(head.name)) {
        found.push({ path: chain.map(({ name, offset }) => ({ name, place: placeAt(offset) })) });
      }
      return;
    }
    const macro = binder(node);
    if (!macro) {
      for (const child of childrenOf(node)) visit(child, bound);
      return;
    }
    for (const child of macro.outside) visit(child, bound);
    for (const child of macro.inside) visit(child, new Set([...bound, macro.name]));
  };
  visit(root, new Set());
  return found;
}

/** `a.b["c"]` as its names; null when it is something else. What stands behind a computed index is not followed. */
function chainOf(node: ASTNode): { name: string; offset: number }[] | null {
  const { op, args, start, pos } = node as { op: string; args: unknown; start: number; pos: number };
  if (op === 'id') return [{ name: args as string, offset: start }];
  if (op !== '.' && op !== '[]') return null;
  const [left, right] = args as [ASTNode, ASTNode | string];
  const before = chainOf(left);
  if (!before) return null;
  if (typeof right === 'string') return [...before, { name: right, offset: pos }];
  const { op: kind, args: literal, start: offset } = right as { op: string; args: unknown; start: number };
  return kind === 'value' && typeof literal === 'string' ? [...before, { name: literal, offset }] : null;
}

interface Binder {
  readonly name: string;
  readonly outside: readonly ASTNode[];
  readonly inside: readonly ASTNode[];
}

/** `list.map(x, …)` and `cel.bind(x, value, …)` give a name of their own to a part of themselves. */
function binder(node: ASTNode): Binder | null {
  if (node.op !== 'rcall') return null;
  const [method, receiver, args] = node.args as [string, ASTNode, ASTNode[]];
  const [variable, ...rest] = args;
  if (variable?.op !== 'id' || rest.length === 0) return null;
  const name = variable.args as string;
  if (MACROS.has(method)) return { name, outside: [receiver], inside: rest };
  if (method === 'bind' && receiver.op === 'id' && receiver.args === 'cel')
    return { name, outside: rest.slice(0, 1), inside: rest.slice(1) };
  return null;
}

function childrenOf(node: ASTNode): ASTNode[] {
  const parts = Array.isArray(node.args) ? (node.args as unknown[]).flat(2) : [node.args];
  return parts.filter((part): part is ASTNode => part !== null && typeof part === 'object' && 'op' in part);
}
