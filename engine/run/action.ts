import { HailbookError } from '../errors.ts';
import type { Action } from '../plan/contract.ts';
import { disturbs, looksAt } from '../plan/touches.ts';
import { lookAhead } from './ahead.ts';
import { failed, type Outcome, stepFailed } from './outcome.ts';
import { answerTo, type Turn } from './turn.ts';

/** Does an action unless its guard says that it is done. */
export async function settleAction(module: Action, turn: Turn): Promise<Outcome> {
  const { context, host, instance } = turn;
  const { args, look, touches } = instance;
  const assumed = context.check && disturbs(host.assumed, looksAt(touches));
  if (look && instance.parse) {
    const guard = await guarded(turn, assumed);
    if (guard !== 'due') return guard;
  }
  const changes = module.changes(args);
  if (context.check) {
    if (!changes) return { status: 'skipped', result: null, note: 'not done in a check' };
    host.assumed.push(...touches.writes);
    return { status: 'changed', result: null, changes: ['would run'] };
  }
  const along = touches.world ? [] : lookAhead(context, turn.position, host, touches.writes);
  const { outputs } = await host.session.apply(
    instance.user,
    module.run(args),
    touches.writes,
    null,
    along,
    turn.onLine,
  );
  const broken = outputs.find((output) => output.code !== 0);
  if (broken) return stepFailed(broken, module.failure?.(broken, args) ?? null);
  return { status: changes ? 'changed' : 'ok', result: { ...module.result(outputs, args), changed: changes } };
}

async function guarded(turn: Turn, assumed: boolean): Promise<Outcome | 'due'> {
  const { instance } = turn;
  if (!instance.look || !instance.parse) return 'due';
  try {
    const reply = await answerTo(instance.look, turn);
    if (reply.code !== 0) {
      if (assumed)
        return {
          status: 'assumed',
          result: null,
          note: 'its guard cannot be asked yet; an earlier task would change that',
        };
      return failed(
        new HailbookError('PROBE_FAILED', `the guard of module "${instance.task.module.name}" exited ${reply.code}`),
        reply,
      );
    }
    if (instance.parse(reply.stdout) !== true) return 'due';
    return assumed
      ? {
          status: 'assumed',
          result: { changed: false },
          note: 'already done as it is now; an earlier change may alter it',
        }
      : { status: 'ok', result: { changed: false }, note: 'already done' };
  } catch (error) {
    if (assumed && error instanceof HailbookError && error.code === 'BECOME_FAILED') {
      return {
        status: 'assumed',
        result: null,
        note: 'the account is not there yet; an earlier task would change that',
      };
    }
    return failed(error);
  }
}
