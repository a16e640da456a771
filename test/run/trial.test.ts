import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { HailbookError } from '../../engine/errors.ts';
import { defineResource } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';
import type { Connect } from '../../engine/transport/connection.ts';
import { createConnect } from '../../engine/transport/index.ts';
import { Playground } from './playground.ts';

/** A door that the host opens again two seconds after it was shut, unless it is told to leave it. */
const door = defineResource({
  name: 'door',
  description: 'A door that is shut.',
  args: Type.Object({ path: Type.String({ description: 'Where it is.' }) }),
  touches: ({ path }) => ({ writes: [`file:${path}`] }),
  probe: ({ path }) => ({
    script: sh`if [ -e ${path} ]; then echo shut; fi`,
    parse: (stdout): { shut: boolean } | null => (stdout === '' ? null : { shut: true }),
  }),
  desired: () => ({ shut: true }),
  steps: (_, { path }) => [{ script: sh`: >${path}; echo shut >>${path}.log` }],
  trial: (_, { path }) => ({
    begin: {
      script: sh`echo begin >${path}.log
setsid sh -c 'sleep 2; [ -e "$0.kept" ] || rm -f "$0"' ${path} >/dev/null 2>&1 </dev/null &`,
    },
    keep: sh`: >${path}.kept; echo kept >>${path}.log`,
    seconds: 2,
  }),
  warnings: (current) => (current ? ['it is dark now'] : []),
});

const PLAY = `
- hosts: some
  tasks:
    - { name: shut, door: { path: "{{ dir }}/door" } }
`;
const local = createConnect({ knownHosts: [], hostKeys: 'strict', connectTimeout: 5, prompts: {} as never });

it('a change on trial is kept over a second connection, when the look after it is content', async () => {
  const ground = new Playground(['a']);
  let connections = 0;
  const connect: Connect = (host) => {
    connections++;
    return local(host);
  };
  const { status, events } = await ground.play(PLAY, { modules: [door], connect });
  expect(status.shut).toEqual({ a: 'changed' });
  expect(connections).toBe(2);
  expect(readFileSync(join(ground.dir('a'), 'door.log'), 'utf8')).toBe('begin\nshut\nkept\n');
  expect(events.find((event) => event.event === 'result')).toMatchObject({ warnings: ['it is dark now'] });
  const again = await ground.play(PLAY, { modules: [door], connect });
  expect(again.status.shut).toEqual({ a: 'ok' });
  expect(connections).toBe(3);
});

it('a change that no new connection survives is taken back by the host, and that is told only then', async () => {
  const ground = new Playground(['a']);
  let connections = 0;
  const connect: Connect = async (host) => {
    connections++;
    if (connections === 2) throw new HailbookError('HOST_UNREACHABLE', 'timed out');
    return local(host);
  };
  const { status, events } = await ground.play(PLAY, { modules: [door], connect });
  expect(status.shut).toEqual({ a: 'failed' });
  expect(existsSync(join(ground.dir('a'), 'door'))).toBe(false);
  const result = events.find((event) => event.event === 'result');
  expect(result).toMatchObject({
    error: {
      code: 'TAKEN_BACK',
      message:
        'after the change no new connection could be made (HOST_UNREACHABLE timed out), so the host has taken it back after 2 s',
    },
  });
});
