import { HailbookError } from '../errors.ts';
import type { Need } from '../plan/playbook.ts';
import { settleAction } from './action.ts';
import type { HostRun, RunContext } from './context.ts';
import { labelOf } from './context.ts';
import type { ErrorReport } from './events.ts';
import { handlersOf } from './handlers.ts';
import { type Instance, type Instances, instancesOf, type Position } from './instance.ts';
import type { Result } from './knowledge.ts';
import { failed, type Outcome } from './outcome.ts';
import { satisfy } from './prefetch.ts';
import { settleResource } from './resource.ts';

/** A task's turn on one host: every item of its loop, one after the other. Never rejects: what fails is an outcome. */
export async function settleTask(context: RunContext, position: Position, host: HostRun): Promise<void> {
  const { task } = position;
  if (host.stopped) {
    lose(context, position, host, host.stopped);
    return;
  }
  const outcomes: Outcome[] = [];
  let looped = false;
  for await (const outcome of oneByOne(context, position, host, (value) => {
    looped = value;
  })) {
    outcomes.push(outcome);
  }
  if (task.register) context.knowledge.settle(host.name, task.register, resultOf(outcomes, looped));
  if (outcomes.some(({ status }) => status === 'changed')) {
    for (const { id } of handlersOf(position.play, task)) host.notified.add(id);
  }
}

async function* oneByOne(
  context: RunContext,
  position: Position,
  host: HostRun,
  looped: (value: boolean) => void,
): AsyncGenerator<Outcome> {
  let started = performance.now();
  const report = (outcome: Outcome): Outcome => {
    const settled = conclude(context, position, host, outcome, (performance.now() - started) / 1000);
    started = performance.now();
    return settled;
  };
  let instances: Instances;
  try {
    instances = await learn(context, position, host);
  } catch (error) {
    yield report(failed(error));
    return;
  }
  if (instances.kind === 'skip') {
    const none = position.task.loop ? { results: [] } : {};
    yield report({ status: 'skipped', result: { ...none, changed: false, skipped: true }, note: '`when` is false' });
    return;
  }
  const need = instances.kind === 'unknown' ? instances.need : instances.when;
  if (instances.kind === 'unknown' || need) {
    if (need) yield report(unresolved(context, host, need));
    return;
  }
  looped(instances.looped);
  for (const candidate of instances.all) {
    const { item } = 'instance' in candidate ? candidate.instance : candidate;
    const outcome =
      'need' in candidate
        ? unresolved(context, host, candidate.need)
        : await settleInstance(context, position, host, candidate.instance);
    yield report(item === undefined ? outcome : { ...outcome, item });
    if (host.stopped) return;
  }
}

/** The instances with everything that can be known now; what only looking can tell is looked at. */
async function learn(context: RunContext, position: Position, host: HostRun): Promise<Instances> {
  for (;;) {
    const instances = instancesOf(position, host.name, context.scopes);
    let learnt = false;
    for (const need of needsOf(instances)) learnt = (await satisfy(context, need)) || learnt;
    if (!learnt) return instances;
  }
}

function needsOf(instances: Instances): Need[] {
  if (instances.kind === 'skip') return [];
  if (instances.kind === 'unknown') return [instances.need];
  return [
    ...(instances.when ? [instances.when] : []),
    ...instances.all.flatMap((one) => ('need' in one ? one.need : [])),
  ];
}

async function settleInstance(
  context: RunContext,
  position: Position,
  host: HostRun,
  instance: Instance,
): Promise<Outcome> {
  const { module } = instance.task;
  const onLine = (line: string): void => {
    context.emit({ event: 'output', task: labelOf(position), host: host.name, line });
  };
  const turn = { context, position, host, instance, onLine };
  try {
    if (module.kind === 'action') return await settleAction(module, turn);
    if (!instance.look) throw new HailbookError('INTERNAL', `module "${module.name}" has no probe`);
    return await settleResource(module, instance.look, turn);
  } catch (error) {
    return failed(error);
  }
}

/** A value is missing: in a check only a run can give it, unless its host is lost; in a run the task that should have given it did not. */
function unresolved(context: RunContext, host: HostRun, need: Need): Outcome {
  const what = need.kind === 'facts' ? `the facts of ${need.host}` : `"${need.name}" of ${need.host}`;
  const cause = context.host(need.host).stopped;
  if (context.check && !cause) {
    // What it would write is not known either, so nothing after it is certain.
    host.assumed.push('*');
    return { status: 'unknown', result: null, note: `${what} is known only in a run` };
  }
  const why = cause ? `${need.host} has failed: ${cause.code} ${cause.message}` : 'no task has given it';
  const limited = cause || context.writable(need.host) ? undefined : `Run without --limit, or with ${need.host} in it.`;
  return failed(new HailbookError('DEPENDENCY_FAILED', `it needs ${what}; ${why}`, { hint: cause?.hint ?? limited }));
}

/** Counts and reports an outcome, and stops the host where it must. */
function conclude(context: RunContext, position: Position, host: HostRun, outcome: Outcome, seconds: number): Outcome {
  const ignored = outcome.status === 'failed' && position.task.ignoreErrors;
  const settled: Outcome = ignored ? { ...outcome, status: 'ignored' } : outcome;
  context.secrets.learn(settled.result ?? {});
  const { status, changes = [], note, said, warnings, diff, item } = settled;
  const error =
    settled.error && (status === 'ignored' ? settled.error : withWaitingHandlers(settled.error, position, host));
  if (status === 'failed' || status === 'unreachable') {
    host.stopped = new HailbookError(error?.code ?? 'INTERNAL', error?.message ?? 'failed', {
      place: position.task.place,
    });
  }
  host.counts[status]++;
  context.emit({
    event: 'result',
    task: labelOf(position),
    host: host.name,
    status,
    changes,
    seconds,
    ...(item === undefined ? {} : { item }),
    ...(note === undefined ? {} : { note }),
    ...(said === undefined ? {} : { said }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(diff === undefined ? {} : { diff }),
    ...(error === undefined ? {} : { error }),
  });
  return settled;
}

/** A host that stops does not come to the handlers at the end of its play: said, because a person may want to do them now. */
function withWaitingHandlers(error: ErrorReport, { play }: Position, host: HostRun): ErrorReport {
  const waiting = play.handlers.filter(({ id }) => host.notified.has(id)).map(({ name }) => name);
  if (waiting.length === 0) return error;
  const said = `Notified but not run: ${waiting.join(', ')}. The host remembers; the next run of the playbook does it.`;
  return { ...error, hint: error.hint ? `${error.hint} ${said}` : said };
}

/** A host that was lost while it was asked in advance: said once, at the first task that it has. */
function lose(context: RunContext, position: Position, host: HostRun, error: HailbookError): void {
  if (host.counts.failed + host.counts.unreachable > 0) return;
  conclude(context, position, host, failed(error), 0);
}

function resultOf(outcomes: readonly Outcome[], looped: boolean): Result | null {
  const results = outcomes.map(
    ({ result, status }) => result ?? (status === 'ignored' ? { changed: false, failed: true } : null),
  );
  if (!looped) return results[0] ?? null;
  if (results.some((result) => result === null)) return null;
  return { results, changed: outcomes.some(({ status }) => status === 'changed') };
}
