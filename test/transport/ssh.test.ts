import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createConnect } from '../../engine/transport/index.ts';
import { record, run } from './ask.ts';
import { freePort, noPassphrase, Sshd } from './sshd.ts';

const sshd = new Sshd();
beforeAll(() => sshd.start(), 60_000);
afterEach(() => sshd.hangUp());
afterAll(() => sshd.stop());

describe('a connection', () => {
  test('answers as the one who logged in', async () => {
    const connection = await sshd.connect('root');
    expect(await run(connection, null, 'id -un; pwd; umask; cat')).toBe('root\n/\n0077\n');
    expect([connection.requests, connection.shells]).toEqual([1, 1]);
  });

  test('a script that lists, binary stdin, a megabyte', async () => {
    const connection = await sshd.connect('robot');
    const bytes = Buffer.from([...Array(256).keys()]);
    const [sum, size] = await connection.ask(null, [
      record('od -An -tx1 | tr -d " \\n"', { stdin: bytes }),
      record('wc -c', { stdin: 'x'.repeat(1_000_000) }),
    ]);
    expect(sum?.stdout).toBe(bytes.toString('hex'));
    expect(size?.stdout).toBe('1000000\n');
  });

  test('who is already the wanted user needs no sudo', async () => {
    const connection = await sshd.connect('guest');
    expect(await run(connection, 'guest', 'id -un')).toBe('guest\n');
    const root = await sshd.connect('root');
    expect(await run(root, null, 'echo $PPID')).toBeTruthy();
    expect(await run(root, 'root', 'echo x')).toBe('x\n');
    expect(root.shells).toBe(1);
  });

  test('requests do not wait for acknowledgements: Nagle is off', async () => {
    const connection = await sshd.connect('root');
    await run(connection, null, ':');
    const times: number[] = [];
    for (let i = 0; i < 21; i++) {
      const start = performance.now();
      await connection.ask(null, [record('cat', { stdin: 'x' })]);
      times.push(performance.now() - start);
    }
    // With it each took 40 ms and more, the kernel's delayed acknowledgement.
    // A quarter of them, so that a busy machine does not matter.
    expect(times.sort((a, b) => a - b)[5]).toBeLessThan(38);
  });

  test('$SSH_CONNECTION is there, also behind sudo', async () => {
    const connection = await sshd.connect('robot');
    const seen = await run(connection, null, 'echo "$SSH_CONNECTION"');
    expect(seen).toMatch(new RegExp(`^127.0.0.1 \\d+ 127.0.0.1 ${sshd.port}\n$`));
    expect(await run(connection, 'root', 'echo "$SSH_CONNECTION"')).toBe(seen);
  });

  test('a login without a shell says so', async () => {
    const connection = await sshd.connect('closed');
    await expect(run(connection, null, ':')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('not available'),
    });
  });

  test('one that the host ends in the middle', async () => {
    const before = sshd.sessions();
    const connection = await sshd.connect('root');
    const session = sshd.sessions().find((pid) => !before.includes(pid)) ?? 0;
    const answer = connection.ask(null, [record('echo begun; sleep 5')], () => process.kill(session, 'SIGKILL'));
    await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(run(connection, null, ':')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('a host that falls silent in the middle', async () => {
    const before = sshd.sessions();
    const connection = await sshd.connect('root');
    const session = sshd.sessions().find((pid) => !before.includes(pid)) ?? 0;
    const answer = connection.ask(null, [record('echo begun; sleep 2', { timeout: 1 })], () =>
      process.kill(session, 'SIGSTOP'),
    );
    await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    process.kill(session, 'SIGKILL');
  }, 40_000);

  test('a record past its time is stopped behind sudo too', async () => {
    const connection = await sshd.connect('robot');
    const replies = await connection.ask('root', [
      record('echo a', { group: 1 }),
      record('sleep 63', { group: 2, timeout: 1 }),
      record('echo c', { group: 3, timeout: 600 }),
    ]);
    expect(replies.map((reply) => reply.code)).toEqual([0, 124, 0]);
    // 1 is "no such process"; without the program there would be no status at all.
    expect(spawnSync('pgrep', ['-fx', 'sleep 63']).status).toBe(1);
  });
});

describe('a host that cannot be reached', () => {
  const reach = (port: number, connectTimeout = 5) =>
    createConnect({ knownHosts: [], hostKeys: 'strict', connectTimeout, prompts: { passphrase: noPassphrase } })(
      sshd.host('root', { port }),
    );

  test('nothing listens', async () => {
    await expect(reach(await freePort())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('sshd'),
    });
  });

  test.each([
    ['says nothing', (_socket: unknown) => {}],
    ['hangs up at once', (socket: { destroy(): void }) => socket.destroy()],
  ])('something that %s', async (_what, greet) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      greet(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const start = performance.now();
    await expect(reach(typeof address === 'object' && address ? address.port : 0, 1)).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
    });
    expect(performance.now() - start).toBeLessThan(4000);
    server.close();
  });

  test('an sshd that turns many away lets all in after a while', async () => {
    const strict = new Sshd();
    try {
      await strict.start(['MaxStartups 2:100:2']);
      const many = await Promise.all(Array.from({ length: 12 }, () => strict.connect('root', { connectTimeout: 60 })));
      for (const connection of many) connection.close();
      expect(strict.log()).toMatch(/MaxStartups|drop connection/);
    } finally {
      await strict.stop();
    }
  }, 60_000);
});
