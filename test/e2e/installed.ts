import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ran } from './hailbook.ts';

/** The package as `npm pack` makes it, installed in an empty folder by `npm install`: as a user has it. */
export class Installed {
  readonly #room = mkdtempSync(join(tmpdir(), 'hailbook-package-'));
  readonly folder = join(this.#room, 'empty');

  constructor() {
    mkdirSync(this.folder);
    const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' });
    // The build is there already (test/all.sh), and other tests run it: packing must not build it anew.
    npm(join(import.meta.dirname, '../..'), 'pack', '--ignore-scripts', '--silent', '--pack-destination', this.#room);
    const [archive = ''] = execFileSync('ls', [this.#room], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.endsWith('.tgz'));
    npm(this.folder, 'init', '--yes');
    npm(this.folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', join(this.#room, archive));
  }

  /** `npx hailbook …` in that folder. */
  npx(...args: readonly string[]): Promise<Ran> {
    const child = spawn('npx', ['--no-install', 'hailbook', ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: 'true' },
    });
    const streams = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text) => {
        streams[name] += text;
      });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...streams })));
  }

  remove(): void {
    rmSync(this.#room, { recursive: true });
  }
}
