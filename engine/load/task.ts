import { createHash } from 'node:crypto';
import { didYouMean, HailbookError, type Place } from '../errors.ts';
import type { Module } from '../plan/contract.ts';
import type { Scope, Task } from '../plan/playbook.ts';
import { ansible } from './ansible.ts';
import { type Args, compileArgs } from './args.ts';
import { compileLoop, compileWhen, type Referring } from './bare.ts';
import type { Reference } from './expression.ts';
import type { Files } from './files.ts';
import { TASK_KEYWORDS } from './keywords.ts';
import type { Located } from './located.ts';
import { checkVariableName, readVariables } from './names.ts';
import type { Problems } from './problems.ts';
import { readFlag, readName, readText, readTexts } from './shapes.ts';
import { compileValue, constant, type Value } from './value.ts';

/** What all of a playbook's loading shares. */
export interface Loading {
  readonly modules: ReadonlyMap<string, Module>;
  readonly files: Files;
  /** The playbook's folder: paths in it are relative to this. */
  readonly folder: string;
  /** Names that `-e` gives: they win over a task's own variables too. */
  readonly extra: ReadonlySet<string>;
  readonly problems: Problems;
  /** The next task's number in the run. */
  nextId(): number;
}

/** As whom a play's tasks act. */
export interface Become {
  readonly become: boolean;
  readonly becomeUser: Referring<string>;
}

/** A task that can be evaluated. */
export interface LoadedTask {
  readonly task: Task;
  readonly args: Args;
}

/** A task as it is written, with what its names are judged by. */
export interface WrittenTask {
  readonly place: Place;
  readonly vars: ReadonlyMap<string, Value>;
  /** Every name that the task's keywords and arguments take from the scope, those in its own variables aside. */
  readonly references: readonly Reference[];
  readonly register?: Located;
  readonly notify: readonly Located[];
  readonly looped: boolean;
  /** Nothing in it was found to be wrong so far. */
  readonly sound: boolean;
  /** Not there when its module or its arguments are no such thing. */
  readonly loaded?: LoadedTask;
}

export function loadTask(located: Located, outer: Become, loading: Loading): WrittenTask | undefined {
  const { problems } = loading;
  const before = problems.count;
  if (!located.isMap) {
    problems.add('KEYWORD_INVALID', 'a task is a map of one module and keywords', {
      place: located.place,
      hint: '- user: { name: hail }',
    });
    return undefined;
  }
  const chosen = chooseModule(located, loading);
  const keyword = (name: keyof typeof TASK_KEYWORDS) => located.child(name);
  const when = compileKeyword(keyword('when'), (given) => compileWhen(given), problems);
  const loop = compileKeyword(keyword('loop'), (given) => compileLoop(given, problems), problems);
  const vars = new Map(
    Array.from(
      readVariables(keyword('vars'), problems),
      ([name, value]) => [name, compileValue(value, problems)] as const,
    ),
  );
  const become = readBecome(located, outer, problems);
  const notify = readTexts(keyword('notify'), problems);
  const register = keyword('register');
  const registered = register && readText(register, problems);
  const ignoreErrors = readFlag(keyword('ignore_errors'), problems) ?? false;
  const name = readName(keyword('name'), problems);
  if (registered) checkVariableName(registered, register, problems);
  const args = chosen && compileArgs(chosen.module, chosen.args, loading, problems);
  const task: Task | undefined = chosen &&
    args && {
      id: loading.nextId(),
      name: name ?? chosen.module.name,
      place: located.place,
      module: chosen.module,
      args,
      ...(when ? { when } : {}),
      ...(loop ? { loop } : {}),
      ...(registered ? { register: registered } : {}),
      notify: notify.map(({ value }) => String(value)),
      ...become,
      ignoreErrors,
      fingerprint: fingerprintOf(chosen),
      vars: Object.fromEntries([...vars].filter(([variable]) => !loading.extra.has(variable))),
    };
  const parts: readonly ({ readonly references: readonly Reference[] } | undefined)[] = [
    args,
    become.becomeUser,
    when,
    loop,
  ];
  return {
    place: located.place,
    vars,
    references: parts.flatMap((part) => part?.references ?? []),
    ...(registered && register ? { register } : {}),
    notify,
    looped: keyword('loop') !== undefined,
    sound: problems.count === before,
    ...(task && args ? { loaded: { task, args } } : {}),
  };
}

/** `become` and `become_user`, of a play or of a task in one. */
export function readBecome(located: Located, outer: Become, problems: Problems): Become {
  const become = readFlag(located.child('become'), problems) ?? outer.become;
  const user = located.child('become_user');
  if (!user) return { become, becomeUser: outer.becomeUser };
  if (!become) {
    problems.add('KEYWORD_INVALID', '"become_user" means nothing without "become: true"', { place: user.keyPlace });
  }
  if (typeof user.value !== 'string' || user.value === '') {
    problems.add('KEYWORD_INVALID', '"become_user" is the name of a user', { place: user.place });
    return { become, becomeUser: outer.becomeUser };
  }
  const value = compileValue(user, problems);
  const evaluate = (scope: Scope): string => {
    const name = value.evaluate(scope);
    if (typeof name === 'string' && name !== '') return name;
    throw new HailbookError('KEYWORD_INVALID', `"become_user" is the name of a user, not ${String(name)}`, {
      place: user.place,
    });
  };
  return { become, becomeUser: { ...value, evaluate } };
}

export const ROOT = (place: Place): Become => ({ become: false, becomeUser: constant('root', place) });

interface Chosen {
  readonly module: Module;
  readonly args: Located;
}

function fingerprintOf({ module, args }: Chosen): string {
  const written = JSON.stringify([module.name, args.value]);
  return createHash('sha256').update(written).digest('hex').slice(0, 32);
}

/** The task's one module; every key that is neither one nor a keyword is reported. */
function chooseModule(located: Located, { modules, problems }: Loading): Chosen | undefined {
  const keywords = Object.keys(TASK_KEYWORDS);
  const others = located.entries().filter(([key]) => !Object.hasOwn(TASK_KEYWORDS, key));
  const known = others.filter(([key]) => modules.has(key));
  const unknown = others.filter(([key]) => !modules.has(key));
  for (const [key, child] of unknown) {
    const place = child.keyPlace;
    const foreign = ansible(key, modules.keys());
    const keyword = foreign
      ? foreign.kind === 'keyword'
      : known.length > 0 || (didYouMean(key, keywords) && !didYouMean(key, modules.keys()));
    const code = keyword ? 'KEYWORD_UNKNOWN' : 'MODULE_UNKNOWN';
    const what = keyword ? `"${key}" is no keyword of a task` : `there is no module "${key}"`;
    problems.add(code, foreign ? what : `${what}${didYouMean(key, keyword ? keywords : modules.keys())}`, {
      place,
      hint: foreign?.instead,
    });
  }
  const [first, second] = known;
  if (first && second) {
    problems.add('MODULE_UNKNOWN', `a task has one module; this one has "${first[0]}" and "${second[0]}"`, {
      place: second[1].keyPlace,
    });
  }
  if (others.length === 0) problems.add('MODULE_UNKNOWN', 'the task names no module', { place: located.place });
  const module = first && modules.get(first[0]);
  return first && module && !second ? { module, args: first[1] } : undefined;
}

function compileKeyword<T>(
  located: Located | undefined,
  compile: (located: Located) => T,
  problems: Problems,
): T | undefined {
  return located && problems.attempt(() => compile(located));
}
