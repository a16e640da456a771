import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HailbookError } from '../../engine/errors.ts';
import { Files } from '../../engine/load/files.ts';
import type { Source, Tree } from '../../engine/plan/contract.ts';
import { tarOf } from '../../modules/copy/tar.ts';
import { argsOf, load, play, problems } from './world.ts';

const HERE = { file: 'site.yml', line: 3, column: 5 };

function made(script: string): string {
  const root = mkdtempSync(join(tmpdir(), 'hailbook-tree-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  execFileSync('/bin/sh', ['-ec', `cd "$1"; umask 022; ${script}`, 'made', root]);
  return root;
}

const paths = (found: Source | Tree): string[] =>
  'entries' in found ? found.entries.map(({ kind, path }) => `${kind} ${path}`) : ['a file'];

describe('a folder of the controller', () => {
  test('is read with all that is in it, folders before what is in them, in an order that no locale changes', () => {
    const root =
      made(`mkdir -p app/b app/B app/é; printf x >app/b/-x; ln -s /nowhere app/l; echo y >app/B/run; chmod 2755 app/B
      chmod 4750 app/B/run; touch "app/é/it's a
name"`);
    const tree = new Files().path(join(root, 'app'), 'app', HERE);
    expect(paths(tree)).toEqual([
      'directory B',
      'file B/run',
      'directory b',
      'file b/-x',
      'link l',
      'directory é',
      "file é/it's a\nname",
    ]);
    expect(tree).toMatchObject({
      path: 'app',
      mode: '0755',
      entries: expect.arrayContaining([
        { kind: 'directory', path: 'B', mode: '2755' },
        { kind: 'link', path: 'l', target: '/nowhere' },
        {
          kind: 'file',
          path: 'b/-x',
          mode: '0644',
          content: Buffer.from('x'),
          sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
        },
        expect.objectContaining({ path: 'B/run', mode: '4750' }),
      ]),
    });
  });

  test('may be a link itself, and a file has its mode', () => {
    const root = made('mkdir app; touch app/a; ln -s app l; chmod 600 app/a');
    const files = new Files();
    expect(paths(files.path(join(root, 'l'), 'l', HERE))).toEqual(['file a']);
    expect(files.path(join(root, 'app/a'), 'a', HERE)).toMatchObject({
      path: 'a',
      mode: '0600',
      content: Buffer.from(''),
    });
  });

  test.each([
    ['mkfifo app/p', 'app/p cannot be copied: it is neither a file, a folder nor a link'],
    ['touch "app/$(printf \'\\377\')"', 'cannot be copied: its name is not UTF-8'],
    ['rmdir app', 'app does not exist'],
  ])('%s', (script, message) => {
    const root = made(`mkdir app; ${script}`);
    let error: HailbookError | undefined;
    try {
      new Files().path(join(root, 'app'), 'app', HERE);
    } catch (thrown) {
      error = thrown as HailbookError;
    }
    expect(error).toMatchObject({ code: 'FILE_MISSING', message: expect.stringContaining(message), place: HERE });
  });

  test('is what an argument gets that names one, before any host is asked', () => {
    const playbook = load(play('- file: { dest: /x, tree: files/app }'), { files: { 'files/app/a/b': 'x' } });
    expect(argsOf(playbook)).toMatchObject({ tree: { path: 'files/app', entries: [{ path: 'a' }, { path: 'a/b' }] } });
    const missing = () => load(play('- file: { dest: /x, tree: files/none }'));
    expect(problems(missing)).toContain('FILE_MISSING files/none does not exist');
  });
});

test('a tar is what tar reads: any number of files of any length', () => {
  const root = made('mkdir out');
  const contents = [0, 1, 511, 512, 513, 100_000].map((length) => Buffer.alloc(length, length % 251));
  const tar = tarOf(contents.map((content, index) => [String(index), content]));
  execFileSync('tar', ['-x', '-f', '-', '-C', join(root, 'out')], { input: tar });
  chmodSync(join(root, 'out'), 0o755);
  for (const [index, content] of contents.entries()) {
    execFileSync('cmp', ['-', join(root, 'out', String(index))], { input: content });
  }
  expect(execFileSync('ls', [join(root, 'out')], { encoding: 'utf8' }).split('\n')).toHaveLength(contents.length + 1);
});
