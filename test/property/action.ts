import { MODULES } from '../../engine/index.ts';
import type { Outcome } from './case.ts';
import type { LabHost, Told } from './host.ts';
import type { Spec } from './spec.ts';

type Args = Readonly<Record<string, unknown>>;

export const isAction = ({ module }: Spec): boolean => MODULES.get(module)?.kind === 'action';

/** What a run of an action has to be after its check, where it does not fail. */
const AFTER: Readonly<Record<string, string>> = { ok: 'ok', changed: 'changed', skipped: 'ok' };

/**
 * What holds for something that is done rather than held. Its check writes nothing and says whether it would be done; the run
 * does that. It fails exactly where the other tool does not see what was asked for. One that a guard keeps from being done twice is
 * not done twice. An action that is not done in a check (`skipped`) only looks, so it writes nothing.
 */
export async function actionHolds(spec: Spec, host: LabHost, playbook: string, args: Args): Promise<Outcome> {
  const [check, byCheck] = await watched(host, () => host.play(playbook, 'check'));
  none('a check writes', byCheck);
  const expected = AFTER[check.status];
  if (expected === undefined) throw new Error(`a check says ${JSON.stringify(check)}`);

  const [run, byRun] = await watched(host, () => host.play(playbook, 'run'));
  if (check.status !== 'changed') none('what only looks, or is done already, writes', byRun);
  const sees = await host.sh(spec.sees(args)).then(
    () => undefined,
    (error: Error) => error,
  );
  if (run.error) {
    if (!spec.refusesLate?.includes(run.error.code))
      throw new Error(`${run.error.code} ${run.error.message}, in a run`);
    if (!sees) throw new Error(`${run.error.code} ${run.error.message}, yet another tool sees it`);
    return 'refused';
  }
  if (run.status !== expected) throw new Error(`a check says ${check.status}, the run ${run.status}`);
  if (sees) throw new Error(`another tool does not see it: ${sees.message}`);

  if (spec.once) {
    const [again, byMore] = await watched(host, () => host.play(playbook, 'run'));
    if (again.status !== 'ok') throw new Error(`a second run finds it ${again.status}`);
    none('a second run writes', byMore);
  }
  // Of what only looks, that it came to an end is all that can happen.
  return check.status === 'ok' ? 'ok' : 'changed';
}

async function watched(host: LabHost, work: () => Promise<Told>): Promise<[Told, string[]]> {
  let told: Told | undefined;
  const written = await host.written(async () => {
    told = await work();
  });
  if (!told) throw new Error('nothing was told');
  return [told, written];
}

function none(what: string, written: readonly string[]): void {
  if (written.length > 0) throw new Error(`${what}: ${written.join(', ')}`);
}
