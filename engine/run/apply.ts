import { HailbookError } from '../errors.ts';
import type { Step } from '../plan/contract.ts';
import type { Reply } from '../transport/connection.ts';
import { lookAhead } from './ahead.ts';
import { notRemembered, rememberHandlers } from './handlers.ts';
import type { Look } from './session.ts';
import type { Turn } from './turn.ts';

/** What is done on a host: steps, a look that verifies them, looks of later tasks that go along. */
export interface Application {
  readonly steps: readonly Step[];
  readonly verify: Look | null;
}

/**
 * Takes the steps of a turn in one request, after the host has written down which handlers they notify.
 * @throws HailbookError HANDLER_NOT_KEPT, before any of the steps
 */
export async function apply(
  turn: Turn,
  { steps, verify }: Application,
): Promise<{ outputs: Reply[]; verified: Reply | null }> {
  const { context, position, host, instance } = turn;
  const { user, task, touches } = instance;
  context.secrets.learn(...steps);
  const keeper = context.keeper(host.name);
  const marks = rememberHandlers(context, position, host);
  const apart = marks.length > 0 && user !== keeper;
  const request = { writes: touches.writes, doing: task.name, onLine: turn.onLine };
  if (apart) {
    const written = await host.session.apply({
      ...request,
      user: keeper,
      steps: marks,
      writes: [],
      verify: null,
      along: [],
    });
    assertKept(turn, written.outputs);
  }
  const first = apart ? [] : marks;
  const along = touches.world ? [] : lookAhead(context, position, host, touches.writes);
  const { outputs, verified } = await host.session.apply({
    ...request,
    user,
    steps: [...first, ...steps],
    verify,
    along,
  });
  assertKept(turn, outputs.slice(0, first.length));
  return { outputs: outputs.slice(first.length), verified };
}

function assertKept({ position, host }: Turn, outputs: readonly Reply[]): void {
  const broken = outputs.find(({ code }) => code !== 0);
  if (!broken) return;
  notRemembered(position, host);
  const why = broken.stderr.trim() || `exit ${broken.code}`;
  throw new HailbookError('HANDLER_NOT_KEPT', `which handlers it notifies cannot be written down: ${why}`, {
    hint: 'Nothing was changed. Make room, or mend the file system, below /var/lib/hailbook.',
  });
}
