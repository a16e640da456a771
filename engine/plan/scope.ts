import { HailbookError } from '../errors.ts';
import type { Expression, Inventory, Play, Playbook, Scope, Task } from './playbook.ts';

/** What is known of hosts at a moment; both throw `Unknown` for what is not. */
export interface Known {
  /** Changes with everything learnt, so that what was computed from it can be kept until then. */
  readonly version: number;
  facts(host: string): unknown;
  result(host: string, name: string): unknown;
}

/** Makes the names that expressions see. Everything is a lazy own property, so only what an expression uses is looked up. */
export class Scopes {
  readonly #inventory: Inventory;
  readonly #known: Known;
  readonly #registers: readonly string[];
  readonly #groups: Record<string, readonly string[]>;
  readonly #bases = new Map<Play, Map<string, { version: number; scope: Record<string, unknown> }>>();

  constructor(plays: Playbook['plays'], inventory: Inventory, known: Known) {
    this.#inventory = inventory;
    this.#known = known;
    this.#groups = Object.fromEntries(inventory.groups);
    const tasks = plays.flatMap((play) => [...play.tasks, ...play.handlers]);
    this.#registers = [...new Set(tasks.flatMap((task) => task.register ?? []))];
  }

  /** What a task's own expressions see on a host; `item` gives the loop's value when it is one turn of a loop. */
  forTask(play: Play, task: Task, host: string, item?: () => unknown): Scope {
    const base = this.#base(play, host);
    if (!item && Object.keys(task.vars).length === 0) return base;
    const scope: Record<string, unknown> = Object.defineProperties({}, Object.getOwnPropertyDescriptors(base));
    if (item) lazy(scope, 'item', item);
    lazyExpressions(scope, task.vars, () => scope);
    return scope;
  }

  /** A play's names on a host: variables, `facts`, `host`, `hosts`, `groups` and what tasks registered. */
  #base(play: Play, host: string): Record<string, unknown> {
    const ofPlay = this.#bases.get(play) ?? new Map<string, { version: number; scope: Record<string, unknown> }>();
    this.#bases.set(play, ofPlay);
    const kept = ofPlay.get(host);
    if (kept && kept.version === this.#known.version) return kept.scope;

    const scope: Record<string, unknown> = {};
    // Registered names go in first: a variable of the same name is found before the run and refused there.
    for (const name of this.#registers) lazy(scope, name, () => this.#known.result(host, name));
    lazy(scope, 'facts', () => this.#known.facts(host));
    lazy(scope, 'hosts', () => this.#hosts(play));
    lazy(scope, 'host', () => this.#host(play, host));
    scope.groups = this.#groups;
    lazyExpressions(scope, play.variables(host), () => scope);
    ofPlay.set(host, { version: this.#known.version, scope });
    return scope;
  }

  #hosts(play: Play): Record<string, unknown> {
    const hosts: Record<string, unknown> = {};
    for (const name of this.#inventory.hosts.keys()) lazy(hosts, name, () => this.#host(play, name));
    return hosts;
  }

  #host(play: Play, name: string): Record<string, unknown> {
    const described: Record<string, unknown> = { name, address: this.#inventory.hosts.get(name)?.address };
    lazy(described, 'vars', () => {
      const vars: Record<string, unknown> = {};
      lazyExpressions(vars, play.variables(name), () => this.#base(play, name));
      return vars;
    });
    lazy(described, 'facts', () => this.#known.facts(name));
    const results: Record<string, unknown> = {};
    for (const register of this.#registers) lazy(results, register, () => this.#known.result(name, register));
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
