import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Deadline } from './deadline.ts';
import { type AnyAuthMethod, KeyAgent, type ParsedKey, readPrivateKey, readPublicKey } from './ssh.ts';

/** What is asked of a person, when it is needed and not before. */
export interface Prompts {
  /** The passphrase of an encrypted key file. */
  passphrase(path: string): Promise<string>;
  /** The login's password; without it no password is tried. */
  password?: ((host: string, user: string) => Promise<string>) | undefined;
  /** sudo's password; without it sudo must not need one. */
  becomePassword?: ((host: string, user: string) => Promise<string>) | undefined;
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const ATTEMPTS = 3;

/** The key files of one run. A passphrase is asked for once, however many hosts want the key. */
export class KeyFiles {
  readonly #passphrase: (path: string) => Promise<string>;
  readonly #texts = new Map<string, Promise<Buffer | Error>>();
  readonly #unlocked = new Map<string, Promise<ParsedKey | Error>>();

  constructor(passphrase: (path: string) => Promise<string>) {
    this.#passphrase = passphrase;
  }

  /** A key as an agent that unlocks it when a server wants it; or why it cannot be used. */
  async agent(path: string, deadline: Deadline): Promise<KeyAgent | Error> {
    const text = await this.#text(path);
    if (text instanceof Error) return text;
    const key = readPrivateKey(text);
    if (key instanceof Error) return key;
    if (typeof key !== 'string') return new KeyAgent(key, async () => key);
    const unlock = (): Promise<ParsedKey | Error> => deadline.pausing(() => this.#unlock(path, text));
    // With its public half at hand the server is asked first whether it would take the key at all.
    const half = await this.#text(`${path}.pub`);
    const publicKey = half instanceof Error ? undefined : readPublicKey(half);
    if (publicKey) return new KeyAgent(publicKey, unlock);
    const opened = await unlock();
    return opened instanceof Error ? opened : new KeyAgent(opened, async () => opened);
  }

  #text(path: string): Promise<Buffer | Error> {
    const text = this.#texts.get(path) ?? readFile(path).catch(asError);
    this.#texts.set(path, text);
    return text;
  }

  #unlock(path: string, text: Buffer): Promise<ParsedKey | Error> {
    const key = this.#unlocked.get(path) ?? this.#ask(path, text);
    this.#unlocked.set(path, key);
    return key;
  }

  async #ask(path: string, text: Buffer): Promise<ParsedKey | Error> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const key = readPrivateKey(text, await this.#passphrase(path));
      if (typeof key !== 'string') return key;
    }
    return new Error('wrong passphrase');
  }
}

/** The ways to log in, in order, and what became of them: for the message when none is left. */
export class Login {
  /** What was tried, or could not be. */
  readonly tried: string[] = [];
  /** What the server said that it takes. */
  accepted: readonly string[] = [];
  readonly #ways: { type: string; name: string; method: (deadline: Deadline) => Promise<AnyAuthMethod | Error> }[] = [];

  /**
   * A key that was named comes first and alone with the agent; else the agent, then the usual files; a password last.
   * @param agent the socket of an ssh-agent
   */
  constructor(
    user: string,
    key: string | undefined,
    agent: string | undefined,
    files: KeyFiles,
    password?: () => Promise<string>,
  ) {
    const keys =
      key === undefined
        ? DEFAULT_KEYS.map((name) => join(homedir(), '.ssh', name))
        : [key.replace(/^~(?=\/)/, homedir())];
    const fromFiles = keys.map((path) => ({
      type: 'publickey',
      name: path,
      method: async (deadline: Deadline): Promise<AnyAuthMethod | Error> => {
        const holder = await files.agent(path, deadline);
        return holder instanceof Error ? holder : { type: 'agent', username: user, agent: holder };
      },
    }));
    const fromAgent = agent
      ? [
          {
            type: 'publickey',
            name: 'ssh-agent',
            method: async (): Promise<AnyAuthMethod> => ({ type: 'agent', username: user, agent }),
          },
        ]
      : [];
    this.#ways.push(...(key === undefined ? [...fromAgent, ...fromFiles] : [...fromFiles, ...fromAgent]));
    if (!password) return;
    this.#ways.push({
      type: 'password',
      name: 'password',
      method: async (deadline) => ({ type: 'password', username: user, password: await deadline.pausing(password) }),
    });
    // Servers that ask for the password by PAM only. Other questions (a second factor) are answered with nothing.
    this.#ways.push({
      type: 'keyboard-interactive',
      name: 'password (keyboard-interactive)',
      method: async (deadline) => {
        const answer = await deadline.pausing(password);
        return {
          type: 'keyboard-interactive',
          username: user,
          prompt: (_name, _instructions, _language, prompts, finish) =>
            finish(prompts.map(({ echo }) => (echo ? '' : answer))),
        };
      },
    });
  }

  /** The next way that the server takes; those that it does not take are left out without asking a person for anything. */
  async next(accepted: readonly string[] | null, deadline: Deadline): Promise<AnyAuthMethod | false> {
    if (accepted) this.accepted = accepted;
    for (let way = this.#ways.shift(); way; way = this.#ways.shift()) {
      if (accepted && !accepted.includes(way.type)) continue;
      const method = await way.method(deadline);
      if (!(method instanceof Error)) {
        this.tried.push(way.name);
        return method;
      }
      // A usual file that is not there was never meant to be used.
      const absent = (method as NodeJS.ErrnoException).code === 'ENOENT' && !this.#named(way.name);
      if (!absent) this.tried.push(`${way.name} (${method.message})`);
    }
    return false;
  }

  #named(path: string): boolean {
    return !DEFAULT_KEYS.some((name) => path === join(homedir(), '.ssh', name));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
