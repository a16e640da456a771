import { HailbookError } from '../errors.ts';
import type { Module } from '../plan/contract.ts';
import { type Expression, type Scope, Unknown } from '../plan/playbook.ts';
import { compileWhen, type Referring } from './bare.ts';
import type { Reference } from './expression.ts';
import { type Files, fromFolder } from './files.ts';
import type { Schema } from './json-schema.ts';
import type { Located } from './located.ts';
import { example, type Mismatch } from './mismatch.ts';
import type { Problems } from './problems.ts';
import { type ArgsSchema, argsSchema, argsSchemaOf } from './validate.ts';
import { compileValue, namesOf, type Partly, type Value } from './value.ts';

/** A module's arguments in a task. */
export interface Args extends Expression<Record<string, unknown>> {
  /** In the arguments and in the templates that they name. */
  readonly references: readonly Reference[];
  /** Judges the arguments as far as a scope knows them. @throws HailbookError of an expression or a template */
  foresee(scope: Scope, problems: Problems): void;
}

/** What the arguments' files are relative to and read through. */
export interface ArgsSurroundings {
  readonly folder: string;
  readonly files: Files;
}

/** Compiles a task's arguments and judges what is written out in them. Undefined: they are no map at all. */
export function compileArgs(
  module: Module,
  located: Located,
  around: ArgsSurroundings,
  problems: Problems,
): Args | undefined {
  if (!located.isMap && located.value !== null) {
    const what = located.isList ? 'a list' : `the text ${JSON.stringify(located.value)}`;
    problems.add('ARGS_INVALID', `${module.name}: the arguments are a map, not ${what}`, {
      place: located.place,
      hint: `write ${example(module.name, argsSchemaOf(module))}`,
    });
    return undefined;
  }
  const value = compileValue(located, problems);
  const args = new CompiledArgs(module, located, value, around);
  args.judgeWritten(problems);
  return args;
}

interface Written {
  readonly text: string;
  readonly condition: Referring<boolean>;
}

class CompiledArgs implements Args {
  readonly place;
  readonly references: Reference[];
  readonly #located: Located;
  readonly #value: Value;
  readonly #schema: ArgsSchema;
  readonly #sources: readonly (readonly [string, Schema])[];
  readonly #around: ArgsSurroundings;
  /** Argument → the expressions in it. */
  readonly #conditions = new Map<string, readonly Written[]>();

  constructor(module: Module, located: Located, value: Value, around: ArgsSurroundings) {
    this.place = located.keyPlace;
    this.#located = located;
    this.#value = value;
    this.#around = around;
    this.#schema = argsSchema(module);
    this.#sources = Object.entries(argsSchemaOf(module).properties ?? {}).filter(([, schema]) => schema['x-source']);
    this.references = [...value.references];
  }

  get names(): ReadonlySet<string> {
    return namesOf(this.references);
  }

  judgeWritten(problems: Problems): void {
    const written = this.#partly(null);
    const { args, mismatches } = this.#schema.check(written);
    for (const mismatch of mismatches) problems.put(this.#error(mismatch));
    for (const [name, schema] of this.#sources) {
      if (schema['x-source'] === 'conditions') this.#compileConditions(name, problems);
      const path = args[name];
      if (typeof path !== 'string' || path === '' || schema['x-source'] === 'destination') continue;
      problems.attempt(() => {
        if (schema['x-source'] === 'template') this.references.push(...this.#template(name, path).references);
        else this.#read(name, path, schema);
      });
    }
  }

  #compileConditions(name: string, problems: Problems): void {
    const items = this.#located.child(name)?.items() ?? [];
    const compiled = items.flatMap((item) => {
      const condition = problems.attempt(() => compileWhen(item, name));
      return condition ? { text: String(item.value), condition } : [];
    });
    this.references.push(...compiled.flatMap(({ condition }) => condition.references));
    this.#conditions.set(name, compiled);
  }

  foresee(scope: Scope, problems: Problems): void {
    const known = this.#partly(scope);
    const { args, mismatches } = this.#schema.check(known);
    for (const mismatch of mismatches) problems.put(this.#error(mismatch));
    if (mismatches.length > 0) return;
    try {
      this.#fill(args, scope);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
    }
  }

  evaluate(scope: Scope): Record<string, unknown> {
    const { args, mismatches } = this.#schema.check({ value: this.#value.evaluate(scope) ?? {}, unknown: [] });
    if (mismatches[0]) throw this.#error(mismatches[0]);
    this.#fill(args, scope);
    return args;
  }

  #partly(scope: Scope | null): Partly {
    const { value, unknown } = this.#value.partly(scope);
    return { value: value ?? {}, unknown };
  }

  /** Puts what is meant in the place of what is written: files for their paths, truth for conditions. */
  #fill(args: Record<string, unknown>, scope: Scope): void {
    for (const [name, conditions] of this.#conditions)
      args[name] = conditions.map(({ text, condition }) => ({ text, holds: condition.evaluate(scope) }));
    for (const [name, schema] of this.#sources) {
      const path = args[name];
      if (typeof path !== 'string' || path === '') continue;
      const place = this.#located.at([name]).place;
      if (schema['x-source'] === 'file' || schema['x-source'] === 'path') args[name] = this.#read(name, path, schema);
      else if (schema['x-source'] === 'destination')
        args[name] = this.#around.files.destination(this.#path(path), place);
      else args[name] = this.#around.files.rendered(this.#path(path), path, place, scope);
    }
  }

  #template(name: string, path: string) {
    return this.#around.files.template(this.#path(path), this.#located.at([name]).place);
  }

  #read(name: string, path: string, schema: Schema) {
    const { files } = this.#around;
    const read = schema['x-source'] === 'path' ? files.path : files.bytes;
    return read.call(files, this.#path(path), path, this.#located.at([name]).place);
  }

  #path(path: string): string {
    return fromFolder(this.#around.folder, path);
  }

  #error({ path, at, message, hint }: Mismatch): HailbookError {
    const located = this.#located.at(path);
    return new HailbookError('ARGS_INVALID', message, { place: at === 'key' ? located.keyPlace : located.place, hint });
  }
}
