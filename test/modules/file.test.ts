import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { raw, sh } from '../../engine/plan/sh.ts';
import { explainContent } from '../../modules/_file/content.ts';
import { FILE_SHELL } from '../../modules/_file/shell.ts';
import { asUser, editFile, writeFile } from '../../modules/_file/steps.ts';
import { TempHost } from './host.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hailbook-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A write that has got a part of its text and waits for the rest. */
async function halfWritten(path: string) {
  const { script } = writeFile(path, '', { mode: '0666', owner: 'games' });
  const child = spawn('/bin/sh', ['-c', `umask 0; ${script}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  child.stdin.write('half');
  const written = () =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((entry) => entry.endsWith('/a'));
  let name = written();
  while (name === undefined || statSync(join(folder, name)).size < 4) {
    await sleep(5);
    name = written();
  }
  return { child, ended, room: statSync(join(folder, dirname(name))), partial: statSync(join(folder, name)) };
}

it('a half-written file is nobody else’s to read, and not yet in its place', async () => {
  const { child, ended, room, partial } = await halfWritten(join(folder, 'a'));
  expect(room.mode & 0o777).toBe(0o700);
  expect(room.uid).toBe(0);
  expect(partial.mode & 0o777).toBe(0o600);
  expect(partial.uid).toBe(0);
  expect(readdirSync(folder)).not.toContain('a');
  child.stdin.end(' and whole');
  expect(await ended).toBe(0);
  expect(readdirSync(folder)).toEqual(['a']);
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('half and whole');
  expect(statSync(join(folder, 'a'))).toMatchObject({ mode: 0o100666, uid: 5 });
});

it('a write that is stopped leaves nothing behind', async () => {
  const { child, ended } = await halfWritten(join(folder, 'a'));
  // As `timeout` does: the whole group.
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  child.stdin.end();
  expect(await ended).not.toBe(0);
  await expect.poll(() => readdirSync(folder)).toEqual([]);
});

it('an edit whose command fails leaves the file as it was', async () => {
  const host = new TempHost(false);
  const path = join(host.tmp, 'a');
  await host.run(`echo before >${path}`);
  const { code } = await host.run(editFile(path, sh`/bin/sh -c 'echo half; exit 9'`).script);
  expect(code).toBe(9);
  expect((await host.run(`ls -A ${host.tmp}; cat ${path}`)).stdout).toBe('a\nbefore\n');
  host.close();
});

it('twenty edits at once all hold', async () => {
  const host = new TempHost(false);
  const path = join(host.tmp, 'a');
  const edits = Array.from({ length: 20 }, (_, i) => editFile(path, sh`/bin/sh -c ${sh`cat; echo ${i}`}`));
  await Promise.all(edits.map(({ script }) => host.run(script)));
  const text = readFileSync(path, 'utf8').trim().split('\n').map(Number);
  expect(text.sort((a, b) => a - b)).toEqual(edits.map((_, i) => i));
  host.close();
});

it('another account gets the script, its words and its stdin as they are', async () => {
  const host = new TempHost(false);
  const word = `it's "$(touch canary)" \\ é`;
  const script = asUser('games', sh`printf '%s|' "$(id -un)" ${word}; cat`);
  expect((await host.run(script, 'in\0put')).stdout).toBe(`games|${word}|in\0put`);
  const itself = asUser('root', sh`id -un; exit 7`);
  expect(await host.run(sh`${raw(itself)}`)).toMatchObject({ code: 7, stdout: 'root\n' });
  host.close();
});

describe('a diff', () => {
  let host: TempHost;
  beforeEach(() => {
    host = new TempHost(false);
  });
  afterEach(() => host.close());

  /** What root would show as the present text of `path`. */
  async function before(path: string): Promise<string> {
    const state = { type: 'file', owner: 'x', group: 'x', mode: '0644', sha256: '', target: '' } as const;
    const change = { kind: 'update', before: state, after: state, fields: ['sha256'] } as const;
    const script = explainContent(change, { dest: path, follow: false }, { content: '', sha256: '' })?.before ?? '';
    return (await host.run(script)).stdout;
  }

  it('shows a file that root alone can change the way to, and one of an account', async () => {
    await host.run(`echo mine >a; chmod 755 .; mkdir h; echo theirs >h/b; chown -R games h; chmod 700 h`);
    expect(await before(join(host.tmp, 'a'))).toBe('mine\n');
    expect(await before(join(host.tmp, 'h/b'))).toBe('theirs\n');
    expect(await before(join(host.tmp, 'h/none'))).toBe('');
  });

  it('shows nothing that a planted link leads to', async () => {
    await host.run(
      `chmod 755 .; mkdir h r; echo roots >r/conf; chmod 600 r/conf; ln -s ../r h/app; ln -s ../r/conf h/conf; chown -hR games h`,
    );
    expect(await before(join(host.tmp, 'h/app/conf'))).toBe('');
    expect(await before(join(host.tmp, 'h/conf'))).toBe('');
  });
});

it('a folder that is swapped for a link is not mended where the link leads', async () => {
  const host = new TempHost(false);
  await host.run('mkdir h r; chown games h; ln -s ../r h/work; chown -h games h/work; chmod 755 .');
  // What `settle` finds is a folder; what root enters a moment later is a link.
  const script = sh`${raw(FILE_SHELL)}
me=0 shared=0 actor=games path=x at=${join(host.tmp, 'h')} name=work
(adjust 0777 games '')`;
  const { code, stderr } = await host.run(script);
  expect([code, stderr]).toEqual([73, expect.stringContaining('PATH_REFUSED')]);
  expect((await host.run('stat -c %U r')).stdout).toBe('root\n');
  host.close();
});
