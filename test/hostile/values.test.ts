import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODULES } from '../../engine/index.ts';
import { oneOfEachRelease } from '../property/host.ts';
import { asYaml } from '../property/playbook.ts';
import { Playground } from './playground.ts';
import { trialsOf } from './strings.ts';

const FOLDER = '/srv/values';

/** What is a program by its very meaning: who writes it into a playbook wants it to be run. */
const PROGRAMS = ['command.shell', 'command.unless'];

/** Of each argument's texts every third, another of each argument; all of them in a full run. */
const EVERY = process.env.HAILBOOK_FULL ? 1 : 3;

/** What only this side would do, or what would take the host away for minutes; its scripts are judged in test/modules/hostile.ts. */
const NOT_RUN = ['reboot'];

describe.each(oneOfEachRelease().slice(-1))('%s: a value is one value, whatever is in it', (name) => {
  const ground = new Playground(name);
  const { host } = ground;

  beforeAll(() => host.sh(`rm -rf ${FOLDER}; mkdir -p ${FOLDER}`));
  afterAll(async () => {
    await host.sh(`rm -rf ${FOLDER}`);
    await ground.close();
  });

  it.each([...MODULES].filter(([module]) => !NOT_RUN.includes(module)))('of %s', async (name, module) => {
    const trials = [...trialsOf(name, module, FOLDER)].filter(
      ({ argument }) => !PROGRAMS.includes(`${name}.${argument}`),
    );
    // Every other one was refused before any host was contacted.
    const sent = trials
      .flatMap((trial) => (trial.args ? [{ ...trial, args: trial.args }] : []))
      .filter((_, number) => number % EVERY === 0);
    if (sent.length === 0) return;
    const tasks = sent.map(({ args }) => `${name}: ${asYaml(withFiles(ground, module.args.properties, args))}`);
    const { tasks: told } = await ground.run(tasks);
    expect(told).toHaveLength(sent.length);
    const wrong = told.flatMap(({ status, error }, index) => {
      const { argument, text } = sent[index] ?? {};
      const bad =
        status === 'unreachable' ||
        BUGS.includes(error?.code ?? '') ||
        /[Ss]yntax error|Unterminated|bad substitution/.test(String(error?.output));
      return bad
        ? [
            `${argument}, ${text}: ${status} ${error?.code} ${error?.message.slice(0, 300)} ${String(error?.output).slice(0, 300)}`,
          ]
        : [];
    });
    expect(wrong).toEqual([]);
    expect(await host.sh(`find / /tmp /run /dev/shm -xdev -name canary ! -path '/proc/*' 2>/dev/null || :`)).toBe('');
    expect(await host.sh('echo alive')).toBe('alive\n');
  });
});

/** What no value may lead to: a bug here, a lost shell. */
const BUGS = ['INTERNAL', 'CONNECTION_LOST', 'BECOME_FAILED', 'HOST_LOCKED'];

/** What stands for a file of the controller, or for conditions, in a case: here it has to be one. */
function withFiles(
  ground: Playground,
  properties: Readonly<Record<string, unknown>>,
  args: Record<string, unknown>,
): object {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      const schema = properties[name];
      if (typeof schema !== 'object' || schema === null || !('x-source' in schema)) return [name, value];
      if (schema['x-source'] === 'conditions') return [name, ['true']];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const file = `files/${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
      if (schema['x-source'] !== 'destination') ground.write({ [file]: text });
      return [name, file];
    }),
  );
}
