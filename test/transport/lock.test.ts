import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection, HostLock } from '../../engine/transport/connection.ts';
import { createConnect } from '../../engine/transport/index.ts';
import { buildCli } from '../cli/built.ts';
import { record } from './ask.ts';

/** Root's lock is in /run/hailbook; these tests are root's, on this very machine, and take and let go of it. */
const RUN = '/run/hailbook';
const dir = mkdtempSync(join(tmpdir(), 'hailbook-lock-'));
const connect = createConnect({
  knownHosts: [],
  hostKeys: 'strict',
  connectTimeout: 5,
  prompts: { passphrase: () => Promise.reject(new Error('nothing is to be asked')) },
});

let connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections) connection.close();
  connections = [];
});

async function run(holder: string, rest: Partial<HostLock> = {}): Promise<Connection & { told: string[] }> {
  const connection = await connect({ name: 'here', address: '127.0.0.1', port: 22, connection: 'local', vars: {} });
  connections.push(connection);
  const told: string[] = [];
  connection.lock({ user: null, holder, run: holder, wait: 0, tell: (line) => told.push(line), ...rest });
  return Object.assign(connection, { told });
}

const soon = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe("a host's lock", () => {
  test('comes with the first request and costs none', async () => {
    const jane = await run('jane@laptop');
    const replies = await jane.ask(null, [record('echo hi')], undefined, 'its task');
    expect(replies).toMatchObject([{ code: 0, stdout: 'hi\n' }]);
    expect(jane.requests).toBe(1);
    expect(readFileSync(`${RUN}/holder`, 'utf8')).toMatch(/^by=jane@laptop\nrun=\S+\nsince=\d+\n/);
    expect(jane.told).toEqual([]);
  });

  test('keeps a second run away, and says who and what; nothing of it is done', async () => {
    const jane = await run('jane@laptop');
    await jane.ask(null, [record(':')]);
    const busy = jane.ask(null, [record('sleep 3')], undefined, 'Hail and its "Python" packages');
    await soon(0.2);
    const bob = await run('bob@desk');
    await expect(bob.ask(null, [record(`: >${dir}/bob`)])).rejects.toMatchObject({
      code: 'HOST_LOCKED',
      message: expect.stringMatching(
        /changed by jane@laptop, begun \d+ s ago, now at "Hail and its "Python" packages"$/,
      ),
      hint: expect.stringContaining('--lock-timeout'),
    });
    await expect(bob.ask('root', [record(`: >${dir}/bob`)])).rejects.toMatchObject({ code: 'HOST_LOCKED' });
    expect(existsSync(`${dir}/bob`)).toBe(false);
    await busy;
  });

  test('is shared by one run that knows the host by two names', async () => {
    const [one, two] = [await run('jane@laptop'), await run('jane@laptop')];
    await one.ask(null, [record(':')]);
    expect(await two.ask(null, [record('echo too')])).toMatchObject([{ stdout: 'too\n' }]);
  });

  test('is waited for when that is wanted', async () => {
    const jane = await run('jane@laptop');
    const [, bob] = await Promise.all([
      jane.ask(null, [record('sleep 1')], undefined, 'a nap').then(() => jane.close()),
      soon(0.3).then(() => run('bob@desk', { wait: 20 })),
    ]);
    expect(await bob.ask(null, [record('echo mine')])).toMatchObject([{ stdout: 'mine\n' }]);
  });

  test('is let go of when the run ends', async () => {
    const jane = await run('jane@laptop');
    await jane.ask(null, [record(':')]);
    jane.close();
    await soon(0.1);
    const bob = await run('bob@desk');
    expect(await bob.ask(null, [record('echo mine')])).toMatchObject([{ stdout: 'mine\n' }]);
  });

  test('is not held by what a step leaves in the background', async () => {
    const jane = await run('jane@laptop');
    await jane.ask(null, [record('sleep 31 >/dev/null 2>&1 & echo $!')]).then(async ([reply]) => {
      jane.close();
      await soon(0.1);
      const bob = await run('bob@desk');
      expect(await bob.ask(null, [record('echo mine')])).toMatchObject([{ stdout: 'mine\n' }]);
      process.kill(Number(reply?.stdout));
    });
  });

  test('a shell that its controller has forgotten is ended', async () => {
    const jane = await run('jane@laptop');
    await jane.ask(null, [record(':')]);
    await soon(0.1);
    const before = new Date(Date.now() - 200_000);
    utimesSync(`${RUN}/doing`, before, before);
    const bob = await run('bob@desk');
    expect(await bob.ask(null, [record('echo mine')])).toMatchObject([{ stdout: 'mine\n' }]);
    expect(bob.told).toMatchObject([expect.stringMatching(/^taken over from jane@laptop, who has not been heard of/)]);
  });
});

describe('a controller that is killed in the middle of a step', () => {
  const cli = buildCli('lock');
  const controllerCode = (): string => `
    import { createConnect } from '${dirname(cli.file)}/engine/transport/index.js';
    const connect = createConnect({ knownHosts: [], hostKeys: 'strict', connectTimeout: 5, prompts: {} });
    const host = await connect({ name: 'here', address: '127.0.0.1', port: 22, connection: 'local', vars: {} });
    host.lock({ user: null, holder: 'jane@laptop', run: 'x', wait: 0, tell() {} });
    const talk = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do echo talking $i; echo loudly >&2; sleep 0.25; done';
    const steps = [talk, 'echo whole >${dir}/whole'].map((script) => ({ script, group: 0, timeout: 20 }));
    await host.ask(null, steps, () => process.stdout.write('.'), 'a long talk');`;

  test('the step goes on though nobody listens, and the next run waits for it', async () => {
    const controller = spawn(process.execPath, ['--input-type=module', '-e', controllerCode()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(controller.stdout, 'data');
    controller.kill('SIGKILL');
    await once(controller, 'exit');
    const bob = await run('bob@desk');
    const [reply] = await bob.ask(null, [record(`cat ${dir}/whole`)]);
    expect(reply).toMatchObject({ code: 0, stdout: 'whole\n' });
    expect(bob.told).toEqual(['waiting for what jane@laptop left working: a long talk']);
    rmSync(dir, { recursive: true });
  });
});
