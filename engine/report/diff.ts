import { structuredPatch } from 'diff';
import type { FileDiff } from '../run/events.ts';
import type { Paint } from './paint.ts';

/** Lines of a diff that are shown unless everything is asked for. */
const MOST_LINES = 200;

/** A file's change as a unified diff, a line each. */
export function diffLines({ path, before, after }: FileDiff, paint: Paint, everything: boolean): string[] {
  if (before === null || after === null) return [paint('dim', `${path}: not shown (secret, or not text)`)];
  const { hunks } = structuredPatch(path, path, before, after, undefined, undefined, { context: 3 });
  if (hunks.length === 0)
    return [paint('dim', `${path}: only characters differ that cannot be shown (control characters, line ends)`)];
  const body = hunks.flatMap((hunk) => [
    paint('cyan', `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
    ...hunk.lines.map((line) => paintLine(line, paint)),
  ]);
  const shown = everything ? body : body.slice(0, MOST_LINES);
  const rest = body.length - shown.length;
  return [
    paint('bold', `--- ${path} (now)`),
    paint('bold', `+++ ${path} (wanted)`),
    ...shown,
    ...(rest > 0 ? [paint('dim', `… ${rest} more lines (-v shows all)`)] : []),
  ];
}

/** As GNU diff has it: nothing is at line 0. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line);
  if (line.startsWith('-')) return paint('red', line);
  return line.startsWith('\\') ? paint('dim', line) : line;
}
