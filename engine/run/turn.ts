import { HailbookError } from '../errors.ts';
import type { Output } from '../plan/contract.ts';
import { disturbs, looksAt } from '../plan/touches.ts';
import { lookAhead } from './ahead.ts';
import type { HostRun, RunContext } from './context.ts';
import type { Instance, Position } from './instance.ts';
import { failed, type Outcome, TIMED_OUT } from './outcome.ts';
import type { Look } from './session.ts';

/** One instance of a task whose turn has come on a host. */
export interface Turn {
  readonly context: RunContext;
  readonly position: Position;
  readonly host: HostRun;
  readonly instance: Instance;
  /** Gets the last line that a running step printed. */
  readonly onLine: (line: string) => void;
}

/** In a check: would an earlier task have changed what this one looks at? */
export function isAssumed({ context, host, instance }: Turn): boolean {
  return context.check && disturbs(host.assumed, looksAt(instance.touches));
}

/** In a check: what stands in the way now is what an earlier task would change, so nothing fails. */
export function notYet({ host, instance }: Turn, why: string): Outcome {
  host.assumed.push(...instance.touches.writes);
  return { status: 'assumed', result: null, note: `${why}; an earlier task would change that` };
}

/**
 * What a look printed: the kept answer, or asked now together with what later tasks will want to know.
 * An outcome instead, when there is no answer: a failure, or in a check something that an earlier task would make first.
 */
export async function lookedAt(look: Look, turn: Turn, what: 'probe' | 'guard'): Promise<string | Outcome> {
  try {
    const reply = await answerTo(look, turn);
    if (reply.code === 0) return reply.stdout;
    if (isAssumed(turn)) return notYet(turn, `its ${what} cannot be asked yet`);
    return lookFailed(reply, turn, what);
  } catch (error) {
    const missing = error instanceof HailbookError && error.code === 'BECOME_FAILED';
    return missing && isAssumed(turn) ? notYet(turn, 'the account is not there yet') : failed(error);
  }
}

export function lookFailed(reply: Output, { instance }: Turn, what: 'probe' | 'guard'): Outcome {
  const { name, failure } = instance.task.module;
  const stuck = reply.code === TIMED_OUT;
  const named = stuck ? null : (failure?.(reply, instance.args) ?? null);
  if (named) return failed(new HailbookError(named.code, named.message, { hint: named.hint }), reply);
  const message = `the ${what} of module "${name}" ${stuck ? 'does not end' : `exited ${reply.code}`}`;
  return failed(new HailbookError(stuck ? 'TIMEOUT' : 'PROBE_FAILED', message), reply);
}

async function answerTo(look: Look, { context, position, host }: Turn): Promise<Output> {
  const kept = host.session.answer(look);
  if (kept) return kept;
  const ahead = lookAhead(context, position, host, []).filter(({ user }) => user === look.user);
  const [reply] = await host.session.look(look.user, [look, ...ahead]);
  return reply ?? { code: -1, stdout: '', stderr: 'no answer' };
}
