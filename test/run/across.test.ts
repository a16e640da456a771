import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Playground } from './playground.ts';

let ground: Playground;
beforeEach(() => {
  ground = new Playground(['a', 'b', 'c']);
});

describe('a secret', () => {
  it('is masked also where a host prints it back', async () => {
    const { events } = await ground.play(`
- hosts: a
  tasks:
    - { name: make, secret: { path: "{{ dir }}/secret" }, register: made }
    - { name: shows it, command: { shell: "cat; exit 3", stdin: "{{ made.value }}", changes: always } }
`);
    const secret = readFileSync(join(ground.dir('a'), 'secret'), 'utf8').trim();
    expect(JSON.stringify(events)).toContain('‹secret›');
    expect(JSON.stringify(events)).not.toContain(secret);
  });
});

describe('what another host gives', () => {
  it('is of earlier tasks alone, so that a first run and a second see the same', async () => {
    const text = `
- hosts: some
  tasks:
    - { name: early, copy: { content: "{{ hosts['b'].results.made.mode }}", dest: "{{ dir }}/early", mode: "0644" } }
    - { name: make, secret: { path: "{{ dir }}/secret" }, register: made }
`;
    await expect(ground.play(text)).rejects.toThrow(/there is no "made"|registered/);
  });

  it('names the host that was lost, not the one that asked, in a check too', async () => {
    ground.write(
      'inventory.yml',
      `hosts:
  a: { address: 127.0.0.1, connection: local, vars: { dir: ${ground.dir('a')} } }
  gone: { address: 127.0.0.1, port: 1, vars: { dir: /nowhere } }
`,
    );
    const text = `
- hosts: all
  tasks:
    - { name: cores, copy: { content: "{{ hosts.gone.facts.cores }}", dest: "{{ dir }}/cores", mode: "0644" } }
`;
    for (const mode of ['check', 'run'] as const) {
      const { events, exitCode } = await ground.play(text, { mode, hosts: ['a'] });
      const [result] = events.filter((event) => event.event === 'result');
      expect(result).toMatchObject({ host: 'a', status: 'failed', error: { code: 'DEPENDENCY_FAILED' } });
      expect(JSON.stringify(result)).toContain('gone has failed: HOST_UNREACHABLE');
      expect(exitCode).toBe(1);
    }
  });

  it('says which handlers a failure has lost, and gives a loop of skipped turns its results', async () => {
    const { events, status } = await ground.play(`
- hosts: a
  tasks:
    - { name: none, command: { argv: [echo], changes: never }, loop: '["x"]', when: item == "y", register: none }
    - { name: empty, command: { argv: [echo], changes: never }, when: size(none.results) == 0 }
    - { name: one, copy: { content: x, dest: "{{ dir }}/one", mode: "0644" }, notify: later }
    - { name: fails, command: { argv: ["false"], changes: always } }
  handlers:
    - { name: later, command: { argv: [echo], changes: always } }
`);
    expect(status.empty).toEqual({ a: 'ok' });
    const failure = events.find((event) => event.event === 'result' && event.status === 'failed');
    expect(failure).toMatchObject({ error: { hint: expect.stringContaining('Notified but not run: later') } });
  });
});

describe('one file with two names', () => {
  it('is looked at again after a write by the other name', async () => {
    const text = `
- hosts: a
  tasks:
    - { name: folder, file: { path: "{{ dir }}/v1", state: directory, mode: "0755" } }
    - { name: link, file: { path: "{{ dir }}/cur", state: link, target: "{{ dir }}/v1" } }
    - { name: direct, copy: { content: one, dest: "{{ dir }}/v1/x", mode: "0644" } }
    - { name: by the link, copy: { content: two, dest: "{{ dir }}/cur/x", mode: "0644" } }
`;
    await ground.play(text);
    const second = await ground.play(text);
    expect(second.status['by the link']).toEqual({ a: 'changed' });
    expect(readFileSync(join(ground.dir('a'), 'v1/x'), 'utf8')).toBe('two');
  });
});
