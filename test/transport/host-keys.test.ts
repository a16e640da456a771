import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectOptions } from '../../engine/transport/index.ts';
import { run } from './ask.ts';
import { Sshd } from './sshd.ts';

const sshd = new Sshd();
beforeAll(() => sshd.start(), 60_000);
afterEach(() => sshd.hangUp());
afterAll(() => sshd.stop());

describe('host keys', () => {
  const refused = async (options: Partial<ConnectOptions>) => {
    const before = sshd.log().length;
    const error = await sshd.connect('root', options).then(
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
    await sshd.connect('root', { knownHosts, hostKeys: 'accept-new' });
    expect(readFileSync(knownHosts[0] ?? '', 'utf8').trim()).toBe(
      `[127.0.0.1]:${sshd.port} ${readFileSync(sshd.path('host_ed25519.pub'), 'utf8').trim()}`,
    );
    expect(await run(await sshd.connect('root', { knownHosts }), null, 'echo in')).toBe('in\n');
  });

  test('a key that cannot be written down is not accepted', async () => {
    const error = await refused({ knownHosts: [sshd.path('id/known_hosts')], hostKeys: 'accept-new' });
    expect(error).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  test.each(['rsa', 'ecdsa', 'ed25519'])('the host shows the key that is known: %s', async (type) => {
    const connection = await sshd.connect('root', { knownHosts: [sshd.knownHosts(`only_${type}`, [type])] });
    expect(await run(connection, null, 'echo in')).toBe('in\n');
  });
});
