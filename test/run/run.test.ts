import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineResource, type Module } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';
import { all, Playground } from './playground.ts';

const HOSTS = ['a', 'b', 'c'];
let ground: Playground;
beforeEach(() => {
  ground = new Playground(HOSTS);
});

const CONTENT = `
- hosts: some
  tasks:
    - name: folder
      file: { path: "{{ dir }}/etc", state: directory, mode: "0755" }
    - name: settings
      copy: { content: "x = 1\\n", dest: "{{ dir }}/etc/settings", mode: "0644" }
    - name: more settings
      copy: { content: "y = 2\\n", dest: "{{ dir }}/etc/more", mode: "0644" }
`;

describe('a run', () => {
  it('changes, then finds nothing to change in one request a host, and so does the check', async () => {
    const first = await ground.play(CONTENT);
    expect(first.status).toEqual({
      folder: all(HOSTS, 'changed'),
      settings: all(HOSTS, 'changed'),
      'more settings': all(HOSTS, 'changed'),
    });
    expect(first.exitCode).toBe(0);
    expect(readFileSync(join(ground.dir('b'), 'etc/settings'), 'utf8')).toBe('x = 1\n');
    // One request to ask, and one for each change.
    expect(first.requests).toEqual({ a: 4, b: 4, c: 4 });

    const second = await ground.play(CONTENT);
    expect(second.status.settings).toEqual(all(HOSTS, 'ok'));
    expect(second.requests).toEqual({ a: 1, b: 1, c: 1 });

    const check = await ground.play(CONTENT, { mode: 'check' });
    expect(check.exitCode).toBe(0);
    expect(check.requests).toEqual({ a: 1, b: 1, c: 1 });
  });

  it('mends exactly what drifted, at the cost of one request more', async () => {
    await ground.play(CONTENT);
    writeFileSync(join(ground.dir('a'), 'etc/settings'), 'x = 3\n');
    const check = await ground.play(CONTENT, { mode: 'check', diff: true });
    expect(check.exitCode).toBe(2);
    expect(check.status.settings).toEqual({ a: 'changed', b: 'ok', c: 'ok' });
    const diff = check.events.flatMap((event) => (event.event === 'result' && event.diff ? [event.diff] : []));
    expect(diff).toEqual([{ path: join(ground.dir('a'), 'etc/settings'), before: 'x = 3\n', after: 'x = 1\n' }]);
    expect(readFileSync(join(ground.dir('a'), 'etc/settings'), 'utf8')).toBe('x = 3\n');

    const run = await ground.play(CONTENT);
    expect(run.status.settings).toEqual({ a: 'changed', b: 'ok', c: 'ok' });
    expect(run.requests).toEqual({ a: 2, b: 1, c: 1 });
  });

  it('asks a value that another host gives in one more request, and only then', async () => {
    const text = `
- hosts: some
  tasks:
    - { name: make, secret: { path: "{{ dir }}/secret" }, register: made }
    - name: spread
      copy: { content: "{{ hosts.a.results.made.mode }} {{ host.name }} {{ facts.cores }}\\n", dest: "{{ dir }}/spread", mode: "0600" }
`;
    const first = await ground.play(text);
    expect(first.exitCode).toBe(0);
    expect(readFileSync(join(ground.dir('c'), 'spread'), 'utf8')).toMatch(/^0600 c [0-9]+\n$/);
    const second = await ground.play(text);
    expect(second.status).toEqual({ make: all(HOSTS, 'ok'), spread: all(HOSTS, 'ok') });
    expect(second.requests).toEqual({ a: 2, b: 2, c: 2 });
  });

  it('stops a host that fails, goes on with the others, and says so by the exit code', async () => {
    const { status, exitCode } = await ground.play(`
- hosts: some
  tasks:
    - { name: only b, command: { argv: ["false"], changes: always }, when: host.name == "b" }
    - { name: after, copy: { content: x, dest: "{{ dir }}/after", mode: "0644" } }
`);
    expect(exitCode).toBe(1);
    expect(status).toEqual({
      'only b': { a: 'skipped', b: 'failed', c: 'skipped' },
      after: { a: 'changed', c: 'changed' },
    });
    expect(existsSync(join(ground.dir('b'), 'after'))).toBe(false);
  });

  it('names the host that a value is missing from', async () => {
    const { events, status } = await ground.play(`
- hosts: some
  tasks:
    - { name: fails on a, command: { shell: 'test {{ host.name }} != a && echo made', changes: always }, register: made }
    - { name: needs a, command: { argv: [echo, "{{ hosts.a.results.made.stdout }}"], changes: never } }
`);
    expect(status['needs a']).toEqual({ b: 'failed', c: 'failed' });
    const errors = events.flatMap((event) =>
      event.event === 'result' && event.task.name === 'needs a' ? [event.error] : [],
    );
    expect(errors[0]).toMatchObject({
      code: 'DEPENDENCY_FAILED',
      message: 'it needs "made" of a; a has failed: STEP_FAILED a step exited 1',
    });
  });

  it('goes on after a failure that is to be ignored', async () => {
    const { status, exitCode } = await ground.play(`
- hosts: some
  tasks:
    - { name: fails, command: { argv: ["false"], changes: always }, ignore_errors: true }
    - { name: after, copy: { content: x, dest: "{{ dir }}/after", mode: "0644" } }
`);
    expect(status).toEqual({ fails: all(HOSTS, 'ignored'), after: all(HOSTS, 'changed') });
    expect(exitCode).toBe(0);
  });

  it('runs a notified handler once, after the tasks, in the order of definition', async () => {
    const text = `
- hosts: some
  tasks:
    - { name: one, copy: { content: x, dest: "{{ dir }}/one", mode: "0644" }, notify: [second, first] }
    - { name: two, copy: { content: x, dest: "{{ dir }}/two", mode: "0644" }, notify: first }
  handlers:
    - { name: zeroth, command: { shell: 'echo zeroth >>{{ dir }}/log', changes: always } }
    - { name: first, command: { shell: 'echo first >>{{ dir }}/log', changes: always }, notify: zeroth }
    - { name: second, command: { shell: 'echo second >>{{ dir }}/log', changes: always } }
`;
    const check = await ground.play(text, { mode: 'check' });
    expect(check.status.first).toEqual(all(HOSTS, 'changed'));
    expect(existsSync(join(ground.dir('a'), 'log'))).toBe(false);
    await ground.play(text);
    expect(readFileSync(join(ground.dir('a'), 'log'), 'utf8')).toBe('first\nzeroth\nsecond\n');
    const again = await ground.play(text);
    expect(again.status.first).toBeUndefined();
    expect(readFileSync(join(ground.dir('a'), 'log'), 'utf8')).toBe('first\nzeroth\nsecond\n');
  });

  it('takes every turn of a loop, and registers them', async () => {
    const { status, exitCode } = await ground.play(`
- hosts: some
  tasks:
    - { name: files, copy: { content: "{{ item }}", dest: "{{ dir }}/{{ item }}", mode: "0644" }, loop: '["x", "y"]', register: files }
    - { name: both, command: { argv: [echo], changes: never }, when: size(files.results) == 2 && files.changed }
    - { name: nothing, command: { argv: [echo], changes: never }, loop: '[]' }
`);
    expect(exitCode).toBe(0);
    expect(status).toEqual({ files: all(HOSTS, 'changed,changed'), both: all(HOSTS, 'ok') });
  });

  it('reads a host outside --limit but never writes it', async () => {
    const text = `
- hosts: some
  tasks:
    - { name: make, secret: { path: "{{ dir }}/secret" }, register: made }
    - { name: spread, copy: { content: "{{ hosts.a.results.made.mode }}", dest: "{{ dir }}/spread", mode: "0600" } }
`;
    const lost = await ground.play(text, { hosts: ['b'] });
    expect(lost.status).toEqual({ make: { b: 'changed' }, spread: { b: 'failed' } });
    expect(existsSync(join(ground.dir('a'), 'secret'))).toBe(false);
    await ground.play(text, { hosts: ['a'] });
    const found = await ground.play(text, { hosts: ['b'] });
    expect(found.status).toEqual({ make: { b: 'ok' }, spread: { b: 'changed' } });
    expect(existsSync(join(ground.dir('a'), 'spread'))).toBe(true);
    expect(existsSync(join(ground.dir('c'), 'secret'))).toBe(false);
  });
});

