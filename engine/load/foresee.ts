import type { HailbookError } from '../errors.ts';
import { type Inventory, type Play, Unknown } from '../plan/playbook.ts';
import { type Known, Scopes } from '../plan/scope.ts';
import type { LoadedPlay } from './play.ts';
import { Problems } from './problems.ts';
import type { LoadedTask } from './task.ts';

/**
 * Evaluates every sound task for every host with all that is known before a run: variables and the inventory, but neither facts nor results.
 * What fails already then is reported; what needs more is left for the run.
 */
export function foresee(
  plays: readonly LoadedPlay[],
  sound: ReadonlySet<LoadedTask>,
  inventory: Inventory,
  problems: Problems,
): void {
  const scopes = new Scopes(
    plays.map(({ play }) => play),
    inventory,
    NOTHING,
  );
  for (const loaded of plays) {
    const { hosts } = loaded.play;
    const tasks = [...loaded.tasks, ...loaded.handlers].filter((task) => sound.has(task));
    const found = new Map<string, { problem: HailbookError; hosts: string[] }>();
    for (const host of hosts) {
      for (const problem of problemsOn(loaded.play, host, tasks, scopes)) {
        const key = [
          problem.code,
          problem.message,
          problem.place?.file,
          problem.place?.line,
          problem.place?.column,
        ].join('\0');
        const entry = found.get(key) ?? { problem, hosts: [] };
        if (!entry.hosts.includes(host)) entry.hosts.push(host);
        found.set(key, entry);
      }
    }
    for (const { problem, hosts: on } of found.values()) {
      if (problems.has(problem)) continue;
      const message = on.length === hosts.length ? problem.message : `${problem.message} (on ${on.join(', ')})`;
      problems.add(problem.code, message, { place: problem.place, hint: problem.hint });
    }
  }
}

function problemsOn(play: Play, host: string, tasks: readonly LoadedTask[], scopes: Scopes): HailbookError[] {
  const problems = new Problems();
  for (const task of tasks) problems.attempt(() => foreseeTask(play, task, host, scopes, problems));
  return problems.list();
}

function foreseeTask(play: Play, { task, args }: LoadedTask, host: string, scopes: Scopes, problems: Problems): void {
  const outer = scopes.forTask(play, task, host);
  const { loop, when } = task;
  const items = loop ? known(() => loop.evaluate(outer)) : [];
  // A loop over what is not known yet has one turn of which nothing is known.
  const turns = !loop
    ? [outer]
    : (items?.map((item) => scopes.forTask(play, task, host, () => item)) ?? [
        scopes.forTask(play, task, host, unknownItem(host)),
      ]);
  for (const scope of turns) {
    // A condition that is not known may be what keeps the rest from being wrong.
    if (when && known(() => when.evaluate(scope)) !== true) continue;
    if (task.become) known(() => task.becomeUser.evaluate(scope));
    problems.attempt(() => args.foresee(scope, problems));
  }
}

const unknownItem = (host: string) => (): never => {
  throw new Unknown({ kind: 'facts', host });
};

function known<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** Before a run neither facts nor results are known. */
const NOTHING: Known = {
  version: 0,
  facts: (host) => {
    throw new Unknown({ kind: 'facts', host });
  },
  result: (host, name) => {
    throw new Unknown({ kind: 'result', host, name });
  },
};
