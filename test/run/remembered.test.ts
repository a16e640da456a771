import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { all, type Played, Playground } from './playground.ts';

const HOSTS = ['a', 'b'];
let ground: Playground;
beforeEach(() => {
  ground = new Playground(HOSTS);
});

/** A play whose second task fails where the file `ill` is, and the handler that the first one notifies. */
const play = (handler: string, does = 'echo ran >>{{ dir }}/log'): string => `
- name: Settings
  hosts: some
  tasks:
    - { name: one, copy: { content: x, dest: "{{ dir }}/one", mode: "0644" }, notify: ${handler} }
    - { name: two, command: { shell: "! test -e {{ dir }}/ill", changes: never } }
  handlers:
    - { name: ${handler}, command: { shell: '${does}', changes: always } }
`;

const log = (host: string): string => readFileSync(join(ground.dir(host), 'log'), 'utf8');
const kept = (host: string): string[] => {
  const folder = join(ground.dir(host), 'state/handlers');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const notices = ({ events }: Played): string[] =>
  events.flatMap((event) => (event.event === 'notice' ? `${event.host}: ${event.message}` : []));

/** Notified on both hosts; a fails before its handlers. */
async function broken(): Promise<void> {
  writeFileSync(join(ground.dir('a'), 'ill'), '');
  const { status, events } = await ground.play(play('reload'));
  expect(status).toEqual({ one: all(HOSTS, 'changed'), two: { a: 'failed', b: 'ok' }, reload: { b: 'changed' } });
  const failure = events.find((event) => event.event === 'result' && event.status === 'failed');
  expect(failure).toMatchObject({ error: { hint: expect.stringContaining('Notified but not run: reload.') } });
  expect(kept('a')).toHaveLength(1);
  expect(kept('b')).toEqual([]);
  rmSync(join(ground.dir('a'), 'ill'));
}

describe('a handler that was notified and did not run', () => {
  it('runs next time, though nothing notifies it, and then no more', async () => {
    await broken();
    const check = await ground.play(play('reload'), { mode: 'check' });
    expect(check.status.reload).toEqual({ a: 'changed' });
    expect(check.exitCode).toBe(2);
    const next = await ground.play(play('reload'));
    expect(next.status).toEqual({ one: all(HOSTS, 'ok'), two: all(HOSTS, 'ok'), reload: { a: 'changed' } });
    expect(notices(next)).toEqual([
      expect.stringMatching(
        /^a: handler "reload" was notified by an earlier run \(20.* UTC\) and has not run; it runs at the end of play "Settings"$/,
      ),
    ]);
    expect([log('a'), kept('a')]).toEqual(['ran\n', []]);
    expect((await ground.play(play('reload'))).status.reload).toBeUndefined();
  });

  it('is known under another name by what it does', async () => {
    await broken();
    const next = await ground.play(play('reload it'));
    expect(next.status['reload it']).toEqual({ a: 'changed' });
    expect(notices(next)).toEqual([expect.stringContaining('(it was called "reload" then)')]);
    expect(kept('a')).toEqual([]);
  });

  it('is told, and kept, when the playbook has it no more; until it is forgotten', async () => {
    await broken();
    const other = play('restart', 'echo other >>{{ dir }}/log');
    const next = await ground.play(other);
    expect(next.status.restart).toBeUndefined();
    expect(notices(next)).toEqual([expect.stringContaining('hailbook run --forget-handlers')]);
    expect(kept('a')).toHaveLength(1);
    const last = await ground.play(other, { forgetHandlers: true });
    expect(notices(last)).toEqual(['a: forgot what an earlier run left to be run: "reload"']);
    expect(kept('a')).toEqual([]);
    expect(notices(await ground.play(other))).toEqual([]);
  });

  it('runs next time when it failed itself', async () => {
    const text = play('reload', 'test ! -e {{ dir }}/ill && echo ran >>{{ dir }}/log');
    const calm = text.replace('! test -e {{ dir }}/ill', 'true');
    writeFileSync(join(ground.dir('a'), 'ill'), '');
    expect((await ground.play(calm)).status.reload).toEqual({ a: 'failed', b: 'changed' });
    rmSync(join(ground.dir('a'), 'ill'));
    expect((await ground.play(calm)).status.reload).toEqual({ a: 'changed' });
    expect((await ground.play(calm)).status.reload).toBeUndefined();
  });

  it('is written down before its task, in the same request; a host that cannot is not changed', async () => {
    writeFileSync(join(ground.dir('a'), 'state'), 'in the way');
    const { status, events, requests } = await ground.play(play('reload'));
    expect(status.one).toEqual({ a: 'failed', b: 'changed' });
    const failure = events.find((event) => event.event === 'result' && event.status === 'failed');
    expect(failure).toMatchObject({ error: { code: 'HANDLER_NOT_KEPT' } });
    expect(existsSync(join(ground.dir('a'), 'one'))).toBe(false);
    // To ask, the task, the command, the handler, and to strike it out.
    expect(requests.b).toBe(5);
  });
});
