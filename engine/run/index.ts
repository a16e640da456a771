import type { Play, Playbook } from '../plan/playbook.ts';
import { type HostRun, labelOf, RunContext, type RunOptions } from './context.ts';
import { EVENTS_VERSION, type HostRecap, type TaskLabel } from './events.ts';
import { recallHandlers, runHandlers } from './handlers.ts';
import type { Position } from './instance.ts';
import { prefetch } from './prefetch.ts';
import { settleTask } from './settle.ts';

export type { RunOptions } from './context.ts';

/** Exit codes of a run, the first that applies. */
export const EXIT = { ok: 0, failed: 1, changes: 2, unreachable: 3, invalid: 4, interrupted: 130 } as const;

/**
 * Runs a playbook, or checks what a run would do. Task i+1 begins when every host has settled task i; a host with nothing to do
 * settles at once, without traffic. Everything that happens is told by `emit`.
 */
export async function run(playbook: Playbook, options: RunOptions): Promise<{ exitCode: number }> {
  const started = performance.now();
  const context = new RunContext(playbook, options);
  options.emit({
    event: 'run_started',
    version: EVENTS_VERSION,
    mode: options.mode,
    inventory: options.inventory.source,
    hosts: options.hosts,
  });
  try {
    if (!options.signal?.aborted) await prefetch(context);
    await recallHandlers(context);
    for (const play of playbook.plays) await runPlay(context, play);
  } finally {
    for (const host of context.hosts) host.session.close();
  }
  const told = [...context.hosts].filter(({ name, session }) => context.writable(name) || session.requests > 0);
  const hosts = Object.fromEntries(told.map((host) => [host.name, recapOf(host)]));
  const exitCode = exitCodeOf(context);
  context.emit({ event: 'run_finished', hosts, seconds: (performance.now() - started) / 1000, exitCode });
  return { exitCode };
}

async function runPlay(context: RunContext, play: Play): Promise<void> {
  const hosts = play.hosts.filter((name) => context.writable(name)).map((name) => context.host(name));
  if (context.options.signal?.aborted || !hosts.some(hasTurns)) return;
  context.emit({ event: 'play_started', play: play.name, hosts: hosts.map(({ name }) => name) });
  for (const task of play.tasks) await runTask(context, { play, task, handler: false }, hosts);
  await runHandlers(context, play, hosts, (task, mine) => runTask(context, { play, task, handler: true }, mine));
}

async function runTask(context: RunContext, position: Position, hosts: readonly HostRun[]): Promise<void> {
  if (context.options.signal?.aborted) return;
  const alive = hosts.filter(hasTurns);
  if (alive.length === 0) return;
  const task: TaskLabel = labelOf(position);
  const started = performance.now();
  context.emit({ event: 'task_started', task, hosts: alive.map(({ name }) => name) });
  await context.each(alive, (host) => settleTask(context, position, host));
  context.emit({ event: 'task_finished', task, seconds: (performance.now() - started) / 1000 });
}

/** Does the host take part: has it not failed, or was it lost without anybody having been told? */
const hasTurns = (host: HostRun): boolean => !host.stopped || host.counts.failed + host.counts.unreachable === 0;

function recapOf(host: HostRun): HostRecap {
  return { counts: host.counts, requests: host.session.requests };
}

function exitCodeOf(context: RunContext): number {
  const count = (status: keyof HostRun['counts']): number =>
    [...context.hosts].reduce((sum, host) => sum + host.counts[status], 0);
  if (context.options.signal?.aborted) return EXIT.interrupted;
  if (count('failed') > 0) return EXIT.failed;
  if (count('unreachable') > 0) return EXIT.unreachable;
  if (context.check && count('changed') + count('assumed') + count('unknown') > 0) return EXIT.changes;
  return EXIT.ok;
}
