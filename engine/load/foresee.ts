import { HailbookError } from '../errors.ts';
import { type Expression, type Inventory, type Scope, Unknown } from '../plan/playbook.ts';
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
  const registers = new Set(
    plays.flatMap(({ tasks, handlers }) => [...tasks, ...handlers]).flatMap(({ task }) => task.register ?? []),
  );
  for (const loaded of plays) {
    const scopes = new Scopes(loaded, inventory, registers);
    const { hosts } = loaded.play;
    const tasks = [...loaded.tasks, ...loaded.handlers].filter((task) => sound.has(task));
    const found = new Map<string, { problem: HailbookError; hosts: string[] }>();
    for (const host of hosts) {
      for (const problem of problemsOn(host, tasks, scopes)) {
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

function problemsOn(host: string, tasks: readonly LoadedTask[], scopes: Scopes): HailbookError[] {
  const problems = new Problems();
  for (const task of tasks) problems.attempt(() => foreseeTask(task, host, scopes, problems));
  return problems.list();
}

function foreseeTask({ task, args }: LoadedTask, host: string, scopes: Scopes, problems: Problems): void {
  const outer = scopes.ofTask(task, host);
  const { loop, when } = task;
  const items = loop ? known(() => loop.evaluate(outer)) : [];
  // A loop over what is not known yet has one turn of which nothing is known.
  const turns = !loop
    ? [outer]
    : (items?.map((item) => scopes.ofTask(task, host, () => item)) ?? [scopes.ofTask(task, host, unknownItem(host))]);
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

/** The names that expressions see before a run. */
class Scopes {
  readonly #play: LoadedPlay;
  readonly #inventory: Inventory;
  readonly #registers: ReadonlySet<string>;
  readonly #groups: Readonly<Record<string, readonly string[]>>;
  readonly #bases = new Map<string, Record<string, unknown>>();

  constructor(play: LoadedPlay, inventory: Inventory, registers: ReadonlySet<string>) {
    this.#play = play;
    this.#inventory = inventory;
    this.#registers = registers;
    this.#groups = Object.fromEntries(inventory.groups);
  }

  ofTask(task: LoadedTask['task'], host: string, item?: () => unknown): Scope {
    const scope: Record<string, unknown> = Object.defineProperties(
      {},
      Object.getOwnPropertyDescriptors(this.#base(host)),
    );
    if (item) lazy(scope, 'item', item);
    lazyValues(scope, task.vars, () => scope);
    return scope;
  }

  #base(host: string): Record<string, unknown> {
    const made = this.#bases.get(host);
    if (made) return made;
    const scope: Record<string, unknown> = { groups: this.#groups };
    this.#bases.set(host, scope);
    this.#lazyResults(scope, host);
    lazy(scope, 'facts', () => missingFacts(host));
    lazy(scope, 'host', () => this.#host(host));
    lazy(scope, 'hosts', () => {
      const hosts: Record<string, unknown> = {};
      for (const name of this.#inventory.hosts.keys()) lazy(hosts, name, () => this.#host(name));
      return hosts;
    });
    lazyValues(scope, Object.fromEntries(this.#play.variables(host)), () => scope);
    return scope;
  }

  #host(name: string): Record<string, unknown> {
    const host: Record<string, unknown> = { name };
    lazy(host, 'vars', () => {
      const vars: Record<string, unknown> = {};
      lazyValues(vars, Object.fromEntries(this.#play.variables(name)), () => this.#base(name));
      return vars;
    });
    lazy(host, 'facts', () => missingFacts(name));
    const results: Record<string, unknown> = {};
    this.#lazyResults(results, name);
    host.results = results;
    return host;
  }

  #lazyResults(target: Record<string, unknown>, host: string): void {
    for (const name of this.#registers) {
      lazy(target, name, () => {
        throw new Unknown({ kind: 'result', host, name });
      });
    }
  }
}

function missingFacts(host: string): never {
  throw new Unknown({ kind: 'facts', host });
}

function lazyValues(
  target: Record<string, unknown>,
  values: Readonly<Record<string, Expression>>,
  scope: () => Scope,
): void {
  for (const [name, value] of Object.entries(values)) {
    let busy = false;
    lazy(target, name, () => {
      if (busy)
        throw new HailbookError('EXPRESSION_INVALID', `the variable "${name}" needs itself`, { place: value.place });
      busy = true;
      try {
        return value.evaluate(scope());
      } finally {
        busy = false;
      }
    });
  }
}

/** A property that is computed when first read, and again if that threw. */
function lazy(target: Record<string, unknown>, name: string, compute: () => unknown): void {
  let kept: { readonly value: unknown } | undefined;
  const get = () => {
    kept ??= { value: compute() };
    return kept.value;
  };
  Object.defineProperty(target, name, { enumerable: true, configurable: true, get });
}
