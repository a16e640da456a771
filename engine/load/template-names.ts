import type { HailbookError, Place } from '../errors.ts';
import { type Cel, compileCel, type Reference } from './expression.ts';
import type { Printed } from './printing.ts';

/** A partial that a template calls. */
export interface PartialCall {
  readonly name: string;
  /** Is it called where names are the scope's? */
  readonly root: boolean;
  readonly node: hbs.AST.Node;
}

/** A template that is looked through, and what is found in it. */
export interface Looked {
  readonly references: Reference[];
  readonly expressions: Map<string, Cel>;
  readonly partials: PartialCall[];
  place(node: hbs.AST.Node, offset?: number): Place;
  invalid(node: hbs.AST.Node, message: string, hint?: string): HailbookError;
}

const BLOCKS = new Set(['if', 'unless', 'each', 'with']);
const HELPERS = new Set([...BLOCKS, 'lookup', 'cel']);

/** One context of a template: the whole scope, or the item of an `#each` or `#with`. */
interface Context {
  readonly root: boolean;
  /** The names that `as |…|` gives. */
  readonly bound: readonly string[];
}

/** Finds the names in a template's syntax tree, refuses what is not there in ours, and puts our own `print` around what is printed. */
export class Names {
  readonly #looked: Looked;
  readonly #printed: Printed[];
  #contexts: readonly Context[];

  constructor(looked: Looked, root: boolean, printed: Printed[]) {
    this.#looked = looked;
    this.#printed = printed;
    this.#contexts = [{ root, bound: [] }];
  }

  /** @throws HailbookError TEMPLATE_INVALID | EXPRESSION_INVALID */
  visit(node: hbs.AST.Node): void {
    switch (node.type) {
      case 'Program':
        for (const statement of (node as hbs.AST.Program).body) this.visit(statement);
        break;
      case 'MustacheStatement':
        this.#mustache(node as hbs.AST.MustacheStatement);
        break;
      case 'BlockStatement':
        this.#block(node as hbs.AST.BlockStatement);
        break;
      case 'PartialStatement':
        this.#partial(node as hbs.AST.PartialStatement);
        break;
      case 'SubExpression':
        this.#call(node as hbs.AST.SubExpression);
        break;
      case 'PathExpression':
        this.#path(node as hbs.AST.PathExpression);
        break;
      case 'PartialBlockStatement':
        throw this.#looked.invalid(node, 'a partial has no block');
      case 'DecoratorBlock':
      case 'Decorator':
        throw this.#looked.invalid(
          node,
          'inline partials are not there',
          'put it into a file of its own: {{> name}} is name.hbs beside this file',
        );
    }
  }

  /**
   * Everything that is printed goes through our `print`: Handlebars joins what it prints by `+` and escapes nothing here, so two
   * numbers side by side would be added up.
   */
  #mustache(node: hbs.AST.MustacheStatement): void {
    const { params, hash, loc } = node;
    const path = node.path as hbs.AST.PathExpression;
    const isCall = params.length > 0 || hash || (path.type === 'PathExpression' && HELPERS.has(path.original));
    const value = isCall ? ({ type: 'SubExpression', path, params, hash, loc } as hbs.AST.SubExpression) : path;
    this.visit(value);
    const index = this.#printed.push({ text: path.original, place: this.#looked.place(path) }) - 1;
    const number: hbs.AST.NumberLiteral = { type: 'NumberLiteral', value: index, original: index, loc };
    node.path = {
      type: 'PathExpression',
      data: false,
      depth: 0,
      parts: ['print'],
      original: 'print',
      loc,
    } as hbs.AST.PathExpression;
    node.params = [value, number];
  }

  #block(node: hbs.AST.BlockStatement): void {
    const name = node.path.original;
    if (!BLOCKS.has(name)) {
      throw this.#looked.invalid(node, `there is no block "#${name}"`, `write {{#if ${name}}} or {{#each ${name}}}`);
    }
    for (const param of node.params) this.visit(param);
    const outer = this.#contexts;
    const current = outer.at(-1) ?? { root: false, bound: [] };
    const bound = [...current.bound, ...(node.program?.blockParams ?? [])];
    const moves = name === 'each' || name === 'with';
    // `#if` leaves the context as it is, and `../` does not count it.
    this.#contexts = moves ? [...outer, { root: false, bound }] : [...outer.slice(0, -1), { ...current, bound }];
    if (node.program) this.visit(node.program);
    this.#contexts = outer;
    if (node.inverse) this.visit(node.inverse);
  }

  #partial(node: hbs.AST.PartialStatement): void {
    if (node.name.type !== 'PathExpression') {
      throw this.#looked.invalid(node, 'a partial is named in the template, not computed');
    }
    if (node.params.length > 0 || node.hash) {
      throw this.#looked.invalid(node, 'a partial takes no arguments: it sees what its caller sees');
    }
    const { original } = node.name as hbs.AST.PathExpression;
    this.#looked.partials.push({ name: original, root: this.#contexts.at(-1)?.root ?? false, node });
  }

  #call(node: hbs.AST.SubExpression): void {
    const name = node.path.original;
    if (!HELPERS.has(name)) {
      throw this.#looked.invalid(node, `there is no helper "${name}"`, 'a computed value: {{cel "…"}}');
    }
    if (BLOCKS.has(name)) throw this.#looked.invalid(node, `"${name}" is a block: {{#${name} …}} … {{/${name}}}`);
    if (name !== 'cel') {
      for (const param of node.params) this.visit(param);
      return;
    }
    const [text] = node.params as hbs.AST.StringLiteral[];
    if (text?.type !== 'StringLiteral') {
      throw this.#looked.invalid(node, '"cel" takes an expression in quotes: {{cel "…"}}');
    }
    const cel = compileCel(text.value, (offset) => this.#looked.place(text, 1 + offset));
    this.#looked.expressions.set(text.value, cel);
    this.#looked.references.push(...cel.references);
  }

  #path(node: hbs.AST.PathExpression): void {
    const { depth, data, original } = node;
    const parts = data ? node.parts.slice(1) : node.parts;
    const context = data ? { root: node.parts[0] === 'root', bound: [] } : this.#contexts.at(-1 - depth);
    const [head] = parts;
    if (!context?.root || head === undefined) return;
    const scoped = depth > 0 || data || /^(this\b|\.)/.test(original);
    if (!scoped && context.bound.includes(head)) return;
    let from = data ? '@root'.length : 0;
    const path = parts.map((name) => {
      const start = Math.max(original.indexOf(name, from), 0);
      from = start + name.length;
      return { name, place: this.#looked.place(node, start) };
    });
    this.#looked.references.push({ path });
  }
}
