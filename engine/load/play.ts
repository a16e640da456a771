import { didYouMean } from '../errors.ts';
import type { Expression, Inventory, Play } from '../plan/playbook.ts';
import { ansible } from './ansible.ts';
import { fromFolder } from './files.ts';
import { PLAY_KEYWORDS } from './keywords.ts';
import type { Located } from './located.ts';
import { readVariables } from './names.ts';
import { matchHosts } from './patterns.ts';
import { placedVariables } from './places.ts';
import { readName, readTexts } from './shapes.ts';
import { type LoadedTask, type Loading, loadTask, ROOT, readBecome, type WrittenTask } from './task.ts';
import { compileValue, type Value } from './value.ts';
import { fileVariables } from './variables.ts';

/** What a play is loaded with beyond the playbook's own text. */
export interface PlayLoading extends Loading {
  readonly inventory: Inventory;
  readonly extraVars: Readonly<Record<string, unknown>>;
}

/** A play with what the rest of loading needs to judge it. */
export interface LoadedPlay {
  readonly play: Play;
  /** Tasks, then handlers, as they are written. */
  readonly written: readonly WrittenTask[];
  readonly tasks: readonly LoadedTask[];
  readonly handlers: readonly LoadedTask[];
  /** The variables that the playbook itself gives. */
  readonly own: ReadonlyMap<string, Value>;
  /** All variables of a host, each the one that wins. */
  variables(host: string): ReadonlyMap<string, Value>;
}

export function loadPlay(located: Located, loading: PlayLoading): LoadedPlay | undefined {
  const { problems } = loading;
  if (!located.isMap) {
    problems.add('KEYWORD_INVALID', 'a play is a map with hosts and tasks', {
      place: located.place,
      hint: '- hosts: all',
    });
    return undefined;
  }
  checkKeywords(located, loading);
  const hosts = readHosts(located, loading);
  const said = playVariables(located, loading);
  const variables = hostVariables(said, loading);
  const become = readBecome(located, ROOT(located.place), problems);
  const list = (key: 'tasks' | 'handlers') => {
    const tasks = located.child(key);
    if (tasks && !tasks.isList && tasks.value !== null) {
      problems.add('KEYWORD_INVALID', `"${key}" is a list`, { place: tasks.place });
    }
    return (tasks?.items() ?? []).flatMap((task) => loadTask(task, become, loading) ?? []);
  };
  const [writtenTasks, writtenHandlers] = [list('tasks'), list('handlers')];
  const written = [...writtenTasks, ...writtenHandlers];
  checkHandlers(located, written, loading);
  const [tasks, handlers] = [loadedOf(writtenTasks), loadedOf(writtenHandlers)];
  const play: Play = {
    name: readName(located.child('name'), problems) ?? patternText(located.child('hosts')),
    place: located.place,
    hosts,
    tasks: tasks.map(({ task }) => task),
    handlers: handlers.map(({ task }) => task),
    variables: (host) => Object.fromEntries<Expression>(variables(host)),
  };
  return { play, written, tasks, handlers, own: new Map([...said.defaults, ...said.own]), variables };
}

function checkKeywords(located: Located, { problems, modules }: PlayLoading): void {
  const keywords = Object.keys(PLAY_KEYWORDS);
  for (const [key, child] of located.entries()) {
    if (keywords.includes(key)) continue;
    const place = child.keyPlace;
    if (modules.has(key)) {
      problems.add('KEYWORD_UNKNOWN', `"${key}" is a module, not a keyword of a play`, {
        place,
        hint: 'put it under "tasks"',
      });
      continue;
    }
    const foreign = ansible(key, modules.keys());
    const guess = foreign ? '' : didYouMean(key, keywords);
    problems.add('KEYWORD_UNKNOWN', `"${key}" is no keyword of a play${guess}`, { place, hint: foreign?.instead });
  }
}

