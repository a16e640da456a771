import { ERROR_CODES, type ErrorCode } from '../../engine/errors.ts';
import type { ModuleFailure, Output } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';

/**
 * `refuse CODE MESSAGE` ends a step with an error that has a name; `refusal` finds it again in what the step left. The line
 * is the one that the functions of `_file` print too. In a subshell (`$(…)`, a pipe) it ends only that: add `|| exit`.
 */
export const REFUSE = sh`refuse() { printf 'hailbook: %s %s\n' "$1" "$2" >&2; exit 73; }`;

/** What a step refused by name, with a remedy for its code; null when it failed in another way. */
export function refusal(output: Output, hints: Partial<Record<ErrorCode, string>> = {}): ModuleFailure | null {
  const [, code = '', message = ''] = /^hailbook: ([A-Z_]+) (.*)$/m.exec(output.stderr) ?? [];
  if (!isErrorCode(code)) return null;
  const hint = hints[code];
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);
