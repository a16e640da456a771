import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/** How a far process ended: with an exit code (128 + n for signal n), or because the way to it was lost. */
export type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'lost'; readonly reason: string };

/** A process on the host: its three streams, and how it ended. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** Lets go of the process; what it is doing runs on, within its own time-out. */
  close(): void;
}

/** A way to start processes on a host as the user who logged in. */
export interface Way {
  /** For messages: `admin@10.1.1.2:22`. */
  readonly label: string;
  /** The user who logged in. */
  readonly login: string;
  /** Starts a command; the login's `$SSH_CONNECTION` (empty without SSH) becomes its last argument. */
  spawn(argv: readonly string[]): Promise<Channel>;
  close(): void;
}

/**
 * Calls `then` when the channel ends; the function that it gives calls it off. A promise cannot be unsubscribed from, and a shell
 * outlives thousands of requests: without this it would hold the output of each.
 */
export function whenEnded(channel: Channel, then: (ending: Ending) => void): () => void {
  let listener: typeof then | undefined = then;
  void channel.ended.then((ending) => listener?.(ending));
  return () => {
    listener = undefined;
  };
}

/** Milliseconds that the rest of the output may take after 'exit'. */
const REST_OF_OUTPUT = 300;

/**
 * The ending of a ChildProcess or an ssh2 channel: both tell 'exit', then 'close'. 'exit' is the end: 'close' waits for
 * everyone who holds the output, and a child that outlived a time-out holds it for ever.
 */
export function endingOf(process: EventEmitter, reason: () => string): Promise<Ending> {
  return new Promise((resolve) => {
    let exited: Ending | undefined;
    process.once('exit', (code: number | null, signal?: string | null) => {
      const ending: Ending = { kind: 'exited', code: code ?? 128 + signalNumber(signal) };
      exited = ending;
      setTimeout(() => resolve(ending), REST_OF_OUTPUT).unref();
    });
    process.once('close', () => resolve(exited ?? { kind: 'lost', reason: reason() }));
  });
}

function signalNumber(name: string | null | undefined): number {
  return Object.entries(constants.signals).find(([signal]) => signal === name)?.[1] ?? 0;
}