function readHosts(located: Located, { problems, inventory }: PlayLoading): readonly string[] {
  const given = located.child('hosts');
  if (!given) {
    problems.add('KEYWORD_INVALID', 'a play says which hosts it is for', { place: located.place, hint: 'hosts: all' });
    return [];
  }
  const parts = readTexts(given, problems);
  if (parts.length === 0) return [];
  // Each part is looked up by itself too, so that the one that matches nothing is the one that is shown.
  const sound = parts.filter(
    (part) => problems.attempt(() => matchHosts(String(part.value), inventory, part.place)) !== undefined,
  );
  if (sound.length < parts.length) return [];
  return problems.attempt(() => matchHosts(patternText(given), inventory, given.place)) ?? [];
}

function patternText(located: Located | undefined): string {
  if (!located) return 'play';
  return located.isList
    ? located
        .items()
        .map(({ value }) => String(value))
        .join(',')
    : String(located.value);
}

/** What a play says of variables: below the inventory's, and above them. */
interface PlayVariables {
  readonly defaults: ReadonlyMap<string, Value>;
  readonly own: ReadonlyMap<string, Value>;
}

/** The variables of `defaults_files`; and those of `vars_files`, then of `vars`. */
function playVariables(located: Located, { problems, folder }: PlayLoading): PlayVariables {
  const ofFiles = (keyword: string) =>
    readTexts(located.child(keyword), problems).flatMap((file) => {
      const path = fromFolder(folder, String(file.value));
      return [...(problems.attempt(() => fileVariables(path, problems, file.place)) ?? [])];
    });
  const compiled = (named: Iterable<readonly [string, Located]>) =>
    new Map(Array.from(new Map(named), ([name, value]) => [name, compileValue(value, problems)] as const));
  return {
    defaults: compiled(ofFiles('defaults_files')),
    own: compiled([...ofFiles('vars_files'), ...readVariables(located.child('vars'), problems)]),
  };
}

function hostVariables({ defaults, own }: PlayVariables, loading: PlayLoading): LoadedPlay['variables'] {
  const { inventory, problems, extraVars } = loading;
  const compiled = new Map<Located, Value>();
  const compile = (located: Located): Value => {
    const value = compiled.get(located) ?? compileValue(located, problems);
    compiled.set(located, value);
    return value;
  };
  const values = (vars: Readonly<Record<string, unknown>>, file: string) =>
    Array.from(
      placedVariables(vars, { file, line: 1, column: 1 }),
      ([name, located]) => [name, compile(located)] as const,
    );
  const extra = values(extraVars, '-e');
  const hosts = new Map<string, ReadonlyMap<string, Value>>();
  return (host) => {
    const known = hosts.get(host);
    if (known) return known;
    const made = new Map([
      ...defaults,
      ...values(inventory.hosts.get(host)?.vars ?? {}, inventory.source),
      ...own,
      ...extra,
    ]);
    hosts.set(host, made);
    return made;
  };
}

const loadedOf = (written: readonly WrittenTask[]): LoadedTask[] => written.flatMap(({ loaded }) => loaded ?? []);

function checkHandlers(located: Located, written: readonly WrittenTask[], { problems }: PlayLoading): void {
  const names = new Set<string>();
  for (const handler of located.child('handlers')?.items() ?? []) {
    const name = handler.child('name');
    if (!handler.isMap) continue;
    if (!name)
      problems.add('KEYWORD_INVALID', 'a handler has a name: that is how it is notified', { place: handler.place });
    else if (names.has(String(name.value)))
      problems.add('KEYWORD_INVALID', `there are two handlers "${name.value}"`, { place: name.place });
    names.add(String(name?.value));
  }
  for (const { notify } of written) {
    for (const wanted of notify) {
      const name = String(wanted.value);
      if (names.has(name)) continue;
      const guess = didYouMean(name, names);
      const message = `the play has no handler "${name}"${guess}`;
      problems.add('HANDLER_UNKNOWN', message, { place: wanted.place });
    }
  }
}
