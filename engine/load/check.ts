import type { Inventory } from '../plan/playbook.ts';
import { checkReferences, GIVEN_NAMES, type Visible } from './names.ts';
import type { LoadedPlay } from './play.ts';
import type { Problems } from './problems.ts';
import type { LoadedTask, WrittenTask } from './task.ts';
import type { Value } from './value.ts';

/**
 * Reports every name in the plays that nothing defines where it is used, and variables that need each other.
 * Gives the tasks in which nothing was found to be wrong, neither by itself nor in the variables that they need.
 */
export function checkNames(
  plays: readonly LoadedPlay[],
  inventory: Inventory,
  problems: Problems,
): ReadonlySet<LoadedTask> {
  const everyTask = plays.flatMap(({ written }) => written);
  const registers = new Set(everyTask.flatMap(({ register }) => (register ? String(register.value) : [])));
  const seen = new Set<string>();
  checkRegisters(plays, everyTask, inventory, problems);
  const lost = new Set(
    everyTask.flatMap(({ register, loaded }) => (register && !loaded ? String(register.value) : [])),
  );
  return new Set(plays.flatMap((play) => new PlayNames(play, { registers, seen, lost }, inventory, problems).check()));
}

/** A registered name that is a variable too would hide it, or be hidden. */
function checkRegisters(
  plays: readonly LoadedPlay[],
  tasks: readonly WrittenTask[],
  inventory: Inventory,
  problems: Problems,
): void {
  const variables = new Set(
    plays.flatMap((play) => [...inventory.hosts.keys()].flatMap((host) => [...play.variables(host).keys()])),
  );
  for (const { vars } of tasks) for (const name of vars.keys()) variables.add(name);
  for (const { register } of tasks) {
    if (!register || !variables.has(String(register.value))) continue;
    problems.add('VARIABLE_INVALID', `"${register.value}" is a variable already`, { place: register.place });
  }
}

interface Registers {
  /** Of all plays. */
  readonly registers: ReadonlySet<string>;
  /** Of the tasks so far. */
  readonly seen: Set<string>;
  /** Of tasks that could not be loaded. */
  readonly lost: ReadonlySet<string>;
}

class PlayNames {
  readonly #play: LoadedPlay;
  readonly #registers: Registers;
  readonly #inventory: Inventory;
  readonly #problems: Problems;
  /** Variables that name what nothing defines. */
  readonly #unsound = new Set<Value>();
  /** Each variable with the values that it has on the play's hosts. */
  readonly #variables = new Map<string, Set<Value>>();

  constructor(play: LoadedPlay, registers: Registers, inventory: Inventory, problems: Problems) {
    this.#play = play;
    this.#registers = registers;
    this.#inventory = inventory;
    this.#problems = problems;
    const hosts = play.play.hosts.length > 0 ? play.play.hosts : inventory.hosts.keys();
    for (const host of hosts) {
      for (const [name, value] of play.variables(host))
        this.#variables.set(name, (this.#variables.get(name) ?? new Set()).add(value));
    }
  }

  /** Gives the play's sound tasks. */
  check(): LoadedTask[] {
    const anyRegister = this.#visible([...this.#variables.keys(), ...this.#registers.registers]);
    for (const value of this.#play.own.values()) this.#checkValue(value, anyRegister);
    const rings = this.#play.play.hosts.map((host) => reportCycle(this.#play.variables(host), this.#problems));
    const sound: LoadedTask[] = [];
    for (const task of this.#play.written) {
      const named = this.#checkTask(task);
      if (named && task.sound && task.loaded && !rings.includes(true)) sound.push(task.loaded);
      if (task.register) this.#registers.seen.add(String(task.register.value));
    }
    return sound;
  }

  #checkValue(value: Value, visible: Visible): void {
    const before = this.#problems.count;
    checkReferences(value.references, visible, this.#problems);
    if (this.#problems.count > before) this.#unsound.add(value);
  }

  #checkTask({ place, vars, references, looped }: WrittenTask): boolean {
    const before = this.#problems.count;
    const item = looped ? ['item'] : [];
    const visible = this.#visible([...this.#variables.keys(), ...this.#registers.seen, ...vars.keys(), ...item]);
    checkReferences(references, visible, this.#problems, place);
    for (const value of vars.values()) checkReferences(value.references, visible, this.#problems);
    reportCycle(vars, this.#problems);
    const used = [...references, ...[...vars.values()].flatMap((value) => value.references)];
    const reached = new Set<Value>();
    for (const { path } of used) {
      const [head] = path;
      if (!head || vars.has(head.name)) continue;
      const late = this.#lateRegister(head.name, reached);
      if (!late) continue;
      const message = `"${head.name}" needs "${late}", which no earlier task registers`;
      this.#problems.add('VARIABLE_UNDEFINED', message, { place: head.place });
    }
    const needed = [
      ...used.flatMap(({ path }) => path[0]?.name ?? []),
      ...[...reached].flatMap(({ names }) => [...names]),
    ];
    const whole = !needed.some((name) => this.#registers.lost.has(name));
    return whole && this.#problems.count === before && ![...reached].some((value) => this.#unsound.has(value));
  }

  /** Looks through a variable for what it needs in its turn: the first result that is not there yet. */
  #lateRegister(name: string, reached: Set<Value>): string | undefined {
    const { registers, seen } = this.#registers;
    for (const value of this.#variables.get(name) ?? []) {
      if (reached.has(value)) continue;
      reached.add(value);
      this.#checkValue(value, this.#visible([...this.#variables.keys(), ...registers]));
      for (const needed of value.names) {
        if (!this.#variables.has(needed) && registers.has(needed) && !seen.has(needed)) return needed;
        const late = this.#lateRegister(needed, reached);
        if (late) return late;
      }
    }
    return undefined;
  }

  #visible(names: readonly string[]): Visible {
    return {
      names: new Set([...GIVEN_NAMES, ...names]),
      hosts: new Set(this.#inventory.hosts.keys()),
      groups: new Set(this.#inventory.groups.keys()),
      absent: (name) => {
        if (name === 'item') return '"item" is there only in a task with "loop"';
        return this.#registers.registers.has(name) ? `"${name}" is registered only by a later task` : undefined;
      },
    };
  }
}

/** Reports the first ring of variables that need each other. */
function reportCycle(variables: ReadonlyMap<string, Value>, problems: Problems): boolean {
  const settled = new Set<string>();
  const visit = (name: string, open: readonly string[]): boolean => {
    const value = variables.get(name);
    if (!value || settled.has(name)) return false;
    if (open.includes(name)) {
      const ring = [...open.slice(open.indexOf(name)), name];
      const message =
        ring.length === 2
          ? `the variable "${name}" needs itself`
          : `the variables need each other: ${ring.join(' → ')}`;
      problems.add('EXPRESSION_INVALID', message, { place: value.place });
      return true;
    }
    const found = [...value.names].some((needed) => visit(needed, [...open, name]));
    settled.add(name);
    return found;
  };
  return [...variables.keys()].some((name) => visit(name, []));
}
