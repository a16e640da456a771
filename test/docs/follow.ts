import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { promisedCode, stepsOfPage, unlike } from './page.ts';

interface Follow {
  /** Where the reader is. */
  readonly folder: string;
  /** Over this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** From what stands on the page (an address, a path) to what is so here. */
  readonly here?: (text: string) => string;
  /** And back. */
  readonly onPage?: (text: string) => string;
  /** Milliseconds for one command. */
  readonly timeout?: number;
}

/** One test for each step of a page of docs, in its order: writes its files, types its commands, compares what is printed. */
export function follow(page: string, { folder, env = {}, here = same, onPage = same, timeout }: Follow): void {
  const steps = stepsOfPage(page);
  let code = 0;

  it.each(steps.map((step, index) => [nameOf(step), step, steps[index + 1]] as const))(
    '%s',
    async (_, step, next) => {
      if (step.kind === 'command') {
        const ran = await type(here(step.line), code, folder, env);
        code = ran.code;
        const printed = onPage(ran.printed).trimEnd();
        expect(unlike(step.shown, printed === '' ? [] : printed.split('\n')), ran.printed).toBeUndefined();
        // A page may also show an exit code by `$ echo $?`.
        const asked = next?.kind === 'command' && next.line === 'echo $?';
        if (!asked) expect(code, ran.printed).toBe(promisedCode(step.shown));
        return;
      }
      const path = join(folder, step.path);
      mkdirSync(dirname(path), { recursive: true });
      if (step.kind === 'file') writeFileSync(path, here(step.text));
      else {
        const parts = readFileSync(path, 'utf8').split(step.before);
        expect(parts, `${step.path} has these lines once:\n${step.before}`).toHaveLength(2);
        writeFileSync(path, parts.join(step.after));
      }
    },
    timeout,
  );
}

/** As in a terminal: both streams are one, and `$?` is that of the line before. */
async function type(
  line: string,
  lastCode: number,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; printed: string }> {
  const child = spawn('/bin/sh', ['-c', `exec 2>&1\n(exit ${lastCode})\n${line}`], {
    cwd,
    env: { ...process.env, CI: 'true', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  });
  return { code, printed };
}

const same = (text: string): string => text;

function nameOf(step: ReturnType<typeof stepsOfPage>[number]): string {
  if (step.kind === 'command') return `$ ${step.line}`;
  return `${step.kind === 'file' ? 'writes' : 'changes'} ${step.path}`;
}
