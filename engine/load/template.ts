import { dirname, join } from 'node:path';
import Handlebars from 'handlebars';
import { HailbookError } from '../errors.ts';
import { type Scope, Unknown } from '../plan/playbook.ts';
import type { Secret } from '../plan/secret.ts';
import { type Cel, compileCel, type Reference } from './expression.ts';
import { SourceText } from './located.ts';
import { Printing } from './printing.ts';

/** A Handlebars template from a file, compiled once. */
export interface Template {
  /** The names that it takes from the scope: everywhere but inside `#each` and `#with`, where names are the item's. */
  readonly references: readonly Reference[];
  /** The text; a Secret when a secret went into it. @throws Unknown, HailbookError TEMPLATE_INVALID | VARIABLE_UNDEFINED */
  render(scope: Scope): string | Secret;
}

const handlebars = Handlebars.create();
// `{{log}}` would print to the controller's terminal, and hide a variable of that name.
handlebars.unregisterHelper('log');
handlebars.registerHelper('cel', () => undefined);

const BLOCKS = new Set(['if', 'unless', 'each', 'with']);
const HELPERS = new Set([...BLOCKS, 'lookup', 'cel']);
const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: {
    cel: true,
    log: false,
    helperMissing: false,
    blockHelperMissing: false,
    each: true,
    if: true,
    unless: true,
    with: true,
    lookup: true,
  },
};

/**
 * Compiles a template and the partials (`{{> other}}` is other.hbs beside it) that it uses.
 * @param read gives a file's text
 * @throws HailbookError TEMPLATE_INVALID | EXPRESSION_INVALID | FILE_MISSING
 */
export function compileTemplate(file: string, read: (file: string) => string): Template {
  const pieces = new Map<string, Piece>();
  const main = new Piece(file, read(file), true);
  const load = (piece: Piece, open: readonly string[]): void => {
    for (const { name, root, node } of piece.partials) {
      const path = join(dirname(piece.source.file), `${name}.hbs`);
      if (open.includes(path)) throw piece.invalid(node, `the partial "${name}" contains itself`);
      const partial = pieces.get(name) ?? new Piece(path, read(path), root);
      pieces.set(name, partial);
      load(partial, [...open, path]);
    }
  };
  load(main, [file]);
  const all = [main, ...pieces.values()];
  const expressions = new Map(all.flatMap((piece) => [...piece.expressions]));
  return {
    references: all.flatMap((piece) => piece.references),
    render: (scope) => render(main, pieces, expressions, scope),
  };
}

function render(
  main: Piece,
  partials: ReadonlyMap<string, Piece>,
  expressions: ReadonlyMap<string, Cel>,
  scope: Scope,
): string | Secret {
  const printing = new Printing();
  const helpers = { cel: (source: string) => printing.view(expressions.get(source)?.evaluate(scope)) };
  const run = (piece: Piece, context: unknown, options: Handlebars.RuntimeOptions): string => {
    try {
      return piece.run(context, {
        ...options,
        allowProtoPropertiesByDefault: false,
        allowProtoMethodsByDefault: false,
      });
    } catch (error) {
      throw piece.problem(error, scope);
    }
  };
  const named = Object.fromEntries(
    Array.from(partials, ([name, piece]) => [
      name,
      (context: unknown, options?: Handlebars.RuntimeOptions) => run(piece, context, options ?? {}),
    ]),
  );
  const text = run(main, printing.view(scope), { helpers, partials: named });
  return printing.finish(text, main.source.place(0));
}

interface PartialCall {
  readonly name: string;
  /** Is it called where names are the scope's? */
  readonly root: boolean;
  readonly node: hbs.AST.Node;
}

/** One file of a template, parsed and looked through. */
class Piece {
  readonly source: SourceText;
  readonly references: Reference[] = [];
  readonly expressions = new Map<string, Cel>();
  readonly partials: PartialCall[] = [];
  readonly run: Handlebars.TemplateDelegate;

  constructor(file: string, text: string, root: boolean) {
    this.source = new SourceText(file, text);
    try {
      const program = handlebars.parse(text);
      new Names(this, root).accept(program);
      this.run = handlebars.compile(text, OPTIONS);
    } catch (error) {
      throw this.problem(error, {});
    }
  }

  place(node: hbs.AST.Node, offset = 0) {
    const { line, column } = node.loc.start;
    return { file: this.source.file, line, column: column + 1 + offset, text: this.source.line(line) };
  }

  invalid(node: hbs.AST.Node, message: string, hint?: string): HailbookError {
    return new HailbookError('TEMPLATE_INVALID', message, { place: this.place(node), hint });
  }

