import {
  type Connect,
  type Connection,
  createConnect,
  type ErrorReport,
  type Inventory,
  loadInventory,
  loadPlaybooks,
  MODULES,
  type RunEvent,
  run,
  type Sh,
  type Status,
} from '../../engine/index.ts';
import { upperFolder } from '../../lab/disk.ts';
import { inTurn } from '../../lab/release.ts';
import { labPlace, readRecord } from '../../lab/state.ts';
import { differing, entriesOf } from '../e2e/disk.ts';

/** What one task came to. */
export interface Told {
  readonly status: Status;
  readonly changes: readonly string[];
  readonly error?: ErrorReport;
}

/** A host of the lab over one SSH connection, which all runs use one after the other. */
export class LabHost {
  readonly name: string;
  readonly #inventory: Inventory;
  readonly #connect: Connect;
  #connection: Promise<Connection> | undefined;

  constructor(name: string) {
    const place = labPlace();
    this.name = name;
    this.#inventory = loadInventory(place.inventory);
    this.#connect = createConnect({
      knownHosts: [place.knownHosts],
      hostKeys: 'strict',
      connectTimeout: 10,
      prompts: { passphrase: () => Promise.reject(new Error("the lab's key has no passphrase")) },
    });
  }

  /** Runs a script as root, with the umask that a person has; its output, or an error with what it printed. */
  async sh(script: Sh | string): Promise<string> {
    const connection = await this.#shared();
    const [reply] = await connection.ask('root', [{ script: `umask 022\n${script}` as Sh, group: 0, timeout: 120 }]);
    if (reply?.code === 0) return reply.stdout;
    throw new Error(`exit ${reply?.code}: ${reply?.stderr}${reply?.stdout}\nof the script\n${script}`);
  }

  /** A check or a run of a playbook of one task. */
  async play(file: string, mode: 'run' | 'check'): Promise<Told> {
    const results = (await this.events(file, mode)).filter((event) => event.event === 'result');
    const [told, ...more] = results;
    if (!told || more.length > 0) throw new Error(`one task gave ${results.length} results`);
    return told;
  }

  /** Everything that a check or a run tells. */
  async events(file: string, mode: 'run' | 'check', diff = false): Promise<RunEvent[]> {
    const inventory = this.#inventory;
    const playbook = loadPlaybooks([file], { inventory, modules: MODULES, extraVars: {} });
    const events: RunEvent[] = [];
    const emit = (event: RunEvent): void => {
      events.push(event);
    };
    await run(playbook, { inventory, hosts: [this.name], mode, diff, forks: 1, connect: this.#reusing(), emit });
    return events;
  }

  /** Paths on the host's disk that work has written; what the host writes by itself does not count. */
  async written(work: () => Promise<unknown>): Promise<string[]> {
    const upper = upperFolder(labPlace(), this.name);
    const before = entriesOf(upper, 'times');
    await work();
    return differing(before, entriesOf(upper, 'times'));
  }

  async close(): Promise<void> {
    (await this.#connection?.catch(() => undefined))?.close();
    this.#connection = undefined;
  }

  /** The first connection of a run is the shared one; a further one in the same run is meant to be new. */
  #reusing(): Connect {
    let used = false;
    return async (host) => {
      if (used) return this.#connect(host);
      used = true;
      return notClosing(await this.#shared());
    };
  }

  async #shared(): Promise<Connection> {
    const host = this.#inventory.hosts.get(this.name);
    if (!host) throw new Error(`the lab has no host ${this.name}`);
    this.#connection ??= this.#connect(host).then((connection) => this.#forgottenWhenLost(connection));
    return this.#connection;
  }

  #forgottenWhenLost(connection: Connection): Connection {
    return {
      get requests() {
        return connection.requests;
      },
      get shells() {
        return connection.shells;
      },
      ask: (...request) =>
        connection.ask(...request).catch((error) => {
          this.#connection = undefined;
          connection.close();
          throw error;
        }),
      lock: (lock) => connection.lock(lock),
      close: () => connection.close(),
    };
  }
}

const notClosing = (connection: Connection): Connection => ({
  get requests() {
    return connection.requests;
  },
  get shells() {
    return connection.shells;
  },
  ask: (...request) => connection.ask(...request),
  lock: (lock) => connection.lock(lock),
  close: () => {},
});

/** Of the lab that runs one host of each release: the last one, because the first has the most to do in other tests. */
export function oneOfEachRelease(): string[] {
  const hosts = readRecord(labPlace())?.hosts ?? [];
  // Not a test: `-t` would leave it out, and without hosts everything would pass.
  if (hosts.length === 0)
    throw new Error(`there is no lab in ${labPlace().folder}: raise one with \`hailbook lab up\``);
  return [...new Map(hosts.map((name) => [releaseOf(name), name])).values()];
}

export function releaseOf(host: string): string {
  const { hosts = [], releases = [] } = readRecord(labPlace()) ?? {};
  return inTurn(releases, hosts.indexOf(host));
}
