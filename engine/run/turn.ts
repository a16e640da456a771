import type { Output } from '../plan/contract.ts';
import { lookAhead } from './ahead.ts';
import type { HostRun, RunContext } from './context.ts';
import type { Instance, Position } from './instance.ts';
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

/** The answer to a look: the kept one, or asked now together with what later tasks will want to know. */
export async function answerTo(look: Look, { context, position, host }: Turn): Promise<Output> {
  const kept = host.session.answer(look);
  if (kept) return kept;
  const ahead = lookAhead(context, position, host, []).filter(({ user }) => user === look.user);
  const [reply] = await host.session.look(look.user, [look, ...ahead]);
  return reply ?? { code: -1, stdout: '', stderr: 'no answer' };
}
