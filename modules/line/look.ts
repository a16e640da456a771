import { HailbookError } from '../../engine/errors.ts';
import type { Probe } from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { type PathState, probePath } from '../_file/probe.ts';
import type { Args } from './args.ts';
import { LINE_SHELL } from './shell.ts';

export type LineState = {
  /** The lines that are meant, as they stand there. */
  readonly lines: readonly string[];
  /** What the last of them becomes, where `line` has groups of `regexp` in it; else empty. */
  readonly becomes: string;
  /** Of the block's text, lower-case hex; empty where there is none. */
  readonly sha256: string;
  readonly owner: string;
  readonly group: string;
  /** Four octal digits. */
  readonly mode: string;
};

/** The lines that mark a block. */
export function marks({
  marker = '# {mark} hailbook',
  marker_begin = 'BEGIN',
  marker_end = 'END',
}: Args): [string, string] {
  return [marker.replaceAll('{mark}', () => marker_begin), marker.replaceAll('{mark}', () => marker_end)];
}

export const isBlock = ({ line, regexp, contains }: Args): boolean =>
  line === undefined && regexp === undefined && contains === undefined;

/** How lines are found: `''` is by the line itself. */
export const finder = ({ regexp, contains }: Args): [string, string] =>
  regexp !== undefined ? ['E', regexp] : contains !== undefined ? ['F', contains] : ['', ''];

/** The line as what sed puts in the place of a match: `&` would be all of it. */
export const replacement = ({ backrefs, line = '' }: Args): string => (backrefs ? line.replaceAll('&', '\\&') : '');

export const placing = ({ insert_after = '', insert_before = '', first_match }: Args): string[] => [
  insert_after,
  insert_before,
  first_match ? '1' : '',
];

export function probe(given: Args): Probe<LineState | null> {
  const { path, line = '', follow } = given;
  const atPath = probePath(path, given);
  const call: Sh = isBlock(given)
    ? sh`look_block ${[...marks(given), ...placing(given)]}`
    : sh`look ${[...finder(given), line, replacement(given), ...placing(given)]}`;
  return {
    script: sh`${raw(atPath.script)}
if [ "$s" != absent ]; then
${raw(LINE_SHELL)}
settle ${path} ${raw(follow ? sh`follow ` : sh``)}seen ${raw(call)}
fi </dev/null`,
    parse: (stdout) => parse(stdout, given, atPath.parse(stdout)),
  };
}

function parse(stdout: string, given: Args, file: PathState | null): LineState | null {
  const { path, state, create } = given;
  if (!file) {
    if (state === 'absent' || create) return null;
    throw new HailbookError('PATH_MISSING', `there is no file ${path}`, {
      hint: 'a task before this one can make it; `create: true` makes one with nothing else in it',
    });
  }
  if (file.type !== 'file') {
    throw new HailbookError('PATH_REFUSED', `${path} is no file but a ${file.type}`, {
      hint: file.type === 'link' ? '`follow: true` means what it leads to' : 'look at what it is',
    });
  }
  const { owner, group, mode } = file;
  const none = { lines: [], becomes: '', sha256: '' };
  return { ...none, ...(isBlock(given) ? blockIn(stdout, given) : linesIn(stdout, given)), owner, group, mode };
}

const values = (stdout: string, word: string): string[] =>
  stdout.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));

function linesIn(stdout: string, given: Args): Partial<LineState> {
  const { line, state, backrefs, several, path } = given;
  const equal = values(stdout, 'equal');
  const matches = finder(given)[0] === '' ? equal : values(stdout, 'match');
  const texts = matches.map((match) => match.replace(/^\d+:/, ''));
  if (state === 'absent') return { lines: texts };
  if (texts.length === 0) {
    if (equal.length > 0) return { lines: [line ?? ''] };
    if (!backrefs) refuseNowhere(stdout, given);
    return {};
  }
  const [becomes = '', then = ''] = [values(stdout, 'becomes')[0], values(stdout, 'then')[0]];
  // The very line more than once leaves no doubt.
  const wanted = backrefs ? becomes : line;
  if (several === 'refuse' && texts.length > 1 && texts.some((text) => text !== wanted)) {
    const numbers = matches.map((match) => match.replace(/:.*/s, '')).join(', ');
    throw new HailbookError('LINE_UNCLEAR', `the lines ${numbers} of ${path} fit`, {
      hint: 'make the expression fit one of them, or say what is to become of the others: `several: one` or `several: last`',
    });
  }
  if (backrefs && becomes !== then) {
    throw new HailbookError('LINE_UNCLEAR', `the line would change again with every run: ${becomes}, then ${then}`, {
      hint: 'what `line` makes must stay the same when `regexp` finds it again',
    });
  }
  return { lines: several === 'one' ? texts : texts.slice(-1), becomes };
}

function blockIn(stdout: string, given: Args): Partial<LineState> {
  const [begins, ends] = [values(stdout, 'begin').map(Number), values(stdout, 'end').map(Number)];
  const [begin, end] = [begins[0], ends[0]];
  if (begin === undefined && end === undefined) {
    if (given.state === 'present') refuseNowhere(stdout, given);
    return {};
  }
  if (begins.length > 1 || ends.length > 1 || begin === undefined || end === undefined || end < begin) {
    const where = `begin in ${begins.join(', ') || 'none'}, end in ${ends.join(', ') || 'none'}`;
    throw new HailbookError('LINE_UNCLEAR', `the lines of ${given.path} that mark the block: ${where}`, {
      hint: 'put the two lines in order by hand, or give this block a marker of its own',
    });
  }
  return { sha256: /^sha256 ([0-9a-f]{64})/m.exec(stdout)?.[1] ?? '' };
}

function refuseNowhere(stdout: string, { path, insert_after = '', insert_before = '' }: Args): void {
  if (values(stdout, 'place')[0] !== '') return;
  throw new HailbookError('LINE_UNCLEAR', `no line of ${path} fits ${insert_after}${insert_before}`, {
    hint: 'without insert_after and insert_before it comes at the end',
  });
}
