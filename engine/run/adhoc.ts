import { asHailbookError, type HailbookError } from '../errors.ts';
import type { Host } from '../plan/playbook.ts';
import type { Sh } from '../plan/sh.ts';
import type { Connect, Connection, Reply } from '../transport/connection.ts';
import { inParallel } from './order.ts';

export interface AdhocOptions {
  readonly connect: Connect;
  /** Null: as the one who logged in. */
  readonly user: string | null;
  readonly forks: number;
  /** Seconds that the script may take on a host. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Told as soon as a host has answered or failed. */
  readonly onAnswer?: (answer: AdhocAnswer) => void;
}

/** What one host said, or why it could not be asked. */
export interface AdhocAnswer {
  readonly host: string;
  readonly seconds: number;
  readonly reply: Reply | HailbookError;
}

/** Runs one script on many hosts, outside of any playbook. Never rejects: a host that fails is an answer. */
export async function adhoc(hosts: readonly Host[], script: Sh, options: AdhocOptions): Promise<AdhocAnswer[]> {
  const answers = new Map<string, AdhocAnswer>();
  await inParallel(options.forks)(hosts, async (host) => {
    if (options.signal?.aborted) return;
    const started = performance.now();
    const reply = await ask(host, script, options).catch(asHailbookError);
    const answer = { host: host.name, seconds: (performance.now() - started) / 1000, reply };
    answers.set(host.name, answer);
    options.onAnswer?.(answer);
  });
  return hosts.flatMap(({ name }) => answers.get(name) ?? []);
}

async function ask(host: Host, script: Sh, { connect, user, timeout, signal }: AdhocOptions): Promise<Reply> {
  let connection: Connection | undefined;
  // Closing is what ends a script that is under way.
  const end = (): void => connection?.close();
  signal?.addEventListener('abort', end);
  try {
    connection = await connect(host);
    signal?.throwIfAborted();
    const [reply] = await connection.ask(user, [{ script, group: 0, timeout }]);
    return reply ?? { code: -1, stdout: '', stderr: 'no answer', skipped: true };
  } finally {
    signal?.removeEventListener('abort', end);
    connection?.close();
  }
}
