import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Repositories, Web } from './repositories.ts';

const web = new Web();
let here: Repositories;

beforeAll(() => web.open());
afterAll(() => web.close());
beforeEach(() => {
  here = new Repositories();
  web.serve(here.tmp);
});
afterEach(() => here.close());

describe('git', () => {
  it.each([
    ['HEAD', 'main', 'main'],
    ['main', 'main', 'main'],
    ['other', 'other', 'other'],
    ['plain', 'plain', ''],
    ['annotated', 'annotated', ''],
    ['refs/heads/other', 'other', 'other'],
    ['refs/tags/annotated', 'annotated', ''],
  ])('checks out %s', async (version, name, branch) => {
    expect(await here.apply({ version })).toMatchObject({
      outcome: 'changed',
      state: { commit: await here.hash(name), branch, modified: [], unfinished: false },
    });
    expect((await here.apply({ version })).outcome).toBe('ok');
    expect(await here.sh('ls -A here/.git | grep -c hailbook || :')).toBe('0');
  });

  it('checks out a commit by its hash, and then asks nobody', async () => {
    const version = await here.hash('plain');
    expect((await here.apply({ version, repo: `${web.base}/repo.git` })).outcome).toBe('changed');
    expect(await here.sh('cat here/a')).toBe('1');
    web.asked.length = 0;
    expect((await here.apply({ version, repo: `${web.base}/repo.git` })).outcome).toBe('ok');
    expect(web.asked).toEqual([]);
    // Nor for another one that it has already.
    expect((await here.apply({ version: await here.hash('main'), repo: `${web.base}/repo.git` })).outcome).toBe(
      'changed',
    );
    expect(web.asked).toEqual([]);
  });

  it('follows a branch, also when that was rewritten', async () => {
    await here.apply();
    await here.sh('commit a 4; publish');
    expect(await here.apply()).toMatchObject({ outcome: 'changed', state: { commit: await here.hash('main') } });
    await here.sh('somebody -C work reset -q --hard plain; commit a 5; somebody -C work push -q -f ../repo.git main');
    expect((await here.apply()).outcome).toBe('changed');
    expect(await here.sh('cat here/a; git -C here status --short --branch')).toBe('5\n## main...origin/main');
  });

  it('stays where it is without update, and makes nothing without clone', async () => {
    expect((await here.apply({ clone: false })).outcome).toBe('ok');
    await here.apply();
    await here.sh('commit a 4; publish');
    expect((await here.apply({ update: false, version: 'other' })).outcome).toBe('ok');
    expect(await here.sh('cat here/a')).toBe('3');
    expect((await here.apply({ clone: false })).outcome).toBe('changed');
    expect(await here.sh('cat here/a')).toBe('4');
  });

  it('goes to another branch, to a tag, to another repository and back', async () => {
    await here.apply();
    await here.apply({ version: 'other' });
    expect(await here.sh('cat here/b; ls here')).toBe('1\na\nb');
    await here.apply({ version: 'plain' });
    await here.sh('somebody clone -q --bare repo.git second.git');
    expect((await here.apply({ repo: `${here.tmp}/second.git` })).outcome).toBe('changed');
    expect(await here.sh('git -C here remote -v | sort -u | wc -l; git -C here config remote.origin.url')).toBe(
      `2\n${here.tmp}/second.git`,
    );
    expect((await here.apply({ remote: 'upstream' })).outcome).toBe('changed');
    expect(await here.sh('git -C here rev-parse --abbrev-ref main@{upstream}')).toBe('upstream/main');
  });

  it.each([
    ['a changed file', 'echo mine >here/a', 'changed files: a'],
    ['a file that is gone', 'rm here/a', 'changed files: a'],
    ['a file that is only staged', 'echo mine >here/a; git -C here add a', 'changed files: a'],
    ['a commit', 'cd here; echo mine >a; somebody commit -q -a -m mine', '1 commits that are nowhere else'],
    [
      'a commit on no branch',
      'cd here; somebody checkout -q --detach; echo mine >a; somebody commit -q -a -m mine',
      '1 commits',
    ],
  ])('throws away nobody’s work unless told to: %s', async (_, change, message) => {
    await here.apply();
    await here.sh(change);
    await here.sh('commit c 1; publish');
    await expect(here.apply()).rejects.toMatchObject({
      code: 'LOCAL_CHANGES',
      message: expect.stringContaining(message),
    });
    expect(await here.sh('cat here/a 2>/dev/null || echo gone')).toMatch(/mine|gone/);
    expect((await here.apply({ force: true })).outcome).toBe('changed');
    expect(await here.sh('cat here/a here/c')).toBe('3\n1');
  });

  it('leaves alone files that are not from the repository, and overwrites none', async () => {
    await here.apply();
    await here.sh('echo mine >here/notes; echo mine >here/c; commit c 1; publish');
    await expect(here.apply()).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringContaining('would be overwritten'),
    });
    // Refused again: a run that failed is not one that was killed.
    await expect(here.apply()).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(await here.sh('cat here/notes here/c')).toBe('mine\nmine');
    expect((await here.apply({ force: true })).outcome).toBe('changed');
    expect(await here.sh('cat here/notes here/c')).toBe('mine\n1');
  });

  it('knows of a branch of its own that nothing is lost by moving to another', async () => {
    await here.apply();
    await here.sh('cd here; somebody checkout -q -b mine; echo mine >a; somebody commit -q -a -m mine');
    expect((await here.apply()).outcome).toBe('changed');
    expect(await here.sh('git -C here show mine:a')).toBe('mine');
  });
});
