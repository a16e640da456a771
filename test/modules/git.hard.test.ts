import { spawn } from 'node:child_process';
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

describe('git, all kinds of checkouts', () => {
  it('makes and keeps a bare copy of all branches and tags', async () => {
    const bare = { bare: true };
    expect(await here.apply(bare)).toMatchObject({
      outcome: 'changed',
      state: { bare: true, behind: [], branch: 'main' },
    });
    await here.sh(
      'somebody -C work branch -q new; somebody -C work push -q ../repo.git new :other :annotated; somebody -C repo.git tag later plain',
    );
    expect((await here.apply(bare)).outcome).toBe('changed');
    expect(await here.sh('git -C here for-each-ref --format="%(refname:short)" refs/heads refs/tags')).toBe(
      'main\nnew\nlater\nplain',
    );
    expect((await here.apply({ ...bare, version: await here.hash('plain') })).outcome).toBe('ok');
    expect(await here.sh('somebody clone -q here copy; cat copy/a')).toBe('3');
    await expect(here.apply()).rejects.toMatchObject({
      code: 'PATH_REFUSED',
      message: expect.stringContaining('bare'),
    });
  });

  it('brings only as much as it is told, and the rest when it is told so', async () => {
    await here.apply({ depth: 1, repo: `file://${here.tmp}/repo.git` });
    expect(await here.sh('git -C here rev-list --count HEAD; git -C here branch -r --format="%(refname:short)"')).toBe(
      '1\norigin/main',
    );
    expect((await here.apply({ depth: 1, repo: `file://${here.tmp}/repo.git` })).outcome).toBe('ok');
    expect((await here.apply({ repo: `file://${here.tmp}/repo.git` })).outcome).toBe('changed');
    expect(await here.sh('git -C here rev-list --count HEAD')).toBe('3');
  });

  it.each([{ depth: 1 }, { single_branch: true }, { depth: 1, single_branch: true }])('moves with %j', async (few) => {
    await here.apply(few);
    for (const version of ['other', 'plain', await here.hash('main~1'), 'main']) {
      expect((await here.apply({ ...few, version })).outcome).toBe('changed');
    }
    expect(await here.sh('cat here/a; git -C here branch -r | grep -c tags || :')).toBe('3\n0');
  });

  it('finds a commit that is on no branch, and a ref of another kind', async () => {
    await here.sh(
      'commit p 1; somebody -C work push -q ../repo.git HEAD:refs/pull/7/head; somebody -C work reset -q --hard HEAD~1',
    );
    const version = await here.sh('git -C repo.git rev-parse refs/pull/7/head');
    expect(await here.apply({ version: 'refs/pull/7/head' })).toMatchObject({
      outcome: 'changed',
      state: { commit: version },
    });
    await here.apply();
    expect((await here.apply({ version })).outcome).toBe('changed');
    await here.sh('rm -rf here');
    expect((await here.apply({ version })).outcome).toBe('changed');
  });

  it('brings submodules, from where a submodule may come from', async () => {
    await here.sh(`somebody init -q lib; echo lib >lib/x; somebody -C lib add .; somebody -C lib commit -q -m x; git -C lib update-server-info
      somebody -C work submodule --quiet add ${web.base}/lib/.git lib; somebody -C work commit -q -m lib; publish`);
    const repo = `${web.base}/repo.git`;
    expect((await here.apply({ repo })).outcome).toBe('changed');
    expect(await here.sh('cat here/lib/x')).toBe('lib');
    await here.sh('echo mine >here/lib/x');
    await expect(here.apply({ repo })).rejects.toMatchObject({
      code: 'LOCAL_CHANGES',
      message: expect.stringContaining('lib'),
    });
    expect((await here.apply({ repo, force: true })).outcome).toBe('changed');
    expect(await here.sh('cat here/lib/x; rm -rf here/lib; mkdir here/lib')).toBe('lib');
    expect((await here.apply({ repo })).outcome).toBe('changed');
    // As it was before, and without.
    expect((await here.apply({ repo, version: 'plain' })).outcome).toBe('changed');
    await here.sh('rm -rf here');
    expect((await here.apply({ repo, recursive: false })).outcome).toBe('changed');
    expect(await here.sh('ls here/lib')).toBe('');
    expect((await here.apply({ repo, recursive: false })).outcome).toBe('ok');
  });

  it('works as the account whose checkout it is', async () => {
    const repo = `${web.base}/repo.git`;
    await here.sh('chmod 755 .');
    expect(await here.apply({ repo, owner: 'nobody' })).toMatchObject({
      outcome: 'changed',
      state: { owner: 'nobody' },
    });
    expect(await here.sh('find here ! -user nobody')).toBe('');
    await here.sh('commit c 1; publish');
    // Not named: it is that account's all the same.
    expect((await here.apply({ repo })).outcome).toBe('changed');
    expect(await here.sh('find here ! -user nobody')).toBe('');
    await expect(here.apply({ repo, owner: 'daemon' })).rejects.toMatchObject({ code: 'PATH_REFUSED' });
  });
});

