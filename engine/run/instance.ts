import { difference } from '../plan/compare.ts';
import type { Probe, State, Touches } from '../plan/contract.ts';
import { type Need, type Play, type Task, Unknown } from '../plan/playbook.ts';
import type { Scopes } from '../plan/scope.ts';
import { looksAt } from '../plan/touches.ts';
import type { Result } from './knowledge.ts';
import type { Look, Session } from './session.ts';

/** A task that has its place in a play: what the run walks over. */
export interface Position {
  readonly play: Play;
  readonly task: Task;
  readonly handler: boolean;
}

/** One thing to hold or do on one host: a task with its arguments evaluated, for one value of its loop. */
export interface Instance {
  readonly task: Task;
  /** The loop's value in short; undefined without a loop. */
  readonly item?: string;
  readonly args: Record<string, unknown>;
  readonly user: string | null;
  readonly touches: Touches & { readonly world?: true };
  /** The resource's probe or the action's guard; null for an action that is always to be done. */
  readonly look: Look | null;
  readonly parse: ((stdout: string) => unknown) | null;
}

/** An instance, or what it waits for. */
type Candidate = { readonly instance: Instance } | { readonly item?: string; readonly need: Need };

export type Instances =
  | { readonly kind: 'skip' }
  | { readonly kind: 'unknown'; readonly need: Need }
  /** `when`: what `when` waits for, if it is not known; asked for only in advance. */
  | { readonly kind: 'instances'; readonly looped: boolean; readonly all: readonly Candidate[]; readonly when?: Need };

/**
 * What a task is on a host, as far as is known.
 * @throws HailbookError of an expression, or of arguments that do not fit
 */
export function instancesOf(position: Position, host: string, scopes: Scopes): Instances {
  const { play, task } = position;
  const outer = scopes.forTask(play, task, host);
  let loop: readonly unknown[] | null = null;
  if (task.loop) {
    const { loop: expression } = task;
    const values = known(() => expression.evaluate(outer));
    if (!values.known) return { kind: 'unknown', need: values.need };
    loop = values.value;
  }
  const items = loop === null ? [undefined] : loop.map((item) => ({ item }));
  const all: Candidate[] = [];
  let unknownWhen: Need | undefined;
  for (const item of items) {
    const scope = item ? scopes.forTask(play, task, host, () => item.item) : outer;
    const label = item ? { item: shorten(item.item) } : {};
    const { when } = task;
    const wanted = when ? known(() => when.evaluate(scope)) : { known: true as const, value: true };
    if (wanted.known && !wanted.value) continue;
    if (!wanted.known) unknownWhen ??= wanted.need;
    const made = known(() => instantiate(position, scope));
    all.push(made.known ? { instance: { ...made.value, ...label } } : { ...label, need: made.need });
  }
  if (all.length === 0 && items.length > 0) return { kind: 'skip' };
  return { kind: 'instances', looped: loop !== null, all, ...(unknownWhen ? { when: unknownWhen } : {}) };
}

function instantiate({ task }: Position, scope: Parameters<Task['args']['evaluate']>[0]): Instance {
  const { module } = task;
  const args = task.args.evaluate(scope);
  const user = task.become ? task.becomeUser.evaluate(scope) : null;
  const touches: Instance['touches'] = module.touches(args);
  const probe: Probe<unknown> | null = module.kind === 'resource' ? module.probe(args) : (module.guard?.(args) ?? null);
  return {
    task,
    args,
    user,
    touches,
    look: probe && { user, script: probe.script, keys: looksAt(touches) },
    parse: probe && ((stdout) => probe.parse(stdout)),
  };
}

export type Forecast =
  | { readonly state: 'unasked' }
  | { readonly state: 'due'; readonly current: Result | null }
  | { readonly state: 'ok'; readonly current: Result };

/**
 * What is already known of an instance: not asked yet, something to do, or nothing.
 * A refusal (`desired` throws) and output that does not parse are left to the task's own turn.
 */
export function forecast(instance: Instance, session: Session): Forecast {
  const { look, parse, task } = instance;
  const { module } = task;
  if (!look || !parse) return { state: 'due', current: null };
  const reply = session.answer(look);
  if (!reply) return { state: 'unasked' };
  try {
    const found = parse(reply.stdout);
    if (module.kind === 'action')
      return found === true ? { state: 'ok', current: { changed: false } } : { state: 'due', current: null };
    const current = found as State | null;
    const due = difference(current, module.desired(instance.args, current)) !== null;
    return due ? { state: 'due', current } : { state: 'ok', current: { ...current, changed: false } };
  } catch {
    return { state: 'due', current: null };
  }
}

type Known<T> = { known: true; value: T } | { known: false; need: Need };

function known<T>(compute: () => T): Known<T> {
  try {
    return { known: true, value: compute() };
  } catch (error) {
    if (error instanceof Unknown) return { known: false, need: error.need };
    throw error;
  }
}

const ITEM_LENGTH = 60;

/** A loop's value in a few characters: a host by its name, text as it is, else JSON. */
function shorten(item: unknown): string {
  const text = typeof item === 'string' ? item : itemName(item);
  return text.length > ITEM_LENGTH ? `${text.slice(0, ITEM_LENGTH - 1)}…` : text;
}

function itemName(item: unknown): string {
  if (item !== null && typeof item === 'object' && 'name' in item) {
    const { name } = item;
    if (typeof name === 'string') return name;
  }
  try {
    return JSON.stringify(item) ?? String(item);
  } catch {
    // A host has facts and results that may not be known.
    return '(value)';
  }
}
