import { HailbookError } from '../errors.ts';
import type { Expression, Inventory, Play, Playbook, Scope, Task } from './playbook.ts';

/** What is known of hosts at a moment; both throw `Unknown` for what is not. */
export interface Known {
  /** Changes with everything learnt, so that what was computed from it can be kept until then. */
  readonly version: number;
  facts(host: string): unknown;
  result(host: string, name: string): unknown;
}

/** What a task can see: its play's variables, and the results of the tasks before it. */
interface View {
  readonly play: Play;
  readonly registered: readonly string[];
}

/** Names that were made once, good until something new is known. */
interface Base {
  readonly version: number;
  readonly scope: Record<string, unknown>;
}

/** Makes the names that expressions see. Everything is a lazy own property, so only what an expression uses is looked up. */
export class Scopes {
  readonly #inventory: Inventory;
  readonly #known: Known;
  /** Every registered name, and the first task that registers it. */
  readonly #registers: ReadonlyMap<string, number>;
  readonly #groups: Record<string, readonly string[]>;
  readonly #bases = new Map<Play, Map<string, Base>>();

  constructor(plays: Playbook['plays'], inventory: Inventory, known: Known) {
    this.#inventory = inventory;
    this.#known = known;
    this.#groups = Object.fromEntries(inventory.groups);
    const tasks = plays.flatMap((play) => [...play.tasks, ...play.handlers]).sort((a, b) => b.id - a.id);
    this.#registers = new Map(tasks.flatMap((task) => (task.register ? [[task.register, task.id] as const] : [])));
  }

  /** What a task's own expressions see on a host; `item` gives the loop's value when it is one turn of a loop. */
  forTask(play: Play, task: Task, host: string, item?: () => unknown): Scope {
    // What a later task registers must not be seen, though an answer in advance may tell it: a first run would not have it.
    const registered = [...this.#registers].filter(([, id]) => id < task.id).map(([name]) => name);
    const base = this.#base({ play, registered }, host);
    if (!item && Object.keys(task.vars).length === 0) return base;
    const scope: Record<string, unknown> = Object.defineProperties({}, Object.getOwnPropertyDescriptors(base));
    if (item) lazy(scope, 'item', item);
    lazyExpressions(scope, task.vars, () => scope);
    return scope;
  }

  /** A play's names on a host: variables, `facts`, `host`, `hosts`, `groups` and what earlier tasks registered. */
  #base(view: View, host: string): Record<string, unknown> {
    const { play, registered } = view;
    const ofPlay = this.#bases.get(play) ?? new Map<string, Base>();
    this.#bases.set(play, ofPlay);
    const key = `${host}\0${registered.length}`;
    const kept = ofPlay.get(key);
    if (kept && kept.version === this.#known.version) return kept.scope;

    const scope: Record<string, unknown> = {};
    // Registered names go in first: a variable of the same name is found before the run and refused there.
    for (const name of registered) lazy(scope, name, () => this.#known.result(host, name));
    lazy(scope, 'facts', () => this.#known.facts(host));
    lazy(scope, 'hosts', () => this.#hosts(view));
    lazy(scope, 'host', () => this.#host(view, host));
    scope.groups = this.#groups;
    lazyExpressions(scope, play.variables(host), () => scope);
    ofPlay.set(key, { version: this.#known.version, scope });
    return scope;
  }

  #hosts(view: View): Record<string, unknown> {
    const hosts: Record<string, unknown> = {};
    for (const name of this.#inventory.hosts.keys()) lazy(hosts, name, () => this.#host(view, name));
    return hosts;
  }

  #host(view: View, name: string): Record<string, unknown> {
    const { address, port } = this.#inventory.hosts.get(name) ?? {};
    const described: Record<string, unknown> = { name, address, port };
    lazy(described, 'vars', () => {
      const vars: Record<string, unknown> = {};
      lazyExpressions(vars, view.play.variables(name), () => this.#base(view, name));
      return vars;
    });
    lazy(described, 'facts', () => this.#known.facts(name));
    const results: Record<string, unknown> = {};
    for (const register of view.registered) lazy(results, register, () => this.#known.result(name, register));
    described.results = results;
    return described;
  }
}

/** An own, enumerable property that is computed when first read, and again if that threw. */
function lazy(target: Record<string, unknown>, name: string, compute: () => unknown): void {
  let kept: { value: unknown } | undefined;
  Object.defineProperty(target, name, {
    enumerable: true,
    configurable: true,
    get() {
      kept ??= { value: compute() };
      return kept.value;
    },
  });
}

function lazyExpressions(
  target: Record<string, unknown>,
  expressions: Readonly<Record<string, Expression>>,
  scope: () => Scope,
): void {
  for (const [name, expression] of Object.entries(expressions)) {
    let busy = false;
    lazy(target, name, () => {
      if (busy)
        throw new HailbookError('EXPRESSION_INVALID', `the variable "${name}" needs itself`, {
          place: expression.place,
        });
      busy = true;
      try {
        return expression.evaluate(scope());
      } finally {
        busy = false;
      }
    });
  }
}