describe('a check', () => {
  it('calls nothing ok that an earlier change may alter, nor what needs a value that only a run gives', async () => {
    ground.write('there', '');
    const { status, exitCode } = await ground.play(
      `
- hosts: some
  tasks:
    - { name: before, file: { path: "{{ dir }}", state: directory } }
    - { name: anything, command: { argv: ["true"], changes: always }, register: done }
    - { name: after, file: { path: "{{ dir }}", state: directory } }
    - { name: needs it, copy: { content: "{{ done.stdout }}", dest: "{{ dir }}/x", mode: "0644" } }
    - { name: when unknown, copy: { content: "", dest: "{{ dir }}/y", mode: "0644" }, when: done.stdout == "x" }
    - { name: never, copy: { content: "", dest: "{{ dir }}/z", mode: "0644" }, when: done.stdout == "x" && false }
    - { name: waits, command: { argv: ["true"], changes: never } }
`,
      { mode: 'check' },
    );
    expect(status).toEqual({
      before: all(HOSTS, 'ok'),
      anything: all(HOSTS, 'changed'),
      after: all(HOSTS, 'assumed'),
      'needs it': all(HOSTS, 'unknown'),
      'when unknown': all(HOSTS, 'unknown'),
      never: all(HOSTS, 'skipped'),
      waits: all(HOSTS, 'skipped'),
    });
    expect(exitCode).toBe(2);
  });
});

