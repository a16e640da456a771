import ssh2, {
  type AnyAuthMethod,
  type AuthenticationType,
  type AuthHandlerMiddleware,
  type ClientChannel,
  type ParsedKey,
  type ServerHostKeyAlgorithm,
  type SignCallback,
  type SigningRequestOptions,
  type Client as SshClient,
} from 'ssh2';
import { quote } from '../plan/sh.ts';
import { type Channel, endingOf, type Way } from './channel.ts';
import { Deadline } from './deadline.ts';

// ssh2 is CommonJS: Node finds its names only on the default export.
const { BaseAgent, Client, utils } = ssh2;

export type { AnyAuthMethod, ParsedKey };

/** How far a connection had come: TCP, the server's greeting and key, proving it, logging in. */
export type Phase = 'connect' | 'greeting' | 'host key' | 'authentication';

/** A connection that did not come about. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly phase: Phase;
  /** `refused`: the server said no to all methods. `lost`: the connection ended. `late`: the time is over. */
  readonly kind: 'refused' | 'lost' | 'late' | 'failed';

  constructor(phase: Phase, kind: DialError['kind'], cause: Error) {
    super(cause.message, { cause });
    this.phase = phase;
    this.kind = kind;
  }
}

export interface Dial {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Seconds for everything up to the login, without the time that a person takes to answer. */
  readonly timeout: number;
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Looks at the host's key before anything is told to the host; throws to refuse it. */
  checkHostKey(key: Buffer): void;
  /** The host has proven that the key is its own. Throws to go no further. */
  hostKeyProven(): void;
  /** The next way to log in, given those that the server still takes (null: not yet said), or false. */
  nextMethod(accepted: readonly string[] | null, deadline: Deadline): Promise<AnyAuthMethod | false>;
}

/** Seconds between signs of life on a silent connection, and how many may stay without an answer. */
const KEEPALIVE_INTERVAL = 15;
const KEEPALIVE_COUNT = 3;

/** Connects and logs in. @throws DialError, or what `checkHostKey`, `hostKeyProven` and `nextMethod` throw */
export function dial(options: Dial): Promise<Way> {
  const client = new Client();
  let phase: Phase = 'connect';
  return new Promise((resolve, reject) => {
    let settled = false;
    const fail = (error: unknown): void => {
      if (settled) return;
      settled = true;
      deadline.end();
      client.destroy();
      reject(error);
    };
    const late = new Error(`no login within ${options.timeout} s`);
    const deadline = new Deadline(options.timeout, () => fail(new DialError(phase, 'late', late)), fail);

    // An agent that cannot be reached or will not sign is not the end: the next method follows by itself.
    client.on('error', (error: Error & { level?: string; code?: string }) => {
      if (error.level !== 'agent') fail(new DialError(phase, kindOf(error), error));
    });
    client.on('connect', () => {
      if (phase === 'connect') phase = 'greeting';
      // Nagle's algorithm is on in ssh2: it took exec and close from 4 ms to 48–88 ms.
      client.setNoDelay(true);
    });
    client.on('handshake', () => {
      if (phase === 'authentication' || settled) return;
      phase = 'authentication';
      // ssh2 asks `hostVerifier` before it has checked the signature; here it has, and nothing was told to the host yet.
      attempt(() => options.hostKeyProven(), fail);
    });
    client.on('close', () => fail(new DialError(phase, 'lost', new Error('the host closed the connection'))));
    client.on('ready', () => {
      if (settled) return;
      settled = true;
      deadline.end();
      resolve(sshWay(client, `${options.user}@${options.address}:${options.port}`, options.user));
    });

    const authHandler = (
      left: AuthenticationType[] | null,
      _partial: boolean | null,
      next: (method: AnyAuthMethod) => void,
    ) => {
      options.nextMethod(left, deadline).then(
        // The callback takes false, "no more methods", which its type does not say.
        (method) => !settled && next(method as AnyAuthMethod),
        fail,
      );
    };
    attempt(() => {
      client.connect({
        host: options.address,
        port: options.port,
        username: options.user,
        // Our own deadline, which stands still while a person types.
        readyTimeout: 0,
        keepaliveInterval: KEEPALIVE_INTERVAL * 1000,
        keepaliveCountMax: KEEPALIVE_COUNT,
        algorithms: { serverHostKey: options.algorithms },
        // ssh2 takes any key without this. It is asked again when keys are renewed in a long connection.
        hostVerifier: (key: Buffer) => {
          if (phase === 'greeting') phase = 'host key';
          return attempt(() => options.checkHostKey(key), fail);
        },
        authHandler: authHandler as AuthHandlerMiddleware,
      });
    }, fail);
  });
}

