import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** How a process of the CLI ended. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Built {
  /** Runs the CLI to its end, without a terminal, in a folder of its own. */
  hailbook(argv: readonly string[], options?: { cwd?: string; env?: Readonly<Record<string, string>> }): Promise<Ended>;
  /** The built CLI's file. */
  readonly file: string;
  /** A folder for this file's tests, gone afterwards. */
  readonly folder: string;
}

/** Builds the CLI once for a test file. It lies within the package, where its dependencies are found. */
export function buildCli(name: string): Built {
  const dist = resolve(`node_modules/.cache/hailbook-${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-cli-'));
  const file = join(dist, 'cli.js');
  beforeAll(async () => {
    rmSync(dist, { recursive: true, force: true });
    await new Promise<void>((done, fail) => {
      execFile('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', dist], (error, stdout) => {
        // Type errors are the type check's business; without a file there is nothing to test.
        if (error && !stdout.includes('error TS')) fail(error);
        else done();
      });
    });
  }, 60_000);
  afterAll(() => {
    rmSync(dist, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    file,
    folder,
    hailbook(argv, { cwd = folder, env = {} } = {}) {
      return new Promise((done, fail) => {
        const child = spawn(process.execPath, [file, ...argv], {
          cwd,
          // No lab and no CI of this machine decides what a test sees.
          env: { PATH: process.env.PATH ?? '', HOME: folder, HAILBOOK_LAB_DIR: join(folder, 'no-lab'), ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
          // Without a controlling terminal: what a prompt would find in CI.
          detached: true,
        });
        const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
        child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
        child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
        child.once('error', fail);
        child.once('close', (code) =>
          done({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
        );
      });
    },
  };
}
