import { HailbookError, type Place } from '../errors.ts';
import { type Expression, type Scope, Unknown } from '../plan/playbook.ts';
import type { Reference } from './expression.ts';
import type { Located, Path } from './located.ts';
import type { Problems } from './problems.ts';
import { compileText, type Text } from './text.ts';

/** A value from YAML, of any depth, with the expressions in it compiled. */
export interface Value extends Expression {
  readonly references: readonly Reference[];
  /** The value as far as it is known; without a scope, what is written out. */
  partly(scope: Scope | null): Partly;
}

/** A value with holes: the paths where something is not known yet. */
export interface Partly {
  readonly value: unknown;
  readonly unknown: readonly Path[];
}

type Node =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: Text; readonly place: Place }
  | { readonly kind: 'broken'; readonly error: HailbookError }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Node])[] };

/** Compiles every text in a value. One that does not compile is reported and stays unknown. */
export function compileValue(located: Located, problems: Problems): Value {
  const references: Reference[] = [];
  const node = compile(located, problems, references);
  return {
    place: located.place,
    references,
    names: namesOf(references),
    evaluate: (scope) => evaluate(node, scope),
    partly: (scope) => {
      const unknown: Path[] = [];
      return { value: partly(node, scope, [], unknown), unknown };
    },
  };
}

/** A value that needs nothing. */
export function constant<T>(value: T, place: Place): Expression<T> & { readonly references: readonly Reference[] } {
  return { place, references: [], names: new Set(), evaluate: () => value };
}

export function namesOf(references: readonly Reference[]): Set<string> {
  return new Set(references.flatMap(({ path }) => path[0]?.name ?? []));
}

function compile(located: Located, problems: Problems, references: Reference[]): Node {
  const { value } = located;
  if (located.isList)
    return { kind: 'list', items: located.items().map((item) => compile(item, problems, references)) };
  if (located.isMap) {
    const entries = located.entries().map(([key, child]) => {
      if (key.includes('{{'))
        problems.add('EXPRESSION_INVALID', 'a key cannot be an expression', { place: child.keyPlace });
      return [key, compile(child, problems, references)] as const;
    });
    return { kind: 'map', entries };
  }
  if (typeof value !== 'string') return { kind: 'literal', value };
  try {
    const text = compileText(value, (offset) => located.placeInside(offset));
    if (!text) return { kind: 'literal', value };
    references.push(...text.references);
    return { kind: 'text', text, place: located.place };
  } catch (error) {
    if (!(error instanceof HailbookError)) throw error;
    problems.put(error);
    return { kind: 'broken', error };
  }
}

function evaluate(node: Node, scope: Scope): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'text':
      return evaluateText(node, scope);
    case 'broken':
      throw node.error;
    case 'list':
      return node.items.map((item) => evaluate(item, scope));
    case 'map':
      return Object.fromEntries(node.entries.map(([key, child]) => [key, evaluate(child, scope)]));
  }
}

function evaluateText(node: Node & { kind: 'text' }, scope: Scope): unknown {
  try {
    return node.text.evaluate(scope);
  } catch (error) {
    throw error instanceof HailbookError ? error.at(node.place) : error;
  }
}

function partly(node: Node, scope: Scope | null, path: Path, unknown: Path[]): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'list':
      return node.items.map((item, index) => partly(item, scope, [...path, index], unknown));
    case 'map':
      return Object.fromEntries(
        node.entries.map(([key, child]) => [key, partly(child, scope, [...path, key], unknown)]),
      );
    case 'broken':
      break;
    case 'text':
      try {
        if (scope) return evaluateText(node, scope);
      } catch (error) {
        if (!(error instanceof Unknown)) throw error;
      }
  }
  unknown.push(path);
  return null;
}
