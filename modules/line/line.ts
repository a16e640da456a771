import { createHash } from 'node:crypto';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Explanation, type Step, type Touches } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { accountKeys, desiredOwnership, ownershipIn } from '../_file/content.ts';
import { adjust, editFile, fileFailure } from '../_file/steps.ts';
import { type Args, args } from './args.ts';
import { finder, isBlock, type LineState, marks, placing, probe, replacement } from './look.ts';
import { LINE_SHELL } from './shell.ts';

/** One line of a file, or a marked block of several, and everything else as it is. */
export const line = defineResource<typeof args, LineState>({
  name: 'line',
  description: 'A line in a file of the host, or a block of lines between two that mark it.',
  args,
  touches,
  probe,
  desired,
  steps,
  explain,
  failure: fileFailure,
});

// The whole file, because an expression may fit what another task writes.
function touches({ path, owner, group, follow }: Args): Touches {
  return { reads: accountKeys(owner, group), writes: [follow ? `tree:${path}` : `file:${path}`] };
}

/** The block's text, with a line end at its end. */
function textOf({ block = '' }: Args): string | Secret {
  const text = block instanceof Secret ? block.reveal() : block;
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  return block instanceof Secret ? new Secret(whole) : whole;
}

const revealed = (text: string | Secret): string => (text instanceof Secret ? text.reveal() : text);

function desired(given: Args, current: LineState | null): Partial<LineState> | null {
  const absent = given.state === 'absent';
  if (absent && current === null) return null;
  // In a file that is made for it, a secret is nobody else's to read.
  const mode = given.mode ?? (current === null && given.block instanceof Secret ? '0600' : undefined);
  const ownership = absent ? {} : desiredOwnership({ ...given, mode }, current, '0644');
  if (!isBlock(given)) {
    const becomes = given.backrefs ? (current?.lines.length ? [current.becomes] : []) : [given.line ?? ''];
    return { lines: absent ? [] : becomes, ...ownership };
  }
  refuseMarks(given);
  const sha256 = absent
    ? ''
    : createHash('sha256')
        .update(revealed(textOf(given)))
        .digest('hex');
  return { sha256, ...ownership };
}

/** What is in a block must not look like its end. */
function refuseMarks(given: Args): void {
  const [begin, end] = marks(given);
  const lines = revealed(textOf(given)).split('\n');
  if (begin !== end && !lines.includes(begin) && !lines.includes(end)) return;
  throw new HailbookError(
    'LINE_UNCLEAR',
    `the lines that mark the block, ${begin} and ${end}, are the same or are in it`,
    {
      hint: 'give it another marker',
    },
  );
}

function steps(change: Change<LineState>, given: Args): Step[] {
  const { path, state, several } = given;
  const as = state === 'absent' ? {} : ownershipIn(change, { ...given, mode: given.mode ?? madeMode(change) });
  if (change.kind === 'update' && !change.fields.includes('lines') && !change.fields.includes('sha256'))
    return [adjust(path, as, given)];
  if (isBlock(given)) {
    const stdin = state === 'absent' ? '' : textOf(given);
    const count = revealed(stdin).split('\n').length - 1;
    const call = sh`change_block ${[state, ...marks(given), count, ...placing(given)]}`;
    return [editFile(path, call, as, given, { shell: LINE_SHELL, stdin })];
  }
  const words = [state, ...finder(given), given.line ?? '', replacement(given), several, ...placing(given)];
  return [editFile(path, sh`change ${words}`, as, given, { shell: LINE_SHELL })];
}

const madeMode = (change: Change<LineState>): string | undefined =>
  change.kind === 'create' ? change.after.mode : undefined;

/** Of a block its own text; what becomes of a line stands in the change itself. */
function explain(change: Change<LineState>, given: Args): Explanation | null {
  if (!isBlock(given) || (change.kind === 'update' && !change.fields.includes('sha256'))) return null;
  const { path, follow, state } = given;
  const call = sh`settle ${path} ${raw(follow ? sh`follow ` : sh``)}seen shown ${marks(given)}`;
  return { path, before: sh`${raw(LINE_SHELL)}\n${raw(call)}`, after: state === 'absent' ? '' : textOf(given) };
}
