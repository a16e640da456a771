import { HailbookError } from '../../engine/errors.ts';
import { sh } from '../../engine/plan/sh.ts';

/** `known passwd|group NAME|NUMBER…`: the lines of those that are there. 2 is "one of them is not"; anything else but 0 is a failure to look. */
export const KNOWN = sh`known() { getent "$@" || [ $? = 2 ] || exit 1; }`;

/** The fields of each line that getent printed. */
export const records = (lines: readonly string[] = []): string[][] =>
  lines.filter((line) => line !== '').map((line) => line.split(':'));

/** A task works on what is not there. For `steps` to throw: there a check is not told when an earlier task would make it. */
export const noAccount = (names: readonly string[]): HailbookError => missing('account', 'user', names);
export const noGroup = (names: readonly string[]): HailbookError => missing('group', 'group', names);

const missing = (kind: string, module: string, names: readonly string[]): HailbookError =>
  new HailbookError('ACCOUNT_MISSING', `there is no ${kind} ${names.join(', ')}`, {
    hint: `a task with the module ${module}, before this one, makes it`,
  });

/** An account or a group has a number, or a group, that is not the one asked for. */
export const mismatch = (message: string): HailbookError =>
  new HailbookError('USER_MISMATCH', message, {
    hint: 'files carry the number, so hailbook never changes it: ask for the present one, or change it by hand',
  });
