import { setTimeout as sleep } from 'node:timers/promises';
import { HailbookError } from '../errors.ts';
import type { Way } from './channel.ts';
import { Gate } from './gate.ts';
import { type KeyFiles, Login } from './identities.ts';
import {
  addKnownKey,
  fingerprint,
  type HostKeyPolicy,
  hostKeyAlgorithms,
  hostName,
  judge,
  type KnownKey,
  keyType,
  readKnownKeys,
  type Verdict,
} from './known_hosts.ts';
import { DialError, dial } from './ssh.ts';

/** Whom to reach, and what to trust. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The one key file to use; the usual ones when undefined. */
  readonly key: string | undefined;
  /** The socket of an ssh-agent. */
  readonly agent: string | undefined;
  readonly knownHosts: readonly string[];
  readonly hostKeys: HostKeyPolicy;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Asks for the login's password; undefined: none is tried. */
  readonly password: (() => Promise<string>) | undefined;
}

/** sshd drops connections at random from ten that have not logged in (MaxStartups 10:30:100). */
const UNAUTHENTICATED = 8;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

/** Logs in over SSH, for all hosts of a run. */
export class SshDoor {
  readonly #files: KeyFiles;
  readonly #gates = new Map<string, Gate>();

  constructor(files: KeyFiles) {
    this.#files = files;
  }

  /** @throws HailbookError HOST_UNREACHABLE | HOST_KEY_UNKNOWN | HOST_KEY_CHANGED | HOST_KEY_REVOKED | AUTH_FAILED */
  enter(target: Target): Promise<Way> {
    const name = hostName(target.address, target.port);
    const gate = this.#gates.get(name) ?? new Gate(UNAUTHENTICATED);
    this.#gates.set(name, gate);
    return gate.pass(() => this.#enter(target, name));
  }

  /** Tries again only when the server hung up before its greeting: then nothing was said, and others are at its door. */
  async #enter(target: Target, name: string): Promise<Way> {
    const until = performance.now() + target.connectTimeout * 1000;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const login = new Login(target.user, target.key, target.agent, this.#files, target.password);
      try {
        return await this.#dial(target, name, login);
      } catch (error) {
        if (!(error instanceof DialError)) throw error;
        const turnedAway = error.phase === 'greeting' && error.kind === 'lost';
        const wait = pause * (0.5 + Math.random());
        if (!turnedAway || performance.now() + wait > until) throw describe(error, target, login);
        await sleep(wait);
      }
    }
  }

  #dial(target: Target, name: string, login: Login): Promise<Way> {
    const known = readKnownKeys(target.knownHosts, name);
    let fresh: Buffer | undefined;
    return dial({
      address: target.address,
      port: target.port,
      user: target.user,
      timeout: target.connectTimeout,
      algorithms: hostKeyAlgorithms(known),
      checkHostKey(key) {
        // Asked again with the same key when a long connection renews its keys.
        if (fresh?.equals(key)) return;
        const verdict = judge(known, key);
        if (verdict.kind === 'known') return;
        const shown = `${name} shows a ${keyType(key)} key with the fingerprint ${fingerprint(key)}`;
        if (verdict.kind !== 'unknown') throw refusedKey(shown, verdict);
        if (target.hostKeys === 'strict') throw unknownKey(shown, target.knownHosts);
        fresh = key;
      },
      hostKeyProven() {
        const file = target.knownHosts[0];
        if (fresh && file !== undefined) addKnownKey(file, name, fresh);
      },
      nextMethod: (accepted, deadline) => login.next(accepted, deadline),
    });
  }
}

function unknownKey(shown: string, files: readonly string[]): HailbookError {
  const looked = files.length > 0 ? files.join(', ') : 'no file';
  return new HailbookError('HOST_KEY_UNKNOWN', `${shown}, which is not in known_hosts (${looked})`, {
    hint: 'compare the fingerprint with the one that the host itself shows (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub), then use --host-keys accept-new once',
  });
}

function refusedKey(shown: string, verdict: Extract<Verdict, { entry: KnownKey }>): HailbookError {
  const { where, type, blob } = verdict.entry;
  if (verdict.kind === 'revoked')
    return new HailbookError(
      'HOST_KEY_REVOKED',
      `${shown}; ${where} marks it @revoked: whoever holds it may not be the host`,
    );
  return new HailbookError(
    'HOST_KEY_CHANGED',
    `${shown}; ${where} has a ${type} key with ${fingerprint(blob)} for it`,
    {
      hint: `someone may be in between; if the host was set up anew, remove ${where} and compare the fingerprint`,
    },
  );
}

const HINTS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: is sshd running, and is the port right?',
  ENOTFOUND: 'the name is not known to this machine: give an address in the inventory',
  EAI_AGAIN: 'the name could not be looked up just now',
  EHOSTUNREACH: 'there is no way to the address: is the host up, and the network right?',
  ENETUNREACH: 'there is no way to the address: is the network right?',
};

function describe(error: DialError, target: Target, login: Login): HailbookError {
  const where = `${target.address}:${target.port}`;
  if (error.phase === 'authentication' && error.kind !== 'late') {
    const tried =
      login.tried.length > 0 ? login.tried.join(', ') : 'nothing: no key, agent or password is there to try';
    const takes = login.accepted.length > 0 ? `; it takes ${login.accepted.join(', ')}` : '';
    const said = error.kind === 'refused' ? '' : ` (${error.message})`;
    return new HailbookError('AUTH_FAILED', `${where} did not let ${target.user} in${said}; tried: ${tried}${takes}`, {
      hint: 'name the user with -u, a key with --key, or give --ask-pass',
      cause: error,
    });
  }
  const code = (error.cause as NodeJS.ErrnoException).code ?? '';
  const hint = error.kind === 'late' ? 'a firewall may drop the packets, or the host is down' : HINTS[code];
  return new HailbookError('HOST_UNREACHABLE', `${where}: ${error.message}`, { hint, cause: error });
}
