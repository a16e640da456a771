import { HailbookError } from '../errors.ts';
import { describeChange, difference } from '../plan/compare.ts';
import type { Change, Explanation, Resource, State } from '../plan/contract.ts';
import { Unknown } from '../plan/playbook.ts';
import { Secret } from '../plan/secret.ts';
import { apply } from './apply.ts';
import type { FileDiff } from './events.ts';
import type { Result } from './knowledge.ts';
import { AS_IT_IS_NOW, type Outcome, stepFailed } from './outcome.ts';
import type { Look } from './session.ts';
import { keepTrial } from './trial.ts';
import { isAssumed, lookedAt, lookFailed, notYet, type Turn } from './turn.ts';

/** Compares, changes, and compares again: the only place where a resource is applied. */
export async function settleResource(module: Resource, look: Look, turn: Turn): Promise<Outcome> {
  const { context, host, instance } = turn;
  const probe = module.probe(instance.args);
  const compare = (stdout: string): { current: State | null; change: Change<State> | null } => {
    const current = probe.parse(stdout);
    return { current, change: difference(current, module.desired(instance.args, current)) };
  };
  const stdout = await lookedAt(look, turn, 'probe');
  if (typeof stdout !== 'string') return stdout;
  let compared: ReturnType<typeof compare>;
  try {
    compared = compare(stdout);
  } catch (error) {
    // What stands in a module's way (an owner that is not there yet) may be what an earlier task mends.
    if (error instanceof HailbookError && isAssumed(turn)) return notYet(turn, error.message);
    throw error;
  }
  const { current, change } = compared;
  const warningsOf = (state: State | null): { warnings?: readonly string[] } => {
    const warnings = module.warnings?.(state, instance.args) ?? [];
    return warnings.length > 0 ? { warnings } : {};
  };
  if (!change) {
    const told = { result: { ...current, changed: false }, ...warningsOf(current) };
    return isAssumed(turn) ? { status: 'assumed', note: AS_IT_IS_NOW, ...told } : { status: 'ok', ...told };
  }

  const explanation = context.options.diff ? (module.explain?.(change, instance.args) ?? null) : null;
  const diff = explanation ? { diff: await diffOf(explanation, turn) } : {};
  const changes = describeChange(change);
  if (context.check) {
    // What a module refuses to do, a run would refuse too; unless an earlier task makes what it misses.
    if (!isAssumed(turn)) module.steps(change, instance.args);
    host.assumed.push(...instance.touches.writes);
    return { status: 'changed', result: predicted(change, turn), changes, ...diff, ...warningsOf(current) };
  }

  const trial = module.trial?.(change, instance.args) ?? null;
  const steps = [...(trial ? [trial.begin] : []), ...module.steps(change, instance.args)];
  const { outputs, verified } = await apply(turn, { steps, verify: look });
  const applied = performance.now();
  const broken = outputs.find((output) => output.code !== 0);
  if (broken) return { ...stepFailed(broken, module.failure?.(broken, instance.args) ?? null), ...diff };
  if (verified?.code !== 0) return lookFailed(verified ?? { code: -1, stdout: '', stderr: '' }, turn, 'probe');
  const after = compare(verified.stdout);
  if (after.change) {
    const left = describeChange(after.change).join('; ');
    throw new HailbookError('NOT_CONVERGED', `all steps succeeded, yet: ${left}`, {
      hint: `This is a bug in module "${module.name}", or something on the host undoes the change.`,
    });
  }
  if (trial) await keepTrial(trial, applied, turn);
  return {
    status: 'changed',
    result: { ...after.current, changed: true },
    changes,
    ...diff,
    ...warningsOf(after.current),
  };
}

/**
 * What a check knows of the result: the fields that would be set. Any other may come out differently (the key of an account that is
 * still to be made), so it stays unknown.
 */
function predicted(change: Change<State>, { host, position }: Turn): Result | null {
  if (change.kind !== 'update') return null;
  const result: Record<string, unknown> = { changed: true };
  for (const [field, value] of Object.entries(change.after)) {
    const need = { kind: 'result', host: host.name, name: position.task.register ?? '' } as const;
    const get = (): unknown => {
      if (!change.fields.includes(field)) throw new Unknown(need);
      return value;
    };
    Object.defineProperty(result, field, { enumerable: true, get });
  }
  return result;
}

async function diffOf({ path, before, after }: Explanation, { host, instance }: Turn): Promise<FileDiff> {
  const wanted = textOf(after);
  if (wanted === null) return { path, before: null, after: null };
  const present = await host.session.read(instance.user, before);
  const text = present.code === 0 && !/[\0\ufffd]/.test(present.stdout) ? present.stdout : null;
  return text === null ? { path, before: null, after: null } : { path, before: text, after: wanted };
}

function textOf(content: Explanation['after']): string | null {
  if (content instanceof Secret) return null;
  if (typeof content === 'string') return content;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
