import { userInfo } from 'node:os';
import type { Host } from '../plan/playbook.ts';
import type { Way } from './channel.ts';
import type { Connect, Connection, HostLock, Reply, WireRecord } from './connection.ts';
import { KeyFiles, type Prompts } from './identities.ts';
import type { HostKeyPolicy } from './known_hosts.ts';
import { localWay } from './local.ts';
import { SshDoor } from './login.ts';
import { Shell } from './shell.ts';

/** How hosts are reached. What is named here wins over the inventory's `user` and `key`. */
export interface ConnectOptions {
  /** `-u`; else the inventory's, else who runs hailbook. */
  readonly user?: string | undefined;
  /** `--key`; else the inventory's, else ~/.ssh/id_ed25519, id_ecdsa, id_rsa. */
  readonly key?: string | undefined;
  /** The socket of an ssh-agent: SSH_AUTH_SOCK. */
  readonly agent?: string | undefined;
  /** All are read; `accept-new` adds to the first. */
  readonly knownHosts: readonly string[];
  readonly hostKeys: HostKeyPolicy;
  /** Seconds until a host must have let us in. */
  readonly connectTimeout: number;
  readonly prompts: Prompts;
}

/** Ways to the hosts of one run: they share unlocked keys and what a server is asked at a time. */
export function createConnect(options: ConnectOptions): Connect {
  const door = new SshDoor(new KeyFiles(options.prompts.passphrase));
  return async (host) => new HostConnection(await reach(host, options, door), host, options.prompts.becomePassword);
}

async function reach(host: Host, options: ConnectOptions, door: SshDoor): Promise<Way> {
  if (host.connection === 'local') return localWay();
  const { agent, knownHosts, hostKeys, connectTimeout, prompts } = options;
  const user = options.user ?? host.user ?? userInfo().username;
  const { password } = prompts;
  return door.enter({
    address: host.address,
    port: host.port,
    user,
    key: options.key ?? host.key,
    agent,
    knownHosts,
    hostKeys,
    connectTimeout,
    password: password && (() => password(host.name, user)),
  });
}

class HostConnection implements Connection {
  readonly #way: Way;
  readonly #password: (() => Promise<string>) | undefined;
  readonly #shells = new Map<string | null, Shell>();
  /** The shell that holds the host's lock, or will. */
  #locking: Shell | undefined;

  constructor(way: Way, host: Host, becomePassword: Prompts['becomePassword']) {
    this.#way = way;
    this.#password = becomePassword && once(() => becomePassword(host.name, way.login));
  }

  get requests(): number {
    return [...this.#shells.values()].reduce((sum, shell) => sum + shell.requests, 0);
  }

  get shells(): number {
    return [...this.#shells.values()].reduce((sum, shell) => sum + shell.opened, 0);
  }

  async ask(
    user: string | null,
    records: readonly WireRecord[],
    onLine?: (line: string) => void,
    doing?: string,
  ): Promise<Reply[]> {
    const shell = this.#shell(user);
    if (this.#locking && shell !== this.#locking) await this.#locking.locked();
    return shell.ask(records, onLine, doing);
  }

  lock(lock: HostLock): void {
    this.#locking = this.#shell(lock.user);
    this.#locking.lock = lock;
  }

  #shell(user: string | null): Shell {
    // Who is already the wanted user needs no sudo: on many hosts root has none.
    const other = user === this.#way.login ? null : user;
    const shell = this.#shells.get(other) ?? new Shell(this.#way, other, this.#password);
    this.#shells.set(other, shell);
    return shell;
  }

  close(): void {
    this.#way.close();
  }
}

/** Asked once for a host, however many shells want it. */
function once<T>(question: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= question();
    return answer;
  };
}
