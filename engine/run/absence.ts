import { setTimeout as sleep } from 'node:timers/promises';
import { asHailbookError, HailbookError } from '../errors.ts';
import type { Absence } from '../plan/contract.ts';
import type { Turn } from './turn.ts';

/** Seconds between two tries to find a host back. */
const PAUSE = 2;

/** What the host is before it goes away. @throws HailbookError PROBE_FAILED */
export async function identityOf({ identity }: Absence, { host, instance }: Turn): Promise<string> {
  const reply = await host.session.read(instance.user, identity);
  if (reply.code === 0) return reply.stdout;
  throw new HailbookError('PROBE_FAILED', `what the host is cannot be asked: ${reply.stderr.trim()}`);
}

/**
 * Waits until the host is another than before and ready. Nothing that was known of it holds any more.
 * @throws HailbookError HOST_NOT_BACK
 */
export async function comeBack(
  absence: Absence,
  before: string,
  { context, host, instance, onLine }: Turn,
): Promise<void> {
  const until = performance.now() + absence.seconds * 1000;
  let why = 'it has not gone away';
  while (performance.now() < until && !context.options.signal?.aborted) {
    await sleep(PAUSE * 1000);
    try {
      host.session.leave();
      const now = await host.session.read(instance.user, absence.identity);
      if (now.code !== 0 || now.stdout === before) continue;
      const ready = await host.session.read(instance.user, absence.ready);
      if (ready.code === 0) return;
      why = `it is back but not ready: ${ready.stdout.trim() || ready.stderr.trim() || `exit ${ready.code}`}`;
    } catch (error) {
      const { code, message } = asHailbookError(error);
      why = `${code} ${message}`;
    }
    onLine(why);
  }
  throw new HailbookError('HOST_NOT_BACK', `the host is not back within ${absence.seconds} s: ${why}`, {
    hint: 'Look at its console, or give it more time.',
  });
}
