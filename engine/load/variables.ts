import { HailbookError, type Place } from '../errors.ts';
import { Located, SourceText } from './located.ts';
import { checkVariableName, readVariables } from './names.ts';
import { rememberPlaces } from './places.ts';
import { Problems } from './problems.ts';
import { parseYaml, readYaml } from './yaml.ts';

/**
 * The variables of `-e`: `name=value` is that text, whatever it looks like; `{x: 1}` is YAML; `@file` a YAML file. A later one wins.
 * @throws InvalidInput
 */
export function parseExtraVars(args: readonly string[]): Record<string, unknown> {
  const problems = new Problems();
  const found = new Map<string, Located>();
  for (const arg of args) {
    const one = problems.attempt(() => parseOne(arg, problems));
    for (const [name, value] of one ?? []) found.set(name, value);
  }
  problems.throwIfAny();
  return rememberPlaces(found);
}

function parseOne(arg: string, problems: Problems): ReadonlyMap<string, Located> {
  if (arg.startsWith('@')) return fileVariables(arg.slice(1), problems);
  if (arg.trimStart().startsWith('{')) return readVariables(parseYaml(arg, '-e', problems), problems);
  const equals = arg.indexOf('=');
  const place = new SourceText('-e', arg).place(0);
  if (equals < 1) {
    throw new HailbookError('USAGE', `-e ${arg}: not a variable`, {
      hint: 'write -e name=value, -e "{name: value}" or -e @file.yml',
    });
  }
  const value = new Located({ value: literal(arg.slice(equals + 1)), place });
  const name = arg.slice(0, equals).trim();
  return checkVariableName(name, value, problems) ? new Map([[name, value]]) : new Map();
}

/** A file of variables. @throws HailbookError FILE_MISSING at `from` */
export function fileVariables(file: string, problems: Problems, from?: Place): ReadonlyMap<string, Located> {
  return readVariables(readYaml(file, problems, from), problems);
}

/** A text of the command line as a value that is that text and nothing else, though it may hold `{{`. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
