import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { quote } from '../../engine/plan/sh.ts';
import { buildCli } from './built.ts';

/** What only a person meets: a terminal, prompts, Ctrl-C. `script` (of every Debian) gives the CLI a terminal of its own. */

const { file, folder } = buildCli('person-test');

beforeAll(() => {
  writeFileSync(join(folder, 'inventory.yml'), 'hosts: { here: { connection: local } }\n');
  const task = '    - name: A folder\n      file: { path: /tmp, state: directory }\n';
  writeFileSync(join(folder, 'site.yml'), `- name: Site\n  hosts: all\n  tasks:\n${task}`);
});

/** Whatever a failed test leaves is ended with its whole process group. */
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

interface Session {
  /** All that the terminal showed so far. */
  shown(): string;
  type(keys: string): void;
  /** Waits until the terminal shows this. */
  until(text: string): Promise<void>;
  ended: Promise<number | null>;
}

function session(argv: readonly string[], env: Readonly<Record<string, string>> = {}, columns = 100): Session {
  // A terminal made by `script` has no size until it is given one.
  const line = `stty cols ${columns} rows 30; exec ${[process.execPath, file, ...argv].map(quote).join(' ')}`;
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      TERM: 'xterm',
      HAILBOOK_LAB_DIR: join(folder, 'no-lab'),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    shown: () => text,
    type: (keys) => child.stdin.write(keys),
    async until(wanted) {
      const late = Date.now() + 8000;
      while (!text.includes(wanted)) {
        if (Date.now() > late) throw new Error(`"${wanted}" was not shown, but: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    ended: new Promise((resolve) => child.once('close', resolve)),
  };
}

describe('a prompt', () => {
  it('does not show what is typed', async () => {
    const person = session(['run', 'site.yml', '--ask-become-pass']);
    await person.until('sudo password: ');
    person.type('hunter2\r');
    expect(await person.ended, person.shown()).toBe(0);
    expect(person.shown()).not.toContain('hunter');
    expect(person.shown()).toContain('Converged');
  });

  it('is left by Ctrl-C with 130', async () => {
    const person = session(['run', 'site.yml', '--ask-pass']);
    await person.until('login password: ');
    person.type('\u0003');
    expect(await person.ended).toBe(130);
    expect(person.shown()).not.toContain('RUN');
  });
});

describe('a terminal', () => {
  it('gets colour and a live view that leaves no trace', async () => {
    const person = session(['run', 'site.yml']);
    expect(await person.ended).toBe(0);
    expect(person.shown()).toContain('\u001b[32m');
    // The cursor that the live view hid is back.
    expect(person.shown().lastIndexOf('\u001b[?25h')).toBeGreaterThan(person.shown().lastIndexOf('\u001b[?25l'));
  });

  it('gets no colour with NO_COLOR', async () => {
    const person = session(['run', 'site.yml'], { NO_COLOR: '1' });
    expect(await person.ended).toBe(0);
    expect(person.shown()).not.toMatch(/\u001b\[[0-9;]*m/);
  });

  it('gets plain lines when it has no size', async () => {
    const person = session(['run', 'site.yml'], { NO_COLOR: '1' }, 0);
    expect(await person.ended).toBe(0);
    expect(person.shown()).not.toContain('\u001b');
  });

  it('gets plain lines with CI', async () => {
    const person = session(['run', 'site.yml'], { CI: 'true', NO_COLOR: '1' });
    expect(await person.ended).toBe(0);
    expect(person.shown()).not.toContain('\u001b');
  });
});

describe('Ctrl-C', () => {
  it('ends an exec with 130, soon', async () => {
    const person = session(['exec', 'all', '--', 'sleep', '60']);
    await person.until('sleep 60');
    const start = Date.now();
    person.type('\u0003');
    expect(await person.ended, person.shown()).toBe(130);
    expect(Date.now() - start).toBeLessThan(5000);
  });
});
