import { type Key, STEP_TIMEOUT, type Step } from '../plan/contract.ts';
import type { Host } from '../plan/playbook.ts';
import type { Sh } from '../plan/sh.ts';
import { disturbs } from '../plan/touches.ts';
import type { Connect, Connection, HostLock, Reply, WireRecord } from '../transport/connection.ts';

/** Seconds that a probe may take before the host counts as stuck. */
const PROBE_TIMEOUT = 60;

const NO_ANSWER: Reply = { code: -1, stdout: '', stderr: 'no answer', skipped: true };

/** A look at a host: as whom, by which script, and what it looks at. Two looks with the same user and script are the same. */
export interface Look {
  readonly user: string | null;
  readonly script: Sh;
  readonly keys: readonly Key[];
}

/** What is done on a host in one request. */
export interface Request {
  readonly user: string | null;
  readonly steps: readonly Step[];
  readonly writes: readonly Key[];
  readonly verify: Look | null;
  readonly along: readonly Look[];
  readonly doing: string;
  readonly onLine?: (line: string) => void;
}

/** One host in one run: its connection, and the answers to probes that are still good. */
export class Session {
  readonly host: Host;
  readonly #connect: Connect;
  readonly #lock: HostLock | null;
  #connection: Promise<Connection> | undefined;
  #opened: Connection | undefined;
  /** Requests over connections that were left. */
  #before = 0;
  /** The user of the latest request: asking as the same one needs no new shell. */
  lastUser: string | null = null;
  readonly #answers = new Map<string, { keys: readonly Key[]; reply: Reply }>();

  constructor(host: Host, connect: Connect, lock: HostLock | null) {
    this.host = host;
    this.#connect = connect;
    this.#lock = lock;
  }

  /** Requests sent so far. */
  get requests(): number {
    return this.#before + (this.#opened?.requests ?? 0);
  }

  close(): void {
    this.#opened?.close();
  }

  /** Lets go of a host that goes away; the next question connects again. What was known of it is forgotten. */
  leave(): void {
    this.#before = this.requests;
    this.#opened?.close();
    this.#opened = undefined;
    this.#connection = undefined;
    this.#answers.clear();
  }

  /** The answer to a look, if it was given and nothing that it looks at was written since. */
  answer(look: Look): Reply | undefined {
    return this.#answers.get(lookId(look))?.reply;
  }

  /** Forgets every answer that something which writes these keys may have made stale. */
  wrote(keys: readonly Key[]): void {
    for (const [name, { keys: seen }] of this.#answers) if (disturbs(keys, seen)) this.#answers.delete(name);
  }

  /** Asks all looks as one user in one request and keeps the answers of those that succeeded. */
  async look(user: string | null, looks: readonly Look[]): Promise<Reply[]> {
    const mine = distinct(looks);
    const replies = await this.#ask(user, mine.map(probeRecord));
    const kept = new Map(mine.map((look, index) => [lookId(look), this.#keep(look, replies[index])]));
    return looks.map((look) => kept.get(lookId(look)) ?? NO_ANSWER);
  }

  /** Runs a script that changes nothing and whose answer is not worth keeping. */
  async read(user: string | null, script: Sh): Promise<Reply> {
    const [reply] = await this.#ask(user, [{ script, group: 0, timeout: PROBE_TIMEOUT }]);
    return reply ?? NO_ANSWER;
  }

  /**
   * Applies steps that write `writes`, looks again with `verify`, and takes along looks that this may have made stale: one request.
   * The first failed step ends the list; `verify` is then not asked. `doing` is what others read of it at the host's lock.
   */
  async apply({
    user,
    steps,
    writes,
    verify,
    along,
    doing,
    onLine,
  }: Request): Promise<{ outputs: Reply[]; verified: Reply | null }> {
    const extra = distinct(along).filter((look) => look.user === user && (!verify || lookId(look) !== lookId(verify)));
    const records: WireRecord[] = [
      ...steps.map((step) => ({
        script: step.script,
        ...(step.stdin === undefined ? {} : { stdin: step.stdin }),
        ...(step.quiet ? { quiet: true as const } : {}),
        group: 0,
        timeout: step.timeout ?? STEP_TIMEOUT,
      })),
      ...(verify ? [probeRecord(verify, 0)] : []),
      ...extra.map((look, index) => ({ ...probeRecord(look, index), group: index + 1 })),
    ];
    let replies: Reply[];
    try {
      replies = await this.#ask(user, records, onLine, doing);
    } finally {
      // Also when the request broke off: some of it may have been done.
      this.wrote(writes);
    }
    const verified = verify ? (replies[steps.length] ?? null) : null;
    if (verify && verified && !verified.skipped) this.#keep(verify, verified);
    extra.forEach((look, index) => {
      this.#keep(look, replies[steps.length + (verify ? 1 : 0) + index]);
    });
    return { outputs: replies.slice(0, steps.length), verified };
  }

  /** A failed look is not kept: it is asked again when it matters. */
  #keep(look: Look, reply: Reply | undefined): Reply {
    if (!reply) return NO_ANSWER;
    if (reply.code === 0 && !reply.skipped) this.#answers.set(lookId(look), { keys: look.keys, reply });
    return reply;
  }

  async #enter(): Promise<Connection> {
    const connection = await this.#connect(this.host);
    if (this.#lock) connection.lock(this.#lock);
    this.#opened = connection;
    return connection;
  }

  async #ask(
    user: string | null,
    records: readonly WireRecord[],
    onLine?: (line: string) => void,
    doing?: string,
  ): Promise<Reply[]> {
    this.#connection ??= this.#enter();
    const connection = await this.#connection;
    const replies = await connection.ask(user, records, onLine, doing);
    this.lastUser = user;
    return replies;
  }
}

/** Two looks with the same id are one. */
export function lookId(look: Look): string {
  return `${look.user ?? ''}\0${look.script}`;
}

function distinct(looks: readonly Look[]): Look[] {
  return [...new Map(looks.map((look) => [lookId(look), look])).values()];
}

function probeRecord(look: Look, index: number): WireRecord {
  return { script: look.script, group: index, timeout: PROBE_TIMEOUT, quiet: true };
}
