import { basename, dirname, join } from 'node:path';
import Handlebars from 'handlebars';
import { HailbookError } from '../errors.ts';
import { type Scope, Unknown } from '../plan/playbook.ts';
import type { Secret } from '../plan/secret.ts';
import type { Cel, Reference } from './expression.ts';
import { SourceText } from './located.ts';
import { type Printed, Printing } from './printing.ts';
import { type Looked, Names, type PartialCall } from './template-names.ts';

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

const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: {
    cel: true,
    print: true,
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
  const printed: Printed[] = [];
  const partials = new Map<string, Piece>();
  const main = new Piece(file, read(file), true, printed);
  const load = (piece: Piece, open: readonly string[]): void => {
    for (const { name, root, node } of piece.partials) {
      if (open.includes(name)) throw piece.invalid(node, `the partial "${name}" contains itself`);
      const path = join(dirname(file), `${name}.hbs`);
      const partial = partials.get(name) ?? new Piece(path, read(path), root, printed);
      partials.set(name, partial);
      load(partial, [...open, name]);
    }
  };
  load(main, [basename(file, '.hbs')]);
  const all = [main, ...partials.values()];
  const expressions = new Map(all.flatMap((piece) => [...piece.expressions]));
  return {
    references: all.flatMap((piece) => piece.references),
    render: (scope) => render({ main, partials, expressions, printed }, scope),
  };
}

interface Compiled {
  readonly main: Piece;
  readonly partials: ReadonlyMap<string, Piece>;
  readonly expressions: ReadonlyMap<string, Cel>;
  readonly printed: readonly Printed[];
}

function render({ main, partials, expressions, printed }: Compiled, scope: Scope): string | Secret {
  const printing = new Printing();
  const helpers = {
    cel: (source: string) => printing.view(expressions.get(source)?.evaluate(scope)),
    print: (value: unknown, index: number) => printing.print(value, printed[index] ?? NOWHERE),
  };
  const run = (piece: Piece, context: unknown, options: Handlebars.RuntimeOptions): string => {
    const closed = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };
    try {
      return piece.run(context, { ...options, ...closed });
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
  return printing.finish(run(main, printing.view(scope), { helpers, partials: named }));
}

const NOWHERE: Printed = { text: '', place: { file: '', line: 1, column: 1 } };

/** One file of a template, parsed and looked through. */
class Piece implements Looked {
  readonly source: SourceText;
  readonly references: Reference[] = [];
  readonly expressions = new Map<string, Cel>();
  readonly partials: PartialCall[] = [];
  readonly run: Handlebars.TemplateDelegate;

  constructor(file: string, text: string, root: boolean, printed: Printed[]) {
    this.source = new SourceText(file, text);
    try {
      const program = handlebars.parse(text);
      new Names(this, root, printed).visit(program);
      this.run = handlebars.compile(program, OPTIONS);
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
    if (error instanceof Unknown) return error;
    if (error instanceof HailbookError) return this.#hinted(error, scope);
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
      const undefinedHere = `"${missing}" is not defined here`;
      return this.#hinted(new HailbookError('VARIABLE_UNDEFINED', undefinedHere, { place, cause: error }), scope);
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

  /** A name of the playbook that is looked for in the item of an `#each` has a way out. */
  #hinted(error: HailbookError, scope: Scope): HailbookError {
    const name = /^"([^".]+)[^"]*" is not defined here$/.exec(error.message)?.[1];
    if (error.code !== 'VARIABLE_UNDEFINED' || name === undefined || !Object.hasOwn(scope, name)) return error;
    const hint = `inside #each and #with, a variable of the playbook is @root.${name}`;
    return new HailbookError(error.code, error.message, { place: error.place, hint, cause: error.cause });
  }
}
