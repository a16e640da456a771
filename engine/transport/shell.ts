import { HailbookError } from '../errors.ts';
import { sh } from '../plan/sh.ts';
import { type OpenShell, openShell } from './become.ts';
import type { Way } from './channel.ts';
import type { HostLock, Reply, WireRecord } from './connection.ts';
import { type Cut, type Exchange, exchange, KILLED } from './exchange.ts';
import { assertLocked, lockRecord, SIGN_OF_LIFE } from './lock.ts';
import { joinLines } from './replies.ts';

const SKIPPED: Reply = { code: -1, stdout: '', stderr: '', skipped: true };
/** What `timeout` and the shell's TERM trap exit with. */
const TIMED_OUT = 124;
/** The shell found its request cut short: it ran nothing of it. */
const HALF_RECEIVED = 97;

/** One user's long-lived shell on a host: opened when first needed, and again after a record ended it. */
export class Shell {
  /** Requests written so far. */
  requests = 0;
  /** Shells opened so far. */
  opened = 0;
  /** Taken with the first request of every shell that is opened. */
  lock: HostLock | undefined;
  readonly #way: Way;
  readonly #user: string | null;
  readonly #password: (() => Promise<string>) | undefined;
  #open: OpenShell | undefined;
  #holder: OpenShell | undefined;
  #refused: unknown;
  #queue: Promise<unknown> = Promise.resolve();

  /** `user` null: the one who logged in. `password` gives sudo's password; without it sudo must not need one. */
  constructor(way: Way, user: string | null, password?: () => Promise<string>) {
    this.#way = way;
    this.#user = user;
    this.#password = password;
  }

  /** One request after the other, in the order of the calls. */
  ask(records: readonly WireRecord[], onLine?: (line: string) => void, doing?: string): Promise<Reply[]> {
    const answer = this.#queue.then(() => this.#ask(records, { onLine, doing }));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  /** When the lock is held: after what was asked before, or by a request of its own. */
  locked(): Promise<void> {
    const held = this.#queue.then(async () => {
      if (!this.#holder) await this.#ask([], {});
    });
    this.#queue = held.catch(() => {});
    return held;
  }

