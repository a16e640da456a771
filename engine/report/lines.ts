import type { TaskLabel } from '../run/events.ts';
import { diffLines } from './diff.ts';
import { type Detail, type Distinct, distinctResults, type Range, type ResultEvent } from './distinct.ts';
import { compressNames, describeHosts } from './names.ts';
import { duration, LOOK, type Paint, statusWord } from './paint.ts';

export interface LineStyle {
  readonly mode: 'run' | 'check';
  readonly verbose: boolean;
  readonly paint: Paint;
  /** The hosts of the play, for `all 4 hosts`. */
  readonly hosts: readonly string[];
}

/** Column widths: the longest status word; a name that most tasks fit into. */
const STATUS_WIDTH = 'would change'.length;
const NAME_WIDTH = 48;
/** Details below a line, and items named in one, unless -v asks for all. */
const MOST_DETAILS = 8;
const MOST_ITEMS = 5;
/** A single remark up to this length stands on the line itself. */
const INLINE = 60;
const INDENT = ' '.repeat(8);

/** What a task came to, a line for each distinct result with the hosts that it holds for. */
export function taskLines(
  task: TaskLabel,
  results: readonly ResultEvent[],
  seconds: number,
  style: LineStyle,
): string[] {
  return distinctResults(results, style.verbose).flatMap((distinct, index) =>
    distinctLines(task, distinct, index === 0 ? seconds : 0, style),
  );
}

function distinctLines(task: TaskLabel, distinct: Distinct, seconds: number, style: LineStyle): string[] {
  const { paint, mode } = style;
  const { status } = distinct;
  const look = LOOK[status];
  const word = paint(look.style, `${look.sign} ${statusWord(status, mode).padEnd(STATUS_WIDTH)}`);
  const name = `${task.handler ? 'handler · ' : ''}${task.name}`.padEnd(NAME_WIDTH);
  const inline = inlineOf(distinct, style);
  const tail = [
    describeHosts(distinct.hosts, style.hosts),
    ...(distinct.items ? [describeItems(distinct.items)] : []),
    ...(inline ? [inline] : []),
  ].join(' · ');
  const time = seconds >= 1 ? paint('dim', `  ${duration(seconds)}`) : '';
  const head = `  ${word} ${status === 'skipped' ? paint('dim', name) : name}  ${tail}${time}`;
  return [head, ...(inline ? [] : detailLines(distinct, style))];
}

/** One short remark that holds for the whole line needs no line of its own. An error always gets one. */
function inlineOf({ status, hosts, details }: Distinct, { verbose }: LineStyle): string | null {
  const [only] = details;
  if (verbose || !only || details.length > 1 || only.diff || only.lines.length > 1) return null;
  if (status === 'failed' || status === 'ignored' || status === 'unreachable') return null;
  if (only.hosts.length !== hosts.length || only.items !== 'all') return null;
  const text = shorten(only.lines[0] ?? '');
  return text.length <= INLINE ? text : null;
}

/** `4 items`, `1 of 4 items`, `1–2 of 4 items`. */
function describeItems({ like, all }: { like: Range; all: Range }): string {
  const show = ([least, most]: Range): string => (least === most ? String(least) : `${least}–${most}`);
  const noun = all[1] === 1 ? 'item' : 'items';
  return show(like) === show(all) ? `${show(all)} ${noun}` : `${show(like)} of ${show(all)} ${noun}`;
}

function detailLines(distinct: Distinct, style: LineStyle): string[] {
  const { details } = distinct;
  const shown = style.verbose ? details : details.slice(0, MOST_DETAILS);
  const rest = details.length - shown.length;
  return [
    ...shown.flatMap((detail) => detailOf(detail, distinct, style)),
    ...(rest > 0 ? [`${INDENT}${style.paint('dim', `… and ${rest} more (-v shows all)`)}`] : []),
  ];
}

function detailOf(detail: Detail, { status, hosts }: Distinct, { paint, verbose }: LineStyle): string[] {
  const items = detail.items === 'all' ? '' : `item ${listItems(detail.items, verbose)}`;
  const whose = detail.hosts.length === hosts.length ? '' : `on ${compressNames(detail.hosts)}`;
  const label = [items, whose].filter((part) => part !== '').join(', ');
  const text = (line: string): string => {
    const shown = verbose ? line : shorten(line);
    return status === 'failed' || status === 'unreachable' ? paint('red', shown) : shown;
  };
  // A remark of several lines (a message with a list) keeps its lines, aligned.
  const lines = detail.lines.flatMap((line) => line.split('\n')).filter((line) => line !== '');
  const body =
    lines.length <= 1 && label
      ? [`${label}: ${text(lines[0] ?? '')}`]
      : [...(label ? [`${label}:`] : []), ...lines.map((line) => `${label ? '  ' : ''}${text(line)}`)];
  const diff = detail.diff ? diffLines(detail.diff, paint, verbose) : [];
  return [...body, ...diff].map((line) => `${INDENT}${line}`.trimEnd());
}

function listItems(items: readonly string[], verbose: boolean): string {
  if (verbose || items.length <= MOST_ITEMS) return compressNames(items);
  return `${compressNames(items.slice(0, MOST_ITEMS))} and ${items.length - MOST_ITEMS} more`;
}

/** Hashes to their first characters, long values to their beginning: what a person compares. */
function shorten(text: string): string {
  const hashes = text.replace(/\b[0-9a-f]{40,128}\b/g, (hash) => `${hash.slice(0, 8)}…`);
  return hashes.length <= 200 ? hashes : `${hashes.slice(0, 199)}…`;
}
