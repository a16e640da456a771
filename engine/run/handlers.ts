import type { Step } from '../plan/contract.ts';
import type { Play, Task } from '../plan/playbook.ts';
import type { HostRun, RunContext } from './context.ts';
import type { Position } from './instance.ts';
import {
  forgetStep,
  recall,
  recalledNotice,
  remember,
  rememberedProbe,
  rememberStep,
  strayNotice,
} from './remembered.ts';
import type { Look } from './session.ts';

/** What a host remembers of earlier runs. Asked with the first request; whoever is asked for a task is asked for this too. */
export function rememberedLook(context: RunContext, host: string): Look {
  return { user: context.keeper(host), script: rememberedProbe(context.options.stateFolder?.(host)).script, keys: [] };
}

/** Handlers that an earlier run notified and did not run count as notified now. What the playbook has no more is said. */
export async function recallHandlers(context: RunContext): Promise<void> {
  for (const name of context.options.hosts) {
    const host = context.host(name);
    const reply = host.session.answer(rememberedLook(context, name));
    const all = reply ? rememberedProbe().parse(reply.stdout) : [];
    const mine = all.filter((it) => recall(it, context.plays, name) || strayNotice(it, context.plays));
    if (context.options.forgetHandlers && mine.length > 0 && !context.check) {
      await forget(
        context,
        host,
        mine.map(({ id }) => id),
      );
      const names = mine.map(({ handler }) => `"${handler}"`).join(', ');
      context.emit({ event: 'notice', host: name, message: `forgot what an earlier run left to be run: ${names}` });
      continue;
    }
    for (const it of mine) {
      const found = recall(it, context.plays, name);
      const message = found ? recalledNotice(found, context.check) : strayNotice(it, context.plays);
      if (message) context.emit({ event: 'notice', host: name, message });
      if (!found) continue;
      host.notified.add(found.handler.id);
      keep(host, found.handler, it.id);
    }
  }
}

function keep(host: HostRun, { id }: Task, file: string): void {
  host.remembered.set(id, (host.remembered.get(id) ?? new Set()).add(file));
}

/** The steps that write down on the host which handlers a task is about to notify; from then on they are. */
export function rememberHandlers(context: RunContext, { play, task }: Position, host: HostRun): Step[] {
  const due = handlersOf(play, task).filter(({ id }) => !host.remembered.has(id));
  return due.map((handler) => {
    const it = remember(play, handler);
    keep(host, handler, it.id);
    host.notified.add(handler.id);
    return rememberStep(it, context.options.stateFolder?.(host.name));
  });
}

/** They could not be written down, and their task was not begun. */
export function notRemembered({ play, task }: Position, host: HostRun): void {
  for (const { id } of handlersOf(play, task)) {
    host.notified.delete(id);
    host.remembered.delete(id);
  }
}

export function handlersOf(play: Play, task: Task): Task[] {
  return task.notify.flatMap((name) => play.handlers.find((handler) => handler.name === name) ?? []);
}

/** Every notified handler once, in the order of definition; one that is notified by a handler gets its turn too. */
export async function runHandlers(
  context: RunContext,
  play: Play,
  hosts: readonly HostRun[],
  run: (handler: Task, hosts: readonly HostRun[]) => Promise<void>,
): Promise<void> {
  const waiting = new Set(play.handlers);
  const notified = (task: Task): HostRun[] => hosts.filter((host) => host.notified.has(task.id) && !host.stopped);
  const next = (): Task | undefined => [...waiting].find((task) => notified(task).length > 0);
  for (let task = next(); task && !context.options.signal?.aborted; task = next()) {
    waiting.delete(task);
    const mine = notified(task);
    for (const host of mine) host.notified.delete(task.id);
    await run(task, mine);
    for (const host of mine) if (host.stopped) host.notified.add(task.id);
  }
  await context.each(hosts, (host) => strikeOut(context, play, host));
}

/** Of the handlers of this play those that have run are no longer remembered. */
async function strikeOut(context: RunContext, play: Play, host: HostRun): Promise<void> {
  if (context.check || host.stopped) return;
  const done = play.handlers.filter(({ id }) => !host.notified.has(id));
  const files = done.flatMap(({ id }) => [...(host.remembered.get(id) ?? [])]);
  for (const { id } of done) host.remembered.delete(id);
  // A host that is lost just now still remembers; the next run does what was done already once more.
  await forget(context, host, files).catch(() => {});
}

async function forget(context: RunContext, host: HostRun, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const steps = [forgetStep(files, context.options.stateFolder?.(host.name))];
  const user = context.keeper(host.name);
  await host.session.apply({ user, steps, writes: [], verify: null, along: [], doing: 'handlers that have run' });
}