function kindOf(error: Error & { level?: string; code?: string }): DialError['kind'] {
  if (error.level === 'client-authentication') return 'refused';
  if (error.level === 'protocol' && error.message === 'Connection lost before handshake') return 'lost';
  // sshd that drops a connection with our greeting unread answers with a reset.
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'lost';
  return 'failed';
}

/** Did it go well? If not, the error goes to `failed`. */
function attempt(what: () => void, failed: (error: unknown) => void): boolean {
  try {
    what();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

function sshWay(client: SshClient, label: string, login: string): Way {
  let lost = 'the host closed it';
  client.on('error', (error) => {
    lost = error.message;
  });
  return {
    label,
    login,
    spawn: (argv) =>
      new Promise((resolve, reject) => {
        // The login's shell may be csh or fish: simple words only, and one variable that sshd always sets.
        const command = `exec ${argv.map(quote).join(' ')} "$SSH_CONNECTION"`;
        client.exec(command, (error, stream) => (error ? reject(error) : resolve(channelOf(stream, () => lost))));
      }),
    close() {
      lost = 'it was closed';
      client.end();
    },
  };
}

function channelOf(stream: ClientChannel, reason: () => string): Channel {
  // Writing to a shell that has just ended: its ending says more.
  stream.on('error', () => {});
  return {
    stdin: stream,
    stdout: stream,
    stderr: stream.stderr,
    ended: endingOf(stream, reason),
    close: () => stream.close(),
  };
}

/** A private key from a file's text; `locked` when it wants a passphrase, `wrong` when this is not the one. */
export function readPrivateKey(text: Buffer, passphrase?: string): ParsedKey | 'locked' | 'wrong' | Error {
  const parsed: unknown = utils.parseKey(text, passphrase);
  const key = (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error;
  if (!(key instanceof Error)) return key.isPrivateKey() ? key : new Error('it is not a private key');
  if (passphrase !== undefined) return 'wrong';
  return /passphrase/i.test(key.message) ? 'locked' : key;
}

/** The public key in a `.pub` file, or undefined. */
export function readPublicKey(text: Buffer): ParsedKey | undefined {
  const key = utils.parseKey(text);
  return key instanceof Error ? undefined : key;
}

/** One key as an agent: it offers the public key and unlocks the private one only when the server wants its signature. */
export class KeyAgent extends BaseAgent<ParsedKey> {
  readonly #publicKey: ParsedKey;
  readonly #unlock: () => Promise<ParsedKey | Error>;

  constructor(publicKey: ParsedKey, unlock: () => Promise<ParsedKey | Error>) {
    super();
    this.#publicKey = publicKey;
    this.#unlock = unlock;
  }

  override getIdentities(found: (error: undefined, keys: ParsedKey[]) => void): void {
    found(undefined, [this.#publicKey]);
  }

  override sign(
    _key: ParsedKey,
    bytes: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const answer = typeof options === 'function' ? options : done;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#unlock().then(
      (key) => (key instanceof Error ? answer?.(key) : answer?.(undefined, key.sign(bytes, hash))),
      (error: Error) => answer?.(error),
    );
  }
}