describe('git, given what is hostile or broken', () => {
  it('runs nothing as root that a checkout of somebody else tells git to run', async () => {
    const repo = `${web.base}/repo.git`;
    await here.sh('chmod 755 .');
    await here.apply({ repo, owner: 'nobody' });
    // Elsewhere, because git runs a filter whenever it looks at a file.
    const canary = `${here.tmp}-canary`;
    await here.sh(`cd here; printf '#!/bin/sh\nid -un >>${canary}; exec cat\n' >run; chmod 755 run; chown nobody run; : >${canary}; chmod 666 ${canary}
      as() { runuser -u nobody -- git -C "$PWD" "$@"; }
      as config core.fsmonitor "$PWD/run"; as config core.sshCommand "$PWD/run"; as config core.hooksPath "$PWD/hooks"; as config filter.x.clean "$PWD/run"
      mkdir hooks .git/info; for hook in post-checkout reference-transaction post-index-change; do cp run hooks/$hook; done
      echo '* filter=x' >.git/info/attributes; touch a`);
    await here.sh('commit c 1; publish');
    await here.apply({ repo });
    // A filter is a part of what git does; hooks and monitors are not run at all.
    expect(await here.sh(`sort -u ${canary}; rm ${canary}`)).toBe('nobody');
  });

  it.each([
    ['a helper that runs a command', { repo: 'ext::sh -c touch% /tmp/canary' }],
    ['an option', { repo: '--upload-pack=touch /tmp/canary' }],
    ['an option of ssh', { repo: 'ssh://-oProxyCommand=touch/x' }],
    ['an option of ssh as a name', { repo: '-oProxyCommand=x@host:path' }],
    ['an option as the path', { repo: 'git@host:-x' }],
    ['another helper', { repo: 'fd::17' }],
    ['a password for everyone to read', { repo: 'https://me:secret@example.org/x.git' }],
    ['a line end', { repo: 'https://example.org/x\n.git' }],
    ['a version that is an option', { version: '--orphan' }],
    ['a version that is an expression', { version: 'main@{yesterday}' }],
    ['a version with a line end', { version: 'main\nx' }],
    ['a remote that is an option', { remote: '-x' }],
    ['a remote elsewhere', { remote: '../x' }],
  ])('is not given %s', (_, more) => {
    expect(() => here.args(more)).toThrow(/must match pattern/);
  });

  it('takes no submodule from the host itself, and none by a helper', async () => {
    for (const url of [
      `${here.tmp}/repo.git`,
      '../work/.git',
      `file://${here.tmp}/repo.git`,
      'ext::sh -c touch% canary',
    ]) {
      await here.sh(`printf '[submodule "x"]\n path = x\n url = ${url}\n' >work/.gitmodules
        somebody -C work update-index --add --cacheinfo 160000,$(git -C work rev-parse main),x; somebody -C work add .gitmodules; somebody -C work commit -q -m x; publish`);
      await expect(here.apply()).rejects.toMatchObject({
        code: 'REPOSITORY_FAILED',
        message: expect.stringContaining('not allowed'),
      });
    }
    expect(await here.sh('ls; ls -A here')).not.toContain('canary');
  });

  it('says what the repository says, and leaves nothing of what it could not make', async () => {
    await expect(here.apply({ repo: `${here.tmp}/none.git` })).rejects.toMatchObject({
      code: 'REPOSITORY_FAILED',
      message: expect.stringContaining('does not appear to be a git repository'),
    });
    expect(await here.sh('ls -A here')).toBe('');
    await expect(here.apply({ repo: 'http://127.0.0.1:9/x.git' })).rejects.toMatchObject({ code: 'REPOSITORY_FAILED' });
    for (const version of ['none', '0'.repeat(40), 'refs/pull/1/head', '0123abc']) {
      await expect(here.apply({ version })).rejects.toMatchObject({
        code: 'REPOSITORY_FAILED',
        message: expect.stringContaining(version),
      });
    }
    await here.apply();
    await expect(here.apply({ version: 'none' })).rejects.toMatchObject({ code: 'REPOSITORY_FAILED' });
    await here.sh('rm -rf repo.git');
    await expect(here.apply()).rejects.toMatchObject({ code: 'REPOSITORY_FAILED' });
    expect(await here.sh('cat here/a')).toBe('3');
  });

  it('replaces nothing that is no checkout, and is not fooled by one above', async () => {
    await here.sh('mkdir here; echo x >here/x; git init -q .');
    await expect(here.apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await here.sh('rm here/x; echo "gitdir: ../work/.git" >here/.git');
    await expect(here.apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await here.sh('rm here/.git; ln -s ../work/.git here/.git');
    await expect(here.apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await here.sh('rm here/.git');
    expect((await here.apply()).outcome).toBe('changed');
  });

  it('names the program that is missing', async () => {
    await here.apply();
    await here.sh('mkdir .bin; ln -s /usr/sbin/* /usr/bin/* .bin/ 2>/dev/null || :; rm .bin/git .bin/ssh');
    const run = here.host.run.bind(here.host);
    here.host.run = (script, stdin) => run(`PATH=${here.tmp}/.bin; ${script}`, stdin);
    for (const dest of ['here', 'there']) {
      await expect(here.apply({ dest: `${here.tmp}/${dest}` })).rejects.toMatchObject({
        code: 'PROGRAM_MISSING',
        message: 'git is not on this host; on Debian it is in the package git',
      });
    }
  });

  it('goes on where a run was killed in the middle', async () => {
    for (const moment of [0, 20, 60, 120, 200]) {
      await here.sh('rm -rf here');
      await killed(here.script(), moment);
      expect((await here.apply()).outcome).toMatch(/changed|ok/);
      expect(await here.sh('cat here/a; git -C here status --short; ls here/.git | grep -c hailbook || :')).toBe(
        '3\n0',
      );
    }
    await here.sh('seq 400 | while read n; do echo $n >work/f$n; done; commit c 1; publish; cp -a here once');
    for (const moment of [30, 60, 90, 120, 160, 200]) {
      await here.sh('rm -rf here; cp -a once here');
      await killed(here.script(), moment);
      expect((await here.apply()).outcome).toMatch(/changed|ok/);
      expect(await here.sh('git -C here status --short; ls here | wc -l')).toBe('402');
    }
  });

  it('waits for another run at the same checkout', async () => {
    await here.apply();
    const first = here.host.run(`cd here; exec 9<.; flock 9; sleep 1; echo done`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await here.sh('commit c 1; publish');
    const second = await here.host.run(here.script());
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('waiting for another run') });
    expect((await first).stdout).toBe('done\n');
  });
});

/** Starts it in a process group of its own and kills all of that. */
async function killed(script: string, after: number): Promise<void> {
  const env = { LC_ALL: 'C', PATH: process.env.PATH };
  const child = spawn('/bin/sh', ['-c', script], { cwd: here.tmp, stdio: 'ignore', detached: true, env });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, after));
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It had ended before.
  }
  await ended;
}