describe('what stands in the way of a task', () => {
  const TEXT = (owner: string) => `
- hosts: a
  tasks:
    - { name: other, file: { path: "{{ dir }}/way", state: absent } }
    - { name: folder, file: { path: "{{ dir }}/way", state: directory } }
    - { name: owned, copy: { content: x, dest: "{{ dir }}/owned", owner: ${owner} } }
`;

  it('is no failure of a check when an earlier task would mend it', async () => {
    writeFileSync(join(ground.dir('a'), 'way'), '');
    const check = await ground.play(TEXT('games'), { mode: 'check' });
    expect(check.status).toEqual({ other: { a: 'changed' }, folder: { a: 'assumed' }, owned: { a: 'changed' } });
    const run = await ground.play(TEXT('games'));
    expect(run.status).toEqual({ other: { a: 'changed' }, folder: { a: 'changed' }, owned: { a: 'changed' } });
  });

  it('is a failure of the check as of the run when nothing would', async () => {
    for (const mode of ['check', 'run'] as const) {
      const { status, events } = await ground.play(TEXT('nobody-here'), { mode });
      expect(status.owned).toEqual({ a: 'failed' });
      expect(events.flatMap((event) => (event.event === 'result' && event.error ? [event.error] : []))).toMatchObject([
        { code: 'ACCOUNT_MISSING', message: 'there is no account "nobody-here"' },
      ]);
    }
  });

  it('is an account that the play makes', async () => {
    const { status } = await ground.play(
      `
- hosts: a
  tasks:
    - { name: account, user: { name: not-made-here } }
    - { name: owned, copy: { content: x, dest: "{{ dir }}/owned", owner: not-made-here } }
`,
      { mode: 'check' },
    );
    expect(status).toEqual({ account: { a: 'changed' }, owned: { a: 'assumed' } });
  });
});

describe('a wrong module', () => {
  const wrong = (name: string, over: Partial<Module>): Module => ({
    ...defineResource({
      name,
      description: 'A resource that is wrong.',
      args: Type.Object({}),
      touches: () => ({ writes: [] }),
      probe: () => ({ script: sh`echo 1`, parse: (stdout) => ({ value: stdout.trim() }) }),
      desired: () => ({ value: '2' }),
      steps: () => [],
    }),
    ...(over as object),
  });

  it.each([
    ['does not converge', {}, 'NOT_CONVERGED', /all steps succeeded, yet: value: 1 → 2/],
    [
      'cannot look',
      { probe: () => ({ script: sh`echo why >&2; exit 3`, parse: () => null }) },
      'PROBE_FAILED',
      /exited 3/,
    ],
    ['fails at a step', { steps: () => [{ script: sh`echo broken >&2; exit 5` }] }, 'STEP_FAILED', /exited 5/],
  ])('that %s fails loudly, with its name', async (_, over, code, message) => {
    const { events, exitCode } = await ground.play('- hosts: a\n  tasks: [{ name: t, wrong: {} }]\n', {
      modules: [wrong('wrong', over)],
    });
    expect(exitCode).toBe(1);
    const result = events.find((event) => event.event === 'result');
    expect(result).toMatchObject({ status: 'failed', error: { code, message: expect.stringMatching(message) } });
  });
});
