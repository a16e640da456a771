import { expect } from 'vitest';
import { HailbookError } from '../../engine/errors.ts';
import { difference } from '../../engine/plan/compare.ts';
import type { Action, Module, Resource, State, Step } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { type Case, type ExpectedStep, prepareArgs } from './cases.ts';
import { shellComplaint } from './hostile.ts';
import { nameShared } from './shared.ts';

function refusedBySchema(module: Module, one: Case): void {
  const prepared = prepareArgs(module, one.args ?? {});
  expect('invalid' in prepared ? prepared.invalid : 'accepted').toContain(one.invalid);
}

/** The arguments as the engine would give them; a case whose arguments the schema refuses is wrong. */
export function prepared(module: Module, args: Record<string, unknown>): Record<string, unknown> {
  const result = prepareArgs(module, args);
  if ('invalid' in result) throw new Error(`the schema refuses the arguments: ${result.invalid}`);
  return result.args;
}

const RELEASES = /^(debian-1[23]|busybox)$/;

/** What a case asserts; one without any would always hold. */
const ASSERTIONS = [
  'state',
  'change',
  'steps',
  'warnings',
  'trial',
  'error',
  'invalid',
  'failure',
  'guard',
  'result',
  'changes',
] as const;

/** Holds a case that needs no host. */
export function judge(module: Module, one: Case): void {
  expect(
    ASSERTIONS.filter((key) => key in one),
    'what the case asserts',
  ).not.toEqual([]);
  if (one.from !== undefined) expect(one.from, 'a release that there is').toMatch(RELEASES);
  if (one.invalid !== undefined) {
    refusedBySchema(module, one);
    return;
  }
  const args = prepared(module, one.args ?? {});
  const described = (): void =>
    module.kind === 'action' ? judgeAction(module, one, args) : judgeResource(module, one, args);
  if (one.output) judgeFailure(module, one, args);
  else if (one.error) {
    const error = thrownBy(described);
    expect(error.code).toBe(one.error.code);
    expect(error.message).toContain(one.error.message ?? '');
  } else described();
}

/** Probe output → state → change → exact steps, all without a host. */
function judgeResource(module: Resource, one: Case, args: Record<string, unknown>): void {
  expect(one.from, 'which release the probe output is from').toBeDefined();
  const current = module.probe(args).parse(one.stdout ?? '');
  if ('state' in one) expect(plain(current)).toEqual(plain(one.state));
  if (current) expect(difference(current, current)).toBeNull();
  const change = difference<State>(current, module.desired(args, current));
  if ('change' in one)
    expect(change && (change.kind === 'update' ? { update: change.fields } : change.kind)).toEqual(one.change);
  if ('warnings' in one) expect([...(module.warnings?.(current, args) ?? [])]).toEqual(one.warnings);
  const trial = (change && module.trial?.(change, args)) ?? null;
  if (trial) judgeSteps([trial.begin, { script: trial.keep }], { args: one.args ?? {}, steps: one.trial ?? undefined });
  if ('trial' in one) expect(trial === null).toBe(one.trial === null);
  if (change) judgeSteps(module.steps(change, args), one);
  if (change) module.explain?.(change, args);
}

function judgeAction(module: Action, one: Case, args: Record<string, unknown>): void {
  if (one.guard !== undefined) {
    const guard = module.guard?.(args) ?? null;
    expect(guard?.parse(one.guard?.stdout ?? '')).toBe(one.guard?.done);
  }
  judgeSteps(module.run(args), one);
  expect('outputs' in one, 'a result is made of outputs').toBe('result' in one || 'error' in one);
  if (one.outputs) {
    const result = module.result(one.outputs, args);
    expect(plain(result)).toEqual(plain(one.result));
  }
  if (one.changes !== undefined) expect(module.changes(args)).toBe(one.changes);
}

function judgeSteps(steps: readonly Step[], one: Pick<Case, 'args' | 'state' | 'steps'>): void {
  expect(shellComplaint(steps.map((step) => step.script))).toBeUndefined();
  for (const secret of secretsIn([one.args, one.state, steps.map((step) => step.stdin)])) {
    for (const step of steps) expect(step.script).not.toContain(secret);
  }
  if (!one.steps) return;
  const found = steps.map((step) => ({ ...step, script: nameShared(step.script).trimEnd() }));
  const wanted = one.steps.map((step): ExpectedStep => (typeof step === 'string' ? { script: step } : step));
  expect(plain(found)).toEqual(plain(wanted.map((step) => ({ ...step, script: step.script.trimEnd() }))));
}

function judgeFailure(module: Module, one: Case, args: Record<string, unknown>): void {
  expect(one.from, 'which release the output is from').toBeDefined();
  expect(one, 'what is made of the output').toHaveProperty('failure');
  const output = { code: 1, stdout: '', stderr: '', ...one.output };
  const failure = module.failure?.(output, args) ?? null;
  expect(failure?.code).toBe(one.failure?.code);
  expect(failure?.message ?? '').toContain(one.failure?.message ?? '');
}

function thrownBy(work: () => void): HailbookError {
  try {
    work();
  } catch (error) {
    if (error instanceof HailbookError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** With secrets laid open, because two secrets look the same to a comparison. */
export function plain(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap(secretsIn);
}
