import type { OpenShell } from './become.ts';
import { type Ending, whenEnded } from './channel.ts';
import type { Reply, WireRecord } from './connection.ts';
import { nonce, requestBytes } from './protocol.ts';
import { type OnLine, Replies } from './replies.ts';

/** Seconds beyond a record's own time-out until the controller stops it: `timeout -k 2` on the host comes first. */
const SLACK = 3;
/** Seconds until a shell must begin with a request. */
const START_TIMEOUT = 60;
/** Seconds until a shell that was told to stop must have ended. */
const STOP_TIMEOUT = 10;

/** The exit code of what KILL ended. */
export const KILLED = 137;

/** What one request in one shell gave: the replies of the records that ended, and why there are not more of them. */
export interface Exchange {
  readonly replies: readonly Reply[];
  readonly cut?: Cut;
}

export interface Cut {
  /** `stuck`: it did not end although it was told to. */
  readonly ending: Ending | { readonly kind: 'stuck' };
  /** What the first record without a mark had printed. */
  readonly partial: Reply;
  /** Seconds since that record began; undefined when the request never started. */
  readonly seconds: number | undefined;
}

/**
 * Sends one request and waits for all its records, or for the end of the shell. `stop` ends the process with that id
 * on the host. The host's own clock covers the whole request, so that a dropped connection leaves nothing running for ever;
 * each single record's time is kept here, because a `timeout` for each would cost as much again as the records do.
 */
export function exchange(
  shell: OpenShell,
  records: readonly WireRecord[],
  stop: (pid: string) => Promise<unknown>,
  onLine?: OnLine,
  doing?: string,
): Promise<Exchange> {
  const { channel, sync } = shell;
  const token = nonce();
  return new Promise((resolve, reject) => {
    let began: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const clock = (seconds: number, then: () => void): void => {
      clearTimeout(timer);
      timer = setTimeout(then, seconds * 1000);
    };
    const replies = new Replies(
      token,
      records.length,
      () => {
        if (replies.complete) return finish();
        if (replies.ended !== undefined) return finish({ kind: 'exited', code: replies.ended });
        began = performance.now();
        clock((records[replies.answered]?.timeout ?? 0) + SLACK, interrupt);
      },
      onLine,
      (index) => !records[index]?.quiet,
    );
    const onStdout = (chunk: Buffer): void => replies.stdout(chunk);
    const onStderr = (chunk: Buffer): void => replies.stderr(chunk);
    const leave = (): void => {
      clearTimeout(timer);
      forget();
      channel.stdout.off('data', onStdout);
      channel.stderr.off('data', onStderr);
    };
    const finish = (ending?: Cut['ending']): void => {
      leave();
      const done = records.slice(0, replies.answered).map((_, index) => replies.reply(index));
      const seconds = began === undefined ? undefined : (performance.now() - began) / 1000;
      const cut = ending && !replies.complete && { ending, partial: replies.reply(replies.answered), seconds };
      resolve({ replies: done, ...(cut ? { cut } : {}) });
    };
    const interrupt = (): void => {
      clock(STOP_TIMEOUT, () => finish({ kind: 'stuck' }));
      if (replies.pid !== undefined) stop(replies.pid).catch(() => {});
    };
    channel.stdout.on('data', onStdout);
    channel.stderr.on('data', onStderr);
    // A shell says so before it ends; one that did not was killed, whatever the process around it exits with.
    const forget = whenEnded(channel, (ending) =>
      finish(ending.kind === 'exited' && ending.code === 0 ? { kind: 'exited', code: KILLED } : ending),
    );
    clock(START_TIMEOUT, () => finish({ kind: 'stuck' }));
    try {
      for (const bytes of requestBytes(sync, token, records, doing)) channel.stdin.write(bytes);
    } catch (error) {
      leave();
      reject(error);
    }
  });
}
