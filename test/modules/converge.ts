import { HailbookError } from '../../engine/errors.ts';
import { difference } from '../../engine/plan/compare.ts';
import type { Action, Change, Output, Resource, State, Step } from '../../engine/plan/contract.ts';
import type { TempHost } from './host.ts';

type Args = Record<string, unknown>;

/** What came of one application: the outcome as a case names it, and the state or the result afterwards. */
interface Applied {
  readonly outcome: 'changed' | 'ok' | 'done' | 'already';
  readonly state: State | null;
}

/** The engine's loop for one resource, and what the contract promises: a look changes nothing, a change holds. */
export async function applyResource(module: Resource, args: Args, host: TempHost): Promise<Applied> {
  const first = await look(module, args, host);
  if (first.change === null) return { outcome: 'ok', state: first.current };
  for (const step of module.steps(first.change, args)) await take(module, step, args, host);
  const second = await look(module, args, host);
  if (second.change) throw new Error(`not converged: ${JSON.stringify(second.change)}`);
  // Again, as a check would: the first look after a change must not be what makes the second one clean.
  if ((await look(module, args, host)).change) throw new Error('a second look differs from the first');
  return { outcome: 'changed', state: second.current };
}

async function look(
  module: Resource,
  args: Args,
  host: TempHost,
): Promise<{ current: State | null; change: Change<State> | null }> {
  const probe = module.probe(args);
  const before = await host.footprint();
  const output = await host.run(probe.script);
  if ((await host.footprint()) !== before) throw new Error('the probe changed something');
  if (output.code !== 0) {
    const named = module.failure?.(output, args);
    if (named) throw new HailbookError(named.code, named.message, { hint: named.hint });
    throw new HailbookError('PROBE_FAILED', `${output.code}: ${output.stderr}`);
  }
  const current = probe.parse(output.stdout);
  return { current, change: difference(current, module.desired(args, current)) };
}

export async function applyAction(module: Action, args: Args, host: TempHost): Promise<Applied> {
  const guard = module.guard?.(args);
  if (guard) {
    const output = await host.run(guard.script);
    if (output.code !== 0) throw new HailbookError('PROBE_FAILED', `${output.code}: ${output.stderr}`);
    if (guard.parse(output.stdout)) return { outcome: 'already', state: null };
  }
  const outputs: Output[] = [];
  for (const step of module.run(args)) outputs.push(await take(module, step, args, host));
  return { outcome: 'done', state: module.result(outputs, args) };
}

async function take(module: Resource | Action, step: Step, args: Args, host: TempHost): Promise<Output> {
  const output = await host.run(step.script, step.stdin);
  if (output.code === 0) return output;
  const failure = module.failure?.(output, args);
  if (failure) throw new HailbookError(failure.code, failure.message, { hint: failure.hint });
  throw new HailbookError('STEP_FAILED', `exit ${output.code}: ${output.stderr}${output.stdout}`);
}
