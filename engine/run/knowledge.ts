import type { Facts } from '../plan/facts.ts';
import { Unknown } from '../plan/playbook.ts';

/** What a task leaves under its `register` name: the resource's state or the action's result, and whether it changed. */
export type Result = Readonly<Record<string, unknown>>;

/**
 * What the run knows so far, of all hosts: facts, and the results of registered tasks. A result is *predicted* when a probe asked
 * in advance says that its task has nothing to do, and *settled* once the task's turn has come; a prediction only decides what
 * else is worth asking in advance, for at a task's turn everything before it is settled.
 */
export class Knowledge {
  /** Grows with everything learnt, so that values computed from it can be kept until then. */
  version = 0;
  readonly #facts = new Map<string, Facts>();
  readonly #settled = new Map<string, Result | null>();
  readonly #predicted = new Map<string, Result>();

  hasFacts(host: string): boolean {
    return this.#facts.has(host);
  }

  learnFacts(host: string, facts: Facts): void {
    this.#facts.set(host, facts);
    this.version++;
  }

  /** @throws Unknown */
  facts(host: string): Facts {
    const facts = this.#facts.get(host);
    if (!facts) throw new Unknown({ kind: 'facts', host });
    return facts;
  }

  hasResult(host: string, name: string): boolean {
    return this.#find(host, name) !== null;
  }

  /** @throws Unknown */
  result(host: string, name: string): Result {
    const result = this.#find(host, name);
    if (!result) throw new Unknown({ kind: 'result', host, name });
    return result;
  }

  #find(host: string, name: string): Result | null {
    const key = `${host}\0${name}`;
    return (this.#settled.has(key) ? this.#settled.get(key) : this.#predicted.get(key)) ?? null;
  }

  predict(host: string, name: string, result: Result): void {
    this.#predicted.set(`${host}\0${name}`, result);
    this.version++;
  }

  /** `null`: the task's turn has come and its result stays unknown (a check that would change it, a failure). */
  settle(host: string, name: string, result: Result | null): void {
    this.#settled.set(`${host}\0${name}`, result);
    this.version++;
  }
}
