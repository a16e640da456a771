import type { ErrorReport, HostRecap, RunEvent, Status, TaskLabel } from '../run/events.ts';
import { groupBy } from './group.ts';
import { compressNames } from './names.ts';
import { count, duration, LOOK, type Paint, statusWord } from './paint.ts';

/** Left to right in the recap; those in the second list only where one is not zero. */
const ALWAYS: readonly Status[] = ['ok', 'changed', 'failed'];
const COLUMNS: readonly Status[] = [
  'ok',
  'changed',
  'assumed',
  'unknown',
  'skipped',
  'ignored',
  'failed',
  'unreachable',
];
const SLOWEST = 3;
/** Lines of a failed step that the list at the end shows unless -v asks for all that there are. */
const MOST_OUTPUT = 10;

export type RunFinished = Extract<RunEvent, { event: 'run_finished' }>;

export interface Failure {
  readonly task: TaskLabel;
  readonly host: string;
  readonly item?: string;
  readonly error: ErrorReport;
}

/** A table: a line per host with its counts and requests, then time and the slowest tasks. */
export function recapLines(
  { hosts, seconds }: RunFinished,
  mode: 'run' | 'check',
  times: readonly { task: TaskLabel; seconds: number }[],
  paint: Paint,
): string[] {
  const entries = Object.entries(hosts);
  const columns = COLUMNS.filter(
    (status) => ALWAYS.includes(status) || entries.some(([, { counts }]) => counts[status] > 0),
  );
  const nameWidth = Math.max(4, ...entries.map(([name]) => name.length));
  const widths = columns.map((status) => Math.max(statusWord(status, mode).length, 4));
  const head = [
    'host'.padEnd(nameWidth),
    ...columns.map((status, index) => statusWord(status, mode).padStart(widths[index] ?? 0)),
    'requests',
  ];
  const rows = entries.map(([name, recap]) => hostRow(name.padEnd(nameWidth), recap, columns, widths, paint));
  const slowest = [...times]
    .sort((a, b) => b.seconds - a.seconds)
    .filter((time) => time.seconds >= 1)
    .slice(0, SLOWEST)
    .map((time) => `${time.task.name} ${duration(time.seconds)}`);
  const slow = slowest.length > 0 ? ` · slowest: ${slowest.join(', ')}` : '';
  const requests = entries.reduce((sum, [, recap]) => sum + recap.requests, 0);
  return [
    paint('bold', 'RECAP'),
    `  ${paint('dim', head.join('  '))}`,
    ...rows.map((row) => `  ${row}`),
    `  ${duration(seconds)} · ${count(requests, 'request')}${slow}`,
  ];
}

function hostRow(
  name: string,
  { counts, requests }: HostRecap,
  columns: readonly Status[],
  widths: readonly number[],
  paint: Paint,
): string {
  const cells = columns.map((status, index) => {
    const cell = String(counts[status]).padStart(widths[index] ?? 0);
    return counts[status] > 0 ? paint(LOOK[status].style, cell) : paint('dim', cell);
  });
  return [name, ...cells, String(requests).padStart('requests'.length)].join('  ');
}

/** Every failure again with all that helps: host, task, file:line, exit code, the last output, what to do. */
export function failureLines(failures: readonly Failure[], paint: Paint, everything: boolean): string[] {
  // Hosts with the same failure are one entry.
  const alike = groupBy(failures, ({ task, item, error }) => JSON.stringify([task.id, item, error]));
  const entries = [...alike.values()].flatMap((same) => {
    const [first] = same;
    return first
      ? failureEntry(first, compressNames([...new Set(same.map(({ host }) => host))]), paint, everything)
      : [];
  });
  return entries.length === 0 ? [] : [paint('bold', 'FAILED'), ...entries];
}

function failureEntry({ task, item, error }: Failure, hosts: string, paint: Paint, everything: boolean): string[] {
  const { code, message, exitCode, output = [], hint } = error;
  const place = error.place ?? task.place;
  const shown = everything ? output : output.slice(-MOST_OUTPUT);
  return [
    `  ${paint('red', '✖')} ${paint('bold', hosts)} · ${task.name}${item === undefined ? '' : ` · ${item}`}  ${paint('dim', `${place.file}:${place.line}`)}`,
    ...message.split('\n').map((line, index) => `      ${index === 0 ? `${paint('red', code)} ` : ''}${line}`),
    ...(exitCode === undefined ? [] : [`      exit code ${exitCode}${shown.length > 0 ? ', it said:' : ''}`]),
    ...shown.map((line) => `        ${paint('dim', '│')} ${line}`),
    ...(hint ? [`      ${paint('cyan', '→')} ${hint}`] : []),
  ];
}
