import { asHailbookError, HailbookError, isLoss } from '../errors.ts';
import type { ModuleFailure, Output } from '../plan/contract.ts';
import type { ErrorReport, FileDiff, Status } from './events.ts';
import type { Result } from './knowledge.ts';

/** How one instance of a task came out on one host. */
export interface Outcome {
  readonly status: Status;
  /** What `register` gets; null when it is not known. */
  readonly result: Result | null;
  readonly changes?: readonly string[];
  readonly note?: string;
  readonly warnings?: readonly string[];
  readonly said?: string;
  readonly diff?: FileDiff;
  readonly error?: ErrorReport;
  readonly item?: string;
}

/** The exit code of what was ended by its time limit, as of timeout(1). */
export const TIMED_OUT = 124;

/** In a check: what holds now, though an earlier change may alter it. */
export const AS_IT_IS_NOW = 'as it is now; an earlier change may alter it';

/** Lines of a failed step's output that an error shows. */
const OUTPUT_LINES = 20;

export function failed(error: unknown, output?: Output): Outcome {
  const known = asHailbookError(error);
  const status = isLoss(known) ? 'unreachable' : 'failed';
  return { status, result: null, error: reportOf(known, output) };
}

/** A failed step as the module explains it, or plainly. */
export function stepFailed(output: Output, explained: ModuleFailure | null): Outcome {
  const { code, message, hint } = explained ?? {
    code: 'STEP_FAILED' as const,
    message: `a step exited ${output.code}`,
    hint: undefined,
  };
  const known = new HailbookError(output.code === TIMED_OUT && !explained ? 'TIMEOUT' : code, message, { hint });
  return { status: 'failed', result: null, error: reportOf(known, output) };
}

function reportOf(error: HailbookError, output?: Output): ErrorReport {
  const lines = (output?.stderr.trim() || output?.stdout.trim() || '').split('\n').slice(-OUTPUT_LINES);
  return {
    code: error.code,
    message: error.message,
    ...(error.hint ? { hint: error.hint } : {}),
    ...(error.place ? { place: error.place } : {}),
    ...(output ? { exitCode: output.code, output: lines.filter((line) => line !== '') } : {}),
  };
}
