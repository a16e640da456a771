import { randomUUID } from 'node:crypto';
import type { HailbookError } from '../errors.ts';
import type { Key } from '../plan/contract.ts';
import type { Inventory, Play, Playbook, Task } from '../plan/playbook.ts';
import { Scopes } from '../plan/scope.ts';
import type { Connect, HostLock } from '../transport/connection.ts';
import type { RunEvent, Status, TaskLabel } from './events.ts';
import type { Position } from './instance.ts';
import { Knowledge } from './knowledge.ts';
import { Masking } from './masking.ts';
import { type InParallel, inParallel } from './order.ts';
import { Session } from './session.ts';

export interface RunOptions {
  readonly inventory: Inventory;
  /** The hosts that may be written, after --limit; the others are looked at when an expression needs them. */
  readonly hosts: readonly string[];
  readonly mode: 'run' | 'check';
  /** Fetch a changed file's present text, so that a diff can be shown. */
  readonly diff: boolean;
  /** Hosts at a time. */
  readonly forks: number;
  readonly connect: Connect;
  readonly emit: (event: RunEvent) => void;
  /** Strike out the handlers that hosts remember from earlier runs of these playbooks, rather than run them. */
  readonly forgetHandlers?: boolean;
  /** A host's folder for what it remembers, where several names are one machine; else /var/lib/hailbook, or ~/.local/state/hailbook for those who are not root. */
  readonly stateFolder?: (host: string) => string;
  /** Keep other runs away from a host while it is changed. */
  readonly lock?: LockOptions;
  /** Aborted: what runs ends, nothing new begins. */
  readonly signal?: AbortSignal;
}

interface LockOptions {
  /** Who runs this, for others to read: `jane@laptop`. */
  readonly holder: string;
  /** Seconds to wait for another run. */
  readonly wait: number;
}

/** One host in one run. */
export class HostRun {
  readonly name: string;
  readonly session: Session;
  /** Why nothing more is done on it. */
  stopped: HailbookError | null = null;
  /** In a check: what the changes so far would have written. */
  readonly assumed: Key[] = [];
  /** Ids of handlers to run at the end of the play. */
  readonly notified = new Set<number>();
  /** The names of the files in which the host remembers handlers: since this run, or from an earlier one. */
  readonly remembered = new Map<number, Set<string>>();
  readonly counts: Record<Status, number> = {
    ok: 0,
    changed: 0,
    assumed: 0,
    unknown: 0,
    skipped: 0,
    failed: 0,
    ignored: 0,
    unreachable: 0,
  };

  constructor(session: Session) {
    this.name = session.host.name;
    this.session = session;
  }
}

/** What every part of a run shares. */
export class RunContext {
  readonly options: RunOptions;
  readonly check: boolean;
  readonly knowledge = new Knowledge();
  /** The secrets that have come up, so that no report shows one. */
  readonly secrets = new Masking();
  /** Files that were fetched to the controller → the host that they are from. */
  readonly brought = new Map<string, string>();
  readonly scopes: Scopes;
  readonly each: InParallel;
  /** Every task of every play in order, without handlers. */
  readonly positions: readonly Position[];
  readonly plays: readonly Play[];
  readonly #hosts = new Map<string, HostRun>();
  readonly #writable: ReadonlySet<string>;
  readonly #id = randomUUID();
  readonly #keepers = new Map<string, string | null>();

  constructor(playbook: Playbook, options: RunOptions) {
    this.options = options;
    this.check = options.mode === 'check';
    this.scopes = new Scopes(playbook.plays, options.inventory, this.knowledge);
    this.each = inParallel(options.forks);
    this.#writable = new Set(options.hosts);
    this.plays = playbook.plays;
    this.positions = playbook.plays.flatMap((play) => play.tasks.map((task) => ({ play, task, handler: false })));
  }

  emit(event: RunEvent): void {
    this.options.emit(this.secrets.mask(event));
  }

  /** May the run write this host? */
  writable(name: string): boolean {
    return this.#writable.has(name);
  }

  /** A host of the inventory; the connection is made when first needed. */
  host(name: string): HostRun {
    let run = this.#hosts.get(name);
    if (!run) {
      const host = this.options.inventory.hosts.get(name);
      if (!host) throw new Error(`no host ${name} in the inventory`);
      run = new HostRun(new Session(host, this.options.connect, this.#lockOf(name)));
      this.#hosts.set(name, run);
    }
    return run;
  }

  /** Who only looks needs no lock. */
  #lockOf(name: string): HostLock | null {
    const { lock } = this.options;
    if (!lock || this.check || !this.writable(name)) return null;
    const tell = (message: string): void => this.emit({ event: 'notice', host: name, message });
    return { ...lock, run: this.#id, user: this.keeper(name), tell };
  }

  /**
   * The account that keeps what belongs to the host rather than to a task: root when a task works as root, else the first other one.
   * Null: the one who logs in.
   */
  keeper(name: string): string | null {
    const known = this.#keepers.get(name);
    if (known !== undefined) return known;
    const keeper = this.#chooseKeeper(name);
    this.#keepers.set(name, keeper);
    return keeper;
  }

  #chooseKeeper(name: string): string | null {
    const users = this.positions
      .filter(({ play }) => play.hosts.includes(name))
      .map(({ play, task }) => (task.become ? this.#userOf(play, task, name) : null))
      .filter((user) => user !== undefined);
    if (users.includes('root')) return 'root';
    return users.includes(null) ? null : (users[0] ?? null);
  }

  #userOf(play: Play, task: Task, host: string): string | undefined {
    try {
      return task.becomeUser.evaluate(this.scopes.forTask(play, task, host));
    } catch {
      return undefined; // Known only later, or reported when the task's turn comes.
    }
  }

  /** The hosts that were touched or looked at. */
  get hosts(): Iterable<HostRun> {
    return this.#hosts.values();
  }

  /** The tasks that a host still has before it after this one. */
  after(position: Position, host: string): Position[] {
    const here = this.positions.findIndex(({ task }) => task === position.task);
    // A handler stands after its play's tasks.
    const start = here >= 0 ? here + 1 : this.positions.findLastIndex(({ play }) => play === position.play) + 1;
    return this.positions.slice(start).filter(({ play }) => play.hosts.includes(host));
  }
}

export function labelOf({ task, handler }: Position): TaskLabel {
  return { id: task.id, name: task.name, module: task.module.name, handler, place: task.place };
}
