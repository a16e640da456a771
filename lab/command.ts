import { spawn } from 'node:child_process';
import { HailbookError } from '../engine/errors.ts';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** What runs the command, as `env` or `nice` would; errors do not mention it. */
  readonly through?: readonly string[];
}

/** What a command left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of this machine to its end, whatever its exit code. `ENOENT` counts as 127, as in a shell. */
export function attempt(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<Outcome> {
  const [file = '', ...rest] = [...(options.through ?? []), ...argv];
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A command that does not read its stdin may close it first.
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    child.on('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code) =>
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/**
 * Runs a command of this machine and gives its stdout.
 * @throws HailbookError LAB_FAILED with the command and the last lines of its stderr
 */
export async function command(argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(argv, options);
  if (code === 0) return stdout;
  const shown = argv.length > 8 ? `${argv.slice(0, 8).join(' ')} …` : argv.join(' ');
  throw new HailbookError('LAB_FAILED', `${shown}: exit code ${code}`, { hint: lastLines(stderr || stdout, 8) });
}

/** The last `count` lines of a text that hold anything. */
export function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n  ');
}