  /**
   * A shell that ends takes the rest of its request with it. Then the first record without an answer has failed, the rest
   * of its group is skipped, and what is left is sent again in a new shell.
   */
  async #ask(records: readonly WireRecord[], about: About): Promise<Reply[]> {
    const replies: Reply[] = new Array(records.length).fill(SKIPPED);
    let left = [...records.keys()];
    while (left.length > 0 || this.#mustLock) {
      const sent = left.flatMap((index) => records[index] ?? []);
      const { replies: answered, cut } = await this.#exchange(sent, about);
      answered.forEach((reply, position) => {
        replies[left[position] ?? -1] = reply;
      });
      if (!cut) break;
      const guilty = sent[answered.length];
      const failed = new Set(
        sent
          .filter((_, position) => position === answered.length || fails(answered[position]))
          .map((record) => record.group),
      );
      replies[left[answered.length] ?? -1] = this.#failure(cut, guilty);
      left = left.slice(answered.length + 1).filter((index) => !failed.has(records[index]?.group ?? -1));
    }
    return replies;
  }

  get #mustLock(): boolean {
    return this.lock !== undefined && !this.#holder;
  }

  /** One request; the answer of a lock that has to be taken first is seen to here. */
  async #exchange(records: readonly WireRecord[], about: About): Promise<Exchange> {
    const open = this.#open ?? (await this.#start());
    this.#open = open;
    // Data that follows the start at once saves a round trip. (Data that follows the *request* to start would save another,
    // but ssh2's public interface has no channel to write to before the host has confirmed it.)
    if (!open.writableAtOnce) await open.ready.catch((error) => this.#drop(error));
    this.requests += 1;
    const lock = this.#mustLock ? this.lock : undefined;
    const onLine = (line: string, index: number): void =>
      lock && index === 0 ? lock.tell(line) : about.onLine?.(line);
    const sent = lock ? [lockRecord(lock, about.doing ?? ''), ...records] : records;
    const result = await exchange(open, sent, (pid) => this.#stop(pid), onLine, about.doing);
    if (result.cut) {
      this.#open = undefined;
      open.channel.close();
      // A request that never started: why the shell did not open says more.
      if (result.cut.seconds === undefined) await open.ready;
    }
    if (!lock) return result;
    const [taken, ...replies] = result.replies;
    const answer = taken ?? (result.cut ? this.#failure(result.cut, sent[0]) : SKIPPED);
    assertLocked(answer, this.#way.label, lock);
    this.#holds(open);
    return { ...result, replies };
  }

  /** Until the shell ends it is heard of now and then, so that others can tell it from one that was forgotten. */
  #holds(open: OpenShell): void {
    this.#holder = open;
    const life = setInterval(() => open.channel.stdin.write('\n'), SIGN_OF_LIFE * 1000);
    life.unref();
    void open.channel.ended.then(() => {
      clearInterval(life);
      if (this.#holder === open) this.#holder = undefined;
    });
  }

  async #start(): Promise<OpenShell> {
    if (this.#refused !== undefined) throw this.#refused;
    this.opened += 1;
    const open = await openShell(this.#way, this.#user, this.#password);
    // A shell that ends while nothing is asked is opened again by the next question.
    void open.channel.ended.then(() => {
      if (this.#open === open) this.#open = undefined;
    });
    return open;
  }

  #drop(error: unknown): never {
    this.#open = undefined;
    // A password that was refused is not sent again: sites lock accounts after a few.
    this.#refused = error;
    throw error;
  }

  /**
   * Ends a request on the host by a second shell of the same user: TERM to its `timeout`, which goes on as when its own
   * time is over. An SSH signal would not do: sshd sends none to what sudo started.
   */
  async #stop(pid: string): Promise<void> {
    const helper = await openShell(this.#way, this.#user, this.#password);
    try {
      await helper.ready;
      // CONT, because what is stopped does not take TERM.
      const kill = sh`kill -TERM ${pid}; kill -s CONT -- -${pid}`;
      await exchange(helper, [{ script: kill, group: 0, timeout: 10 }], async () => {});
    } finally {
      helper.channel.close();
    }
  }

  #failure({ ending, partial, seconds }: Cut, guilty: WireRecord | undefined): Reply {
    const { label } = this.#way;
    if (ending.kind === 'stuck') throw new HailbookError('CONNECTION_LOST', `${label} does not answer any more`);
    if (ending.kind === 'lost')
      throw new HailbookError('CONNECTION_LOST', `${label}: the connection ended: ${ending.reason}`);
    if (ending.code === HALF_RECEIVED || seconds === undefined)
      throw new HailbookError(
        'CONNECTION_LOST',
        `${label}: the shell ended with ${ending.code} before it had the whole request`,
      );
    const limit = guilty?.timeout ?? 0;
    // KILL within the time came from elsewhere: `kill -9 $$`, or a host without memory.
    if (ending.code === TIMED_OUT || (ending.code === KILLED && seconds >= limit))
      return {
        ...partial,
        code: TIMED_OUT,
        skipped: false,
        stderr: joinLines(partial.stderr, `timed out after ${limit} s\n`),
      };
    const note = `hailbook: the shell was ended from within (${ending.code})\n`;
    return { ...partial, code: ending.code, skipped: false, stderr: joinLines(partial.stderr, note) };
  }
}

/** Who hears of a request while it is under way. */
interface About {
  readonly onLine?: ((line: string) => void) | undefined;
  readonly doing?: string | undefined;
}

function fails(reply: Reply | undefined): boolean {
  return reply !== undefined && (reply.skipped || reply.code !== 0);
}
