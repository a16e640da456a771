import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { all, type Played, Playground } from './playground.ts';

const HOSTS = ['a', 'b'];
let ground: Playground;
beforeEach(() => {
  ground = new Playground(HOSTS);
});

const errorsOf = ({ events }: Played): string[] =>
  events.flatMap((event) =>
    event.event === 'result' && event.error ? `${event.error.code} ${event.error.message}` : [],
  );

describe('assert, fail and say', () => {
  const text = `
- hosts: some
  tasks:
    - { name: who, say: { message: { host: "{{ host.name }}" } } }
    - { name: small, assert: { that: [host.name != "", groups.some.size() == 2] } }
    - { name: only a, assert: { that: [host.name == "a"], message: Not here. } }
    - { name: stop, fail: { message: "{{ host.name }} stops." } }
`;

  it('ask no host, in a check no less than in a run', async () => {
    for (const mode of ['check', 'run'] as const) {
      const played = await ground.play(text, { mode });
      expect(played.status).toEqual({
        who: all(HOSTS, 'ok'),
        small: all(HOSTS, 'ok'),
        'only a': { a: 'ok', b: 'failed' },
        stop: { a: 'failed' },
      });
      expect(errorsOf(played)).toEqual([
        'ASSERTION_FAILED Not here. (does not hold: host.name == "a")',
        'STOPPED a stops.',
      ]);
      // What hosts remember is asked of each once.
      expect(played.requests).toEqual({ a: 1, b: 1 });
      const said = played.events.flatMap((event) => (event.event === 'result' ? (event.said ?? []) : []));
      expect(said.map((message) => JSON.parse(message))).toEqual([{ host: 'a' }, { host: 'b' }]);
    }
  });

  it('leave a condition unknown in a check that only a run can judge', async () => {
    const { status } = await ground.play(
      `
- hosts: some
  tasks:
    - { name: make, command: { argv: [echo, hi], changes: always }, register: made }
    - { name: judge, assert: { that: ['made.stdout == "hi\\n"'] } }
`,
      { mode: 'check' },
    );
    expect(status.judge).toEqual(all(HOSTS, 'unknown'));
  });
});

describe('fetch', () => {
  const text = (dest: string): string => `
- hosts: some
  tasks:
    - { name: bring, fetch: { src: "{{ dir }}/log", dest: "${dest}" }, register: got }
    - { name: size, say: { message: "{{ got.size }}" }, when: got.changed }
`;
  const dest = (host: string): string => join(ground.root, 'logs', `${host}.log`);

  it('brings bytes as they are, once', async () => {
    // More than one piece, and neither text nor a multiple of anything.
    const content = Buffer.alloc(6_000_001, 'a\0\xffb\n', 'latin1');
    for (const host of HOSTS) writeFileSync(join(ground.dir(host), 'log'), content);
    const here = text('logs/{{ host.name }}.log');
    expect((await ground.play(here, { mode: 'check' })).status.bring).toEqual(all(HOSTS, 'changed'));
    const first = await ground.play(here);
    expect(first.status.bring).toEqual(all(HOSTS, 'changed'));
    expect(readFileSync(dest('b')).equals(content)).toBe(true);
    expect(statSync(dest('b')).mode & 0o777).toBe(0o600);
    const second = await ground.play(here);
    expect(second.status).toEqual({ bring: all(HOSTS, 'ok'), size: all(HOSTS, 'skipped') });
    expect(second.requests).toEqual({ a: 1, b: 1 });
  });

  it('does not let two hosts write one file', async () => {
    for (const host of HOSTS) writeFileSync(join(ground.dir(host), 'log'), host);
    const played = await ground.play(text('logs/one.log'));
    expect(errorsOf(played)).toEqual([
      expect.stringMatching(/^FETCH_FAILED .*one\.log was fetched from [ab] already$/),
    ]);
  });

  it('says what is missing, too large or no file', async () => {
    const played = await ground.play(text('logs/x.log'));
    expect(errorsOf(played)).toHaveLength(2);
    expect(errorsOf(played)[0]).toMatch(/^FETCH_FAILED .*\/log is not there$/);
  });
});
