import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from './ask.ts';
import { LOGIN_PASSWORD, noPassphrase, Sshd } from './sshd.ts';

const sshd = new Sshd();
beforeAll(() => sshd.start(), 60_000);
afterEach(() => sshd.hangUp());
afterAll(() => sshd.stop());

describe('become', () => {
  test('without a password', async () => {
    const connection = await sshd.connect('robot');
    expect(await run(connection, 'hail', 'id -un; echo "$HOME"; echo "$USER"; pwd')).toBe(
      `hail\n${sshd.path('home/hail')}\nhail\n/\n`,
    );
  });

  test('two users side by side', async () => {
    const connection = await sshd.connect('robot');
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
    const connection = await sshd.connect('person', { prompts: { passphrase: noPassphrase, becomePassword } });
    expect(await run(connection, 'root', 'id -un; wc -c')).toBe('root\n0\n');
    expect(await run(connection, 'hail', 'id -un')).toBe('hail\n');
    expect(asked).toBe(1);
  });

  test('a password that sudo does not want is not asked for, and nothing takes its place', async () => {
    const becomePassword = () => Promise.reject(new Error('sudo’s password was asked for'));
    const connection = await sshd.connect('robot', { prompts: { passphrase: noPassphrase, becomePassword } });
    expect(await run(connection, 'root', 'id -un')).toBe('root\n');
  });

  test('a wrong password', async () => {
    const prompts = { passphrase: noPassphrase, becomePassword: async () => 'wrong' };
    const connection = await sshd.connect('person', { prompts });
    await expect(run(connection, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('refused the password'),
    });
    expect(await run(connection, null, 'id -un')).toBe('person\n');
  });

  test('no password where sudo wants one', async () => {
    const connection = await sshd.connect('person');
    await expect(run(connection, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('a password is required'),
      hint: expect.stringContaining('--ask-become-pass'),
    });
  });

  test('someone who may not, someone who is not there', async () => {
    const guest = await sshd.connect('guest', {
      prompts: { passphrase: noPassphrase, becomePassword: async () => LOGIN_PASSWORD },
    });
    await expect(run(guest, 'root', ':')).rejects.toMatchObject({
      code: 'BECOME_FAILED',
      message: expect.stringContaining('sudoers'),
    });
    const robot = await sshd.connect('robot');
    for (const name of ['nobody-here', "a'; id; '"]) {
      await expect(run(robot, name, ':')).rejects.toMatchObject({
        code: 'BECOME_FAILED',
        message: expect.stringContaining('unknown user'),
      });
    }
  });

  test('a user who comes later is become then', async () => {
    const connection = await sshd.connect('robot');
    await expect(run(connection, 'late', ':')).rejects.toMatchObject({ code: 'BECOME_FAILED' });
    await run(
      connection,
      'root',
      'echo "late:x:61099:61005::/:/bin/sh" >>/etc/passwd; echo "late:*:19700:0:99999:7:::" >>/etc/shadow',
    );
    expect(await run(connection, 'late', 'id -un')).toBe('late\n');
  });
});
