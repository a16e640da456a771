import { setTimeout as sleep } from 'node:timers/promises';
import { asHailbookError, HailbookError } from '../errors.ts';
import type { Trial } from '../plan/contract.ts';
import type { Turn } from './turn.ts';

/** Seconds that the host's own clock may lag behind ours. */
const SLACK = 3;
/** Seconds for stopping that clock. */
const KEEP_TIMEOUT = 20;

/**
 * Makes a change on trial last, over a connection that is opened now: the one that the change was made by may only have outlived it.
 * `applied` is when the change was made, in the milliseconds of performance.now(): the host's clock began then, or before.
 * @throws HailbookError TAKEN_BACK
 */
export async function keepTrial(trial: Trial, applied: number, { context, host, instance }: Turn): Promise<void> {
  const why = await kept(trial, { context, host, instance });
  if (why === null) return;
  const left = trial.seconds + SLACK - (performance.now() - applied) / 1000;
  // What is told then is true then; and a run that went on would meet the host in the middle of it.
  await sleep(Math.max(0, left) * 1000);
  host.session.wrote(instance.touches.writes);
  throw new HailbookError(
    'TAKEN_BACK',
    `after the change ${why}, so the host has taken it back after ${trial.seconds} s`,
    {
      hint: 'A run keeps such a change only when a new connection to the host succeeds.',
    },
  );
}

/** Null: it lasts. Else why not. */
async function kept(
  trial: Trial,
  { context, host, instance }: Pick<Turn, 'context' | 'host' | 'instance'>,
): Promise<string | null> {
  try {
    const connection = await context.options.connect(host.session.host);
    try {
      const record = { script: trial.keep, group: 0, timeout: KEEP_TIMEOUT };
      const [reply] = await connection.ask(instance.user, [record]);
      if (reply?.code === 0) return null;
      return `it could not be kept (exit ${reply?.code}: ${reply?.stderr.trim()})`;
    } finally {
      connection.close();
    }
  } catch (error) {
    const { code, message } = asHailbookError(error);
    return `no new connection could be made (${code} ${message})`;
  }
}
