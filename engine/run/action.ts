import type { Action } from '../plan/contract.ts';
import { comeBack, identityOf } from './absence.ts';
import { apply } from './apply.ts';
import { bring } from './bring.ts';
import { AS_IT_IS_NOW, type Outcome, stepFailed } from './outcome.ts';
import { isAssumed, lookedAt, type Turn } from './turn.ts';

/** Does an action unless its guard says that it is done. */
export async function settleAction(module: Action, turn: Turn): Promise<Outcome> {
  const { context, host, instance } = turn;
  const { args, touches } = instance;
  const guard = await guarded(turn);
  if (guard !== 'due') return guard;
  const changes = module.changes(args);
  if (context.check && !module.inCheck) {
    if (!changes) return { status: 'skipped', result: null, note: 'not done in a check' };
    host.assumed.push(...touches.writes);
    return { status: 'changed', result: null, changes: ['would run'] };
  }
  const steps = module.run(args);
  const absence = module.absence?.(args) ?? null;
  const before = absence && (await identityOf(absence, turn));
  const { outputs } = steps.length === 0 ? { outputs: [] } : await apply(turn, { steps, verify: null });
  const broken = outputs.find((output) => output.code !== 0);
  if (broken) return stepFailed(broken, module.failure?.(broken, args) ?? null);
  if (absence) await comeBack(absence, before ?? '', turn);
  const result = module.result(outputs, args);
  bring(module.brings?.(outputs, args) ?? [], turn);
  const said = module.says?.(result, args);
  return {
    status: changes ? 'changed' : 'ok',
    result: { ...result, changed: changes },
    ...(said ? { said } : {}),
  };
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
