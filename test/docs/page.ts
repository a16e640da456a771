import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page of docs as its reader would follow it: files to write and commands to type, in the order in which they stand there. */
type StepOfPage = FileOfPage | PatchOfPage | CommandOfPage;

/** A fenced block with a `title=PATH`: a file that the reader writes. */
interface FileOfPage {
  readonly kind: 'file';
  readonly path: string;
  readonly text: string;
}

/** The same with the language `diff`: lines in a file that is there. */
interface PatchOfPage {
  readonly kind: 'patch';
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** A line `$ …` in a block of the language `console`, and what the page says that it prints. */
interface CommandOfPage {
  readonly kind: 'command';
  readonly line: string;
  readonly shown: readonly string[];
}

const ROOT = join(import.meta.dirname, '../..');

/** `page` is a path from the root of the project. */
export function stepsOfPage(page: string): StepOfPage[] {
  return stepsIn(readFileSync(join(ROOT, page), 'utf8'));
}

export function stepsIn(markdown: string): StepOfPage[] {
  const blocks = markdown.matchAll(/^(`{3,})(\S*)(.*)\n([\s\S]*?)^\1$/gm);
  return [...blocks].flatMap(([, , language, rest = '', text = '']): StepOfPage[] => {
    const path = /\btitle=(\S+)/.exec(rest)?.[1];
    if (path === undefined) return language === 'console' ? commandsIn(text) : [];
    return [language === 'diff' ? { kind: 'patch', path, ...patchIn(text) } : { kind: 'file', path, text }];
  });
}

function patchIn(diff: string): { before: string; after: string } {
  const without = (sign: string) => diff.replace(new RegExp(`^[${sign}].*\n`, 'gm'), '').replace(/^./gm, '');
  return { before: without('+'), after: without('-') };
}

function commandsIn(block: string): CommandOfPage[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((entry) => {
      const [line = '', ...shown] = entry.trimEnd().split('\n');
      return { kind: 'command', line, shown };
    });
}

/** The exit code that the shown output speaks of; a command of which nothing else is said succeeds. */
export function promisedCode(shown: readonly string[]): number {
  return Number(/\(exit code (\d+)[:)]/.exec(shown.join('\n'))?.[1] ?? 0);
}

/**
 * The first line in which `printed` is not as the page shows it, in words. `…` on a line of its own stands for any lines,
 * and how long things took is not compared.
 */
export function unlike(shown: readonly string[], printed: readonly string[]): string | undefined {
  const wanted = sortArrivals(shown.map(timeless));
  // A slow machine sees lines of progress that a quick one does not.
  const real = sortArrivals(printed.filter((line) => !PROGRESS.test(line)).map(timeless));
  let at = 0;
  let skipping = false;
  for (const line of wanted) {
    if (line === '…') {
      skipping = true;
      continue;
    }
    const found = skipping ? real.indexOf(line, at) : at;
    if (real[found] !== line) return `shown: ${line}\nthere: ${real[found < 0 ? at : found] ?? '(the end)'}`;
    at = found + 1;
    skipping = false;
  }
  return skipping || at === real.length ? undefined : `not shown: ${real[at]}`;
}

const TIME = /(\d+ min )?[\d.]+ (ms|s|min)/.source;

const PROGRESS = new RegExp(`^ {4}… .* · ${TIME}( · |$)`);

/** Without times: they differ from run to run, and short ones are not said at all. */
function timeless(line: string): string {
  return line
    .replace(/ · slowest: .*$/, '')
    .replace(new RegExp(`\\s+${TIME}$`), '')
    .replace(new RegExp(`^\\s*${TIME} · `), '')
    .trimEnd();
}

/** Hosts answer in any order: neighbouring lines that say something of one host each are put in order. */
function sortArrivals(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (const line of lines) {
    let place = out.length;
    while (isOfOneHost(line) && isOfOneHost(out[place - 1]) && (out[place - 1] ?? '') > line) place--;
    out.splice(place, 0, line);
  }
  return out;
}

const isOfOneHost = (line: string | undefined): boolean => line !== undefined && /^✔ \S+ {2}as |^ +on \S+: /.test(line);
