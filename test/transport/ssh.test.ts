import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Sh } from '../../engine/plan/sh.ts';
import type { Connection, WireRecord } from '../../engine/transport/connection.ts';
import { type ConnectOptions, createConnect } from '../../engine/transport/index.ts';
import { freePort, LOGIN_PASSWORD, Sshd, sshdMissing } from './sshd.ts';

const sshd = new Sshd();
beforeAll(async () => {
  const missing = sshdMissing();
  if (missing) throw new Error(missing);
  await sshd.start();
}, 60_000);
afterAll(() => sshd.stop());

let connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections) connection.close();
  connections = [];
});

async function login(user: string, options: Partial<ConnectOptions> = {}): Promise<Connection> {
  const connection = await sshd.connect(user, options);
  connections.push(connection);
  return connection;
}

function record(script: string, rest: Partial<WireRecord> = {}): WireRecord {
  return { script: script as Sh, group: 0, timeout: 20, ...rest };
}

async function run(connection: Connection, user: string | null, script: string): Promise<string> {
  const [reply] = await connection.ask(user, [record(script)]);
  return `${reply?.stdout}${reply?.stderr}`;
}

const noPassphrase = () => Promise.reject(new Error('a passphrase was asked for'));

describe('a connection', () => {
  test('answers as the one who logged in', async () => {
    const connection = await login('root');
    expect(await run(connection, null, 'id -un; pwd; umask; cat')).toBe('root\n/\n0077\n');
    expect([connection.requests, connection.shells]).toEqual([1, 1]);
  });

  test('a script that lists, binary stdin, a megabyte', async () => {
    const connection = await login('robot');
    const bytes = Buffer.from([...Array(256).keys()]);
    const [sum, size] = await connection.ask(null, [
      record('od -An -tx1 | tr -d " \\n"', { stdin: bytes }),
      record('wc -c', { stdin: 'x'.repeat(1_000_000) }),
    ]);
    expect(sum?.stdout).toBe(bytes.toString('hex'));
    expect(size?.stdout).toBe('1000000\n');
  });

  test('who is already the wanted user needs no sudo', async () => {
    const connection = await login('guest');
    expect(await run(connection, 'guest', 'id -un')).toBe('guest\n');
    const root = await login('root');
    expect(await run(root, null, 'echo $PPID')).toBeTruthy();
    expect(await run(root, 'root', 'echo x')).toBe('x\n');
    expect(root.shells).toBe(1);
  });

  test('requests do not wait for acknowledgements: Nagle is off', async () => {
    const connection = await login('root');
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
    const connection = await login('robot');
    const seen = await run(connection, null, 'echo "$SSH_CONNECTION"');
    expect(seen).toMatch(new RegExp(`^127.0.0.1 \\d+ 127.0.0.1 ${sshd.port}\n$`));
    expect(await run(connection, 'root', 'echo "$SSH_CONNECTION"')).toBe(seen);
  });

  test('a login without a shell says so', async () => {
    const connection = await login('closed');
    await expect(run(connection, null, ':')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('not available'),
    });
  });

  test('one that the host ends in the middle', async () => {
    const before = sshd.sessions();
    const connection = await login('root');
    const [session] = sshd.sessions().filter((pid) => !before.includes(pid));
    const answer = connection.ask(null, [record('echo begun; sleep 5')], () => process.kill(session ?? 0, 'SIGKILL'));
    await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(run(connection, null, ':')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('a record past its time is stopped behind sudo too', async () => {
    const connection = await login('robot');
    const replies = await connection.ask('root', [
      record('echo a', { group: 1 }),
      record('sleep 63', { group: 2, timeout: 1 }),
      record('echo c', { group: 3, timeout: 600 }),
    ]);
    expect(replies.map((reply) => reply.code)).toEqual([0, 124, 0]);
    expect(() => execFileSync('pgrep', ['-fx', 'sleep 63'])).toThrow();
  });
});

describe('become', () => {
  test('without a password', async () => {
    const connection = await login('robot');
    expect(await run(connection, 'hail', 'id -un; echo "$HOME"; echo "$USER"; pwd')).toBe(
      `hail\n${sshd.path('home/hail')}\nhail\n/\n`,
    );
  });

  test('two users side by side', async () => {
    const connection = await login('robot');
    const wait = (mine: string, other: string): string =>
      `touch /tmp/${mark}.${mine}; chmod 644 /tmp/${mark}.${mine}; while ! [ -e /tmp/${mark}.${other} ]; do sleep 0.02; done; id -un`;
    const mark = `hailbook-${sshd.port}`;
    const answers = await Promise.all([run(connection, null, wait('a', 'b')), run(connection, 'root', wait('b', 'a'))]);
    await run(connection, 'root', `rm -f /tmp/${mark}.*`);
    expect(answers).toEqual(['robot\n', 'root\n']);
    expect([connection.requests, connection.shells]).toEqual([3, 2]);
  });

  test('with a password: asked once, sent after the prompt', async () => {
    let asked = 0;
    const becomePassword = async (host: string, user: string): Promise<string> => {
      asked += 1;
      return `${host}/${user}` === 'node/person' ? LOGIN_PASSWORD : '';
    };
    const connection = await login('person', { prompts: { passphrase: noPassphrase, becomePassword } });
    expect(await run(connection, 'root', 'id -un; wc -c')).toBe('root\n0\n');
    expect(await run(connection, 'hail', 'id -un')).toBe('hail\n');
    expect(asked).toBe(1);
  });

  test('a password that sudo does not want is not asked for, and nothing takes its place', async () => {
    const becomePassword = () => Promise.reject(new Error('sudo’s password was asked for'));
    const connection = await login('robot', { prompts: { passphrase: noPassphrase, becomePassword } });
    expect(await run(connection, 'root', 'id -un')).toBe('root\n');
  });

  test('a wrong password', async () => {
    const prompts = { passphrase: noPassphrase, becomePassword: async () => 'wrong' };
    const connection = await login('person', { prompts });
    await expect(run(connection, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('refused the password'),
    });
    expect(await run(connection, null, 'id -un')).toBe('person\n');
  });

  test('no password where sudo wants one', async () => {
    const connection = await login('person');
    await expect(run(connection, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('a password is required'),
      hint: expect.stringContaining('--ask-become-pass'),
    });
  });

  test('someone who may not, someone who is not there', async () => {
    const guest = await login('guest', {
      prompts: { passphrase: noPassphrase, becomePassword: async () => LOGIN_PASSWORD },
    });
    await expect(run(guest, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('sudoers'),
    });
    const robot = await login('robot');
    for (const name of ['nobody-here', "a'; id; '"]) {
      await expect(run(robot, name, ':')).rejects.toMatchObject({
        code: 'BECOME_FAILED',
        message: expect.stringContaining('unknown user'),
      });
    }
  });

  test('a user who comes later is become then', async () => {
    const connection = await login('robot');
    await expect(run(connection, 'late', ':')).rejects.toMatchObject({ code: 'BECOME_FAILED' });
    await run(
      connection,
      'root',
      'echo "late:x:61099:61005::/:/bin/sh" >>/etc/passwd; echo "late:*:19700:0:99999:7:::" >>/etc/shadow',
    );
    expect(await run(connection, 'late', 'id -un')).toBe('late\n');
  });
});

describe('host keys', () => {
  const refused = async (options: Partial<ConnectOptions>) => {
    const before = sshd.log().length;
    const error = await login('root', options).then(
      () => undefined,
      (reason) => reason,
    );
    // Nothing was told to a host that is not who it should be.
    expect(sshd.log().slice(before)).not.toContain('userauth-request');
    return error;
  };

  test('unknown: refused with the fingerprint', async () => {
    const error = await refused({ knownHosts: [sshd.path('none')] });
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN', hint: expect.stringContaining('--host-keys accept-new') });
    expect(error.message).toContain(sshd.fingerprint('ed25519'));
    expect(error.message).toContain('ssh-ed25519');
  });

  test('changed: refused, whatever the mode', async () => {
    const path = sshd.path('changed');
    const other = readFileSync(`${sshd.keygen('other', 'ed25519')}.pub`, 'utf8');
    writeFileSync(path, `[127.0.0.1]:${sshd.port} ${other}`);
    for (const hostKeys of ['strict', 'accept-new'] as const) {
      const error = await refused({ knownHosts: [path], hostKeys });
      expect(error).toMatchObject({ code: 'HOST_KEY_CHANGED', message: expect.stringContaining(`${path}:1`) });
    }
    expect(readFileSync(path, 'utf8')).toBe(`[127.0.0.1]:${sshd.port} ${other}`);
  });

  test('revoked: refused, although it is also known', async () => {
    const revoked = sshd.knownHosts('revoked', ['ed25519'], '*', '@revoked ');
    const error = await refused({ knownHosts: [sshd.knownHosts('known_hosts'), revoked] });
    expect(error).toMatchObject({ code: 'HOST_KEY_REVOKED' });
  });

  test('a file that cannot be read refuses', async () => {
    const error = await refused({ knownHosts: [sshd.dir], hostKeys: 'accept-new' });
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  test('accept-new writes the key down; then strict knows it', async () => {
    const knownHosts = [sshd.path('accepted/known_hosts')];
    await login('root', { knownHosts, hostKeys: 'accept-new' });
    expect(readFileSync(knownHosts[0] ?? '', 'utf8').trim()).toBe(
      `[127.0.0.1]:${sshd.port} ${readFileSync(sshd.path('host_ed25519.pub'), 'utf8').trim()}`,
    );
    expect(await run(await login('root', { knownHosts }), null, 'echo in')).toBe('in\n');
  });

  test('a key that cannot be written down is not accepted', async () => {
    const error = await refused({ knownHosts: [sshd.path('id/known_hosts')], hostKeys: 'accept-new' });
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  test.each(['rsa', 'ecdsa', 'ed25519'])('the host shows the key that is known: %s', async (type) => {
    const connection = await login('root', { knownHosts: [sshd.knownHosts(`only_${type}`, [type])] });
    expect(await run(connection, null, 'echo in')).toBe('in\n');
  });
});

describe('logging in', () => {
  test('an encrypted key: its passphrase is asked for once, when a server takes the key', async () => {
    const asked: string[] = [];
    const key = sshd.keygen('locked', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked');
    const passphrase = async (path: string): Promise<string> => {
      asked.push(path);
      return 'open sesame';
    };
    const connect = createConnect({
      key,
      knownHosts: [sshd.knownHosts('known_hosts')],
      hostKeys: 'strict',
      connectTimeout: 10,
      prompts: { passphrase },
    });
    await expect(connect(sshd.host('guest'))).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(asked).toEqual([]);
    const both = await Promise.all([connect(sshd.host('robot')), connect(sshd.host('robot'))]);
    connections.push(...both);
    expect(asked).toEqual([key]);
    expect(await run(both[1], null, 'id -un')).toBe('robot\n');
  });

  test.each([
    ['rsa', ['-m', 'PEM']],
    ['ecdsa', []],
    ['rsa', []],
  ])('an encrypted key without its public half: %s %j', async (type, extra) => {
    const name = `alone_${type}_${extra.length}`;
    const key = sshd.keygen(name, type, 'open sesame', extra);
    sshd.authorize('robot', name);
    execFileSync('rm', [`${key}.pub`]);
    const connection = await login('robot', { key, prompts: { passphrase: async () => 'open sesame' } });
    expect(await run(connection, null, 'id -un')).toBe('robot\n');
  });

  test('a wrong passphrase', async () => {
    let asked = 0;
    const key = sshd.keygen('locked2', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked2');
    const passphrase = async (): Promise<string> => `wrong ${asked++}`;
    await expect(login('robot', { key, prompts: { passphrase } })).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(asked).toBe(3);
  });

  test('a person who breaks off ends it', async () => {
    const key = sshd.keygen('locked3', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked3');
    const passphrase = () => Promise.reject(new Error('broken off'));
    await expect(login('robot', { key, prompts: { passphrase } })).rejects.toThrow('broken off');
  });

  test('the time that a person takes does not count', async () => {
    const key = sshd.keygen('locked4', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked4');
    const passphrase = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('open sesame'), 2500));
    const connection = await login('robot', { key, connectTimeout: 2, prompts: { passphrase } });
    expect(await run(connection, null, 'id -un')).toBe('robot\n');
  });

  test('a password, asked for only when no key is taken', async () => {
    const key = sshd.keygen('stranger', 'ed25519');
    const asked: string[] = [];
    const password = async (host: string, user: string): Promise<string> => {
      asked.push(`${user}@${host}`);
      return LOGIN_PASSWORD;
    };
    const prompts = { passphrase: noPassphrase, password };
    await login('person', { prompts });
    expect(asked).toEqual([]);
    const connection = await login('person', { key, prompts });
    expect(await run(connection, null, 'id -un')).toBe('person\n');
    expect(asked).toEqual(['person@node']);
  });

  test('no way in: what was tried', async () => {
    const key = sshd.keygen('stranger2', 'ed25519');
    const prompts = { passphrase: noPassphrase, password: async () => 'wrong' };
    const error = await login('guest', { key, agent: sshd.path('no.sock'), prompts }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'AUTH_FAILED' });
    expect(error.message).toContain(`tried: ${key}, ssh-agent, password; it takes publickey, password`);
    const absent = await login('guest', { key: sshd.path('absent') }).catch((reason) => reason);
    expect(absent.message).toContain('no such file');
  });

  test('an agent', async () => {
    const socket = sshd.path('agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(agent.stdout, 'data');
      const key = sshd.keygen('in_agent', 'rsa');
      sshd.authorize('robot', 'in_agent');
      execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      const connection = await login('robot', { key: sshd.path('absent'), agent: socket });
      expect(await run(connection, null, 'id -un')).toBe('robot\n');
    } finally {
      agent.kill();
    }
  });

  test('-u wins over the inventory', async () => {
    const connection = await login('root', { user: 'robot' });
    expect(await run(connection, null, 'id -un')).toBe('robot\n');
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
