import { HailbookError } from '../errors.ts';
import type { AdhocAnswer } from '../run/adhoc.ts';
import { clean } from './clean.ts';
import { groupBy } from './group.ts';
import { compressNames, describeHosts } from './names.ts';
import { LOOK, type Paint } from './paint.ts';

/** What hosts said to one command: each distinct answer once, with the hosts that gave it. */
export function answerLines(answers: readonly AdhocAnswer[], paint: Paint): string[] {
  const all = answers.map(({ host }) => host);
  const alike = groupBy(answers, ({ reply }) =>
    reply instanceof HailbookError
      ? JSON.stringify([reply.code, reply.message])
      : JSON.stringify([reply.code, reply.stdout, reply.stderr]),
  );
  return [...alike.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const hosts = describeHosts(
      same.map(({ host }) => host),
      all,
    );
    return [`${sign(first, paint)} ${paint('bold', clean(hosts))}${remark(first, paint)}`, ...said(first, paint)];
  });
}

/** A line per host: was it reached, as whom, how fast. */
export function pingLine({ host, seconds, reply }: AdhocAnswer, width: number, paint: Paint): string {
  const ms = `${Math.round(seconds * 1000)} ms`;
  const name = clean(host).padEnd(width);
  const answer = { host, seconds, reply };
  if (reply instanceof HailbookError) {
    const hint = reply.hint ? `\n${' '.repeat(width + 4)}${paint('cyan', '→')} ${clean(reply.hint)}` : '';
    return `${sign(answer, paint)} ${name}  ${paint('red', reply.code)} ${clean(reply.message)}${hint}`;
  }
  if (reply.code !== 0) return `${sign(answer, paint)} ${name}  exit code ${reply.code} ${clean(reply.stderr.trim())}`;
  return `${sign(answer, paint)} ${name}  as ${clean(reply.stdout.trim())}  ${paint('dim', ms)}`;
}

/** An answer as one object of `--json`. */
export function answerJson({ host, seconds, reply }: AdhocAnswer): Readonly<Record<string, unknown>> {
  if (reply instanceof HailbookError) {
    const { code, message, hint } = reply;
    return { host, seconds, error: { code, message, ...(hint ? { hint } : {}) } };
  }
  const { code, stdout, stderr } = reply;
  return { host, seconds, exitCode: code, stdout, stderr };
}

/** `2 of 4 hosts failed: spark-worker[1:2]`, or nothing. */
export function troubleLine(answers: readonly AdhocAnswer[], failed: readonly string[]): string[] {
  return failed.length === 0 ? [] : [`${failed.length} of ${answers.length} failed: ${clean(compressNames(failed))}`];
}

const good = ({ reply }: AdhocAnswer): boolean => !(reply instanceof HailbookError) && reply.code === 0;

function sign(answer: AdhocAnswer, paint: Paint): string {
  const look = good(answer) ? LOOK.ok : LOOK.failed;
  return paint(look.style, look.sign);
}

function remark({ reply }: AdhocAnswer, paint: Paint): string {
  if (reply instanceof HailbookError) return ` · ${paint('red', reply.code)} ${clean(reply.message)}`;
  return reply.code === 0 ? '' : ` · exit code ${reply.code}`;
}

function said({ reply }: AdhocAnswer, paint: Paint): string[] {
  if (reply instanceof HailbookError) return reply.hint ? [`  ${paint('cyan', '→')} ${clean(reply.hint)}`] : [];
  const lines = (text: string): string[] => (text === '' ? [] : clean(text).replace(/\n+$/, '').split('\n'));
  return [
    ...lines(reply.stdout).map((line) => `  ${line}`),
    ...lines(reply.stderr).map((line) => `  ${paint('dim', '│')} ${line}`),
  ];
}
