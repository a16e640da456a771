import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createConnect } from '../../engine/transport/index.ts';
import { run } from './ask.ts';
import { LOGIN_PASSWORD, noPassphrase, Sshd } from './sshd.ts';

const sshd = new Sshd();
beforeAll(() => sshd.start(), 60_000);
afterEach(() => sshd.hangUp());
afterAll(() => sshd.stop());

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

    expect(asked).toEqual([key]);
    expect(await run(both[1], null, 'id -un')).toBe('robot\n');
    for (const connection of both) connection.close();
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
    const connection = await sshd.connect('robot', { key, prompts: { passphrase: async () => 'open sesame' } });
    expect(await run(connection, null, 'id -un')).toBe('robot\n');
  });

  test('a wrong passphrase', async () => {
    let asked = 0;
    const key = sshd.keygen('locked2', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked2');
    const passphrase = async (): Promise<string> => `wrong ${asked++}`;
    await expect(sshd.connect('robot', { key, prompts: { passphrase } })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    });
    expect(asked).toBe(3);
  });

  test('a person who breaks off ends it', async () => {
    const key = sshd.keygen('locked3', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked3');
    const passphrase = () => Promise.reject(new Error('broken off'));
    await expect(sshd.connect('robot', { key, prompts: { passphrase } })).rejects.toThrow('broken off');
  });

  test('the time that a person takes does not count', async () => {
    const key = sshd.keygen('locked4', 'ed25519', 'open sesame');
    sshd.authorize('robot', 'locked4');
    const passphrase = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('open sesame'), 2500));
    const connection = await sshd.connect('robot', { key, connectTimeout: 2, prompts: { passphrase } });
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
    await sshd.connect('person', { prompts });
    expect(asked).toEqual([]);
    const connection = await sshd.connect('person', { key, prompts });
    expect(await run(connection, null, 'id -un')).toBe('person\n');
    expect(asked).toEqual(['person@node']);
  });

  test('no way in: what was tried', async () => {
    const key = sshd.keygen('stranger2', 'ed25519');
    const prompts = { passphrase: noPassphrase, password: async () => 'wrong' };
    const error = await sshd.connect('guest', { key, agent: sshd.path('no.sock'), prompts }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'AUTH_FAILED' });
    expect(error.message).toContain(`tried: ${key}, ssh-agent, password; it takes publickey, password`);
    const absent = await sshd.connect('guest', { key: sshd.path('absent') }).catch((reason) => reason);
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
      const connection = await sshd.connect('robot', { key: sshd.path('absent'), agent: socket });
      expect(await run(connection, null, 'id -un')).toBe('robot\n');
    } finally {
      agent.kill();
    }
  });

  test('-u wins over the inventory', async () => {
    const connection = await sshd.connect('root', { user: 'robot' });
    expect(await run(connection, null, 'id -un')).toBe('robot\n');
  });
});
