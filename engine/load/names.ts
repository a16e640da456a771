import { didYouMean, HailbookError, type Place } from '../errors.ts';
import { FACTS } from '../plan/facts.ts';
import { isVariableName, type Reference } from './expression.ts';
import type { Located } from './located.ts';
import type { Problems } from './problems.ts';

/** The facts of a host that an expression can name, `facts.cores`. */
const FACT_NAMES = Object.keys(FACTS);

/** What `hosts[name]`, `host` and the items of a loop over hosts have. */
const HOST_FIELDS = ['name', 'address', 'port', 'vars', 'facts', 'results'];

/** Names that are always there. */
export const GIVEN_NAMES = ['facts', 'host', 'hosts', 'groups'] as const;

/** What can be seen at one place of a playbook. */
export interface Visible {
  /** Variables, registered names and what is always there. */
  readonly names: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  /** Why a name is not visible here though it is elsewhere: `item` outside a loop, a name that a later task registers. */
  readonly absent?: (name: string) => string | undefined;
}

/** Reports every name that nothing defines, as far as that can be told without values. */
export function checkReferences(
  references: readonly Reference[],
  visible: Visible,
  problems: Problems,
  task?: Place,
): void {
  for (const reference of references) {
    const problem = undefinedIn(reference, visible);
    if (!problem) continue;
    const elsewhere = task && problem.place && problem.place.file !== task.file;
    const hint = elsewhere
      ? [problem.hint, `used at ${task.file}:${task.line}`].filter(Boolean).join('; ')
      : problem.hint;
    problems.put(new HailbookError(problem.code, problem.message, { place: problem.place, hint }));
  }
}

function undefinedIn({ path }: Reference, visible: Visible): HailbookError | null {
  const [head, first, ...rest] = path;
  if (!head) return null;
  if (!visible.names.has(head.name)) {
    const why = visible.absent?.(head.name);
    const message = why ?? `"${head.name}" is not defined${didYouMean(head.name, visible.names)}`;
    return new HailbookError('VARIABLE_UNDEFINED', message, { place: head.place });
  }
  if (!first) return null;
  switch (head.name) {
    case 'facts':
      return unlessIn(first, FACT_NAMES, 'fact');
    case 'host':
      return undefinedOfHost([first, ...rest]);
    case 'hosts':
      return (
        unlessIn(first, visible.hosts, 'host', dashed('hosts', first.name, visible.hosts)) ?? undefinedOfHost(rest)
      );
    case 'groups':
      return unlessIn(first, visible.groups, 'group', dashed('groups', first.name, visible.groups));
    default:
      return null;
  }
}

function undefinedOfHost([field, fact]: Reference['path']): HailbookError | null {
  if (!field) return null;
  const problem = unlessIn(field, HOST_FIELDS, 'field of a host');
  if (problem || field.name !== 'facts' || !fact) return problem;
  return unlessIn(fact, FACT_NAMES, 'fact');
}

function unlessIn(
  part: Reference['path'][number],
  names: Iterable<string>,
  what: string,
  hint?: string,
): HailbookError | null {
  const known = new Set(names);
  if (known.has(part.name)) return null;
  const message = `there is no ${what} "${part.name}"${hint ? '' : didYouMean(part.name, known)}`;
  return new HailbookError('VARIABLE_UNDEFINED', message, { place: part.place, hint });
}

/** `hosts.spark-master` is a subtraction to CEL. */
function dashed(map: string, name: string, known: ReadonlySet<string>): string | undefined {
  const meant = [...known].find((other) => other.startsWith(`${name}-`));
  return meant === undefined || known.has(name) ? undefined : `a name with a dash is written ${map}["${meant}"]`;
}

/** Reports a variable's or a registered result's name that expressions could not use. */
export function checkVariableName(name: string, located: Located, problems: Problems): boolean {
  const place = located.keyPlace;
  if ((GIVEN_NAMES as readonly string[]).includes(name) || name === 'item') {
    problems.add('VARIABLE_INVALID', `"${name}" is a name that every expression has already`, { place });
  } else if (/^[A-Za-z_]\w*$/.test(name) && !isVariableName(name)) {
    problems.add('VARIABLE_INVALID', `"${name}" is a word of CEL`, { place });
  } else if (!isVariableName(name)) {
    const hint = /[-.]/.test(name) ? `write ${name.replace(/[-.]/g, '_')}` : undefined;
    problems.add('VARIABLE_INVALID', `"${name}" cannot be a variable: letters, digits and _ make a name`, {
      place,
      hint,
    });
  } else return true;
  return false;
}

/** A map of variables, with names that expressions can use. */
export function readVariables(located: Located | undefined, problems: Problems): Map<string, Located> {
  if (!located || located.value === null) return new Map();
  if (!located.isMap) {
    problems.add('KEYWORD_INVALID', 'variables are a map of names and values', { place: located.place });
    return new Map();
  }
  return new Map(located.entries().filter(([name, value]) => checkVariableName(name, value, problems)));
}
