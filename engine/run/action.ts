import type { Action } from '../plan/contract.ts';
import { apply } from './apply.ts';
import { AS_IT_IS_NOW, type Outcome, stepFailed } from './outcome.ts';
import { isAssumed, lookedAt, type Turn } from './turn.ts';

/** Does an action unless its guard says that it is done. */
export async function settleAction(module: Action, turn: Turn): Promise<Outcome> {
  const { context, host, instance } = turn;
  const { args, touches } = instance;
  const guard = await guarded(turn);
  if (guard !== 'due') return guard;
  const changes = module.changes(args);
  if (context.check) {
    if (!changes) return { status: 'skipped', result: null, note: 'not done in a check' };
    host.assumed.push(...touches.writes);
    return { status: 'changed', result: null, changes: ['would run'] };
  }
  const { outputs } = await apply(turn, { steps: module.run(args), verify: null });
  const broken = outputs.find((output) => output.code !== 0);
  if (broken) return stepFailed(broken, module.failure?.(broken, args) ?? null);
  return { status: changes ? 'changed' : 'ok', result: { ...module.result(outputs, args), changed: changes } };
}

/** Is it done already? An outcome then, or when that cannot be asked. */
async function guarded(turn: Turn): Promise<Outcome | 'due'> {
  const { look, parse } = turn.instance;
  if (!look || !parse) return 'due';
  const stdout = await lookedAt(look, turn, 'guard');
  if (typeof stdout !== 'string') return stdout;
  if (parse(stdout) !== true) return 'due';
  const result = { changed: false };
  return isAssumed(turn)
    ? { status: 'assumed', result, note: AS_IT_IS_NOW }
    : { status: 'ok', result, note: 'already done' };
}