  /** What Handlebars throws, with its place. */
  problem(error: unknown, scope: Scope): Error {
    if (error instanceof Unknown || error instanceof HailbookError) return error;
    const { message, lineNumber, column } = error as Handlebars.Exception;
    const line = lineNumber ?? /^Parse error on line (\d+)/.exec(message)?.[1];
    const text = line === undefined ? undefined : this.source.line(Number(line));
    const place = {
      file: this.source.file,
      line: Number(line ?? 1),
      column: (column ?? 0) + 1,
      ...(text === undefined ? {} : { text }),
    };
    const missing = /^"(.+)" not defined in /s.exec(message)?.[1];
    if (missing !== undefined) {
      const hint = Object.hasOwn(scope, missing)
        ? `inside #each and #with, a variable of the playbook is @root.${missing}`
        : undefined;
      return new HailbookError('VARIABLE_UNDEFINED', `"${missing}" is not defined here`, { place, hint, cause: error });
    }
    const parse = /got '(\w+)'$/.exec(message)?.[1];
    const said =
      parse === undefined
        ? message.replace(/ - \d+:\d+$/, '')
        : parse === 'EOF'
          ? 'a block is not closed'
          : 'the template does not parse here';
    return new HailbookError('TEMPLATE_INVALID', said, { place, cause: error });
  }
}

/** One context of a template: the whole scope, or the item of an `#each` or `#with`. */
interface Context {
  readonly root: boolean;
  readonly bound: readonly string[];
}

/** Finds the names in a template, and what is not there in ours. */
class Names extends Handlebars.Visitor {
  readonly #piece: Piece;
  #contexts: readonly Context[];

  constructor(piece: Piece, root: boolean) {
    super();
    this.#piece = piece;
    this.#contexts = [{ root, bound: [] }];
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    if (this.#isCall(node)) this.#call(node as hbs.AST.MustacheStatement & { path: hbs.AST.PathExpression });
    else this.accept(node.path);
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    this.#call(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const name = node.path.original;
    if (!BLOCKS.has(name))
      throw this.#piece.invalid(node, `there is no block "#${name}"`, `write {{#if ${name}}} or {{#each ${name}}}`);
    this.acceptArray(node.params);
    const outer = this.#contexts;
    const moves = name === 'each' || name === 'with';
    const current = outer.at(-1);
    const bound = [...(current?.bound ?? []), ...(node.program?.blockParams ?? [])];
    this.#contexts = moves
      ? [...outer, { root: false, bound }]
      : [...outer.slice(0, -1), { root: current?.root ?? false, bound }];
    if (node.program) this.accept(node.program);
    this.#contexts = outer;
    if (node.inverse) this.accept(node.inverse);
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    const { name } = node;
    if (name.type !== 'PathExpression')
      throw this.#piece.invalid(node, 'a partial is named in the template, not computed');
    if (node.params.length > 0 || node.hash)
      throw this.#piece.invalid(node, 'a partial takes no arguments: it sees what its caller sees');
    this.#piece.partials.push({
      name: (name as hbs.AST.PathExpression).original,
      root: this.#contexts.at(-1)?.root ?? false,
      node,
    });
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    throw this.#piece.invalid(node, 'a partial has no block');
  }

  override DecoratorBlock(node: hbs.AST.DecoratorBlock): void {
    throw this.#piece.invalid(
      node,
      'inline partials are not there',
      'put it into a file of its own: {{> name}} is name.hbs beside this file',
    );
  }

  override Decorator(node: hbs.AST.Decorator): void {
    throw this.#piece.invalid(node, 'decorators are not there');
  }

  override PathExpression(node: hbs.AST.PathExpression): void {
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
      return { name, place: this.#piece.place(node, start) };
    });
    this.#piece.references.push({ path });
  }

  #isCall(node: hbs.AST.MustacheStatement): boolean {
    const path = node.path as hbs.AST.PathExpression;
    return (
      node.params.length > 0 || Boolean(node.hash) || (HELPERS.has(path.original) && path.type === 'PathExpression')
    );
  }

  #call(node: hbs.AST.SubExpression | (hbs.AST.MustacheStatement & { path: hbs.AST.PathExpression })): void {
    const name = node.path.original;
    if (!HELPERS.has(name))
      throw this.#piece.invalid(node, `there is no helper "${name}"`, 'a computed value: {{cel "…"}}');
    if (BLOCKS.has(name)) throw this.#piece.invalid(node, `"${name}" is a block: {{#${name} …}} … {{/${name}}}`);
    if (name !== 'cel') {
      this.acceptArray(node.params);
      return;
    }
    const [text] = node.params as hbs.AST.StringLiteral[];
    if (text?.type !== 'StringLiteral')
      throw this.#piece.invalid(node, '"cel" takes an expression in quotes: {{cel "…"}}');
    const cel = compileCel(text.value, (offset) => this.#piece.place(text, 1 + offset));
    this.#piece.expressions.set(text.value, cel);
    this.#piece.references.push(...cel.references);
  }
}
