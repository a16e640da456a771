import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { HailbookError } from '../../engine/errors.ts';
import {
  addKnownKey,
  fingerprint,
  hostKeyAlgorithms,
  hostName,
  judge,
  keyType,
  readKnownKeys,
} from '../../engine/transport/known_hosts.ts';

const dir = mkdtempSync(join(tmpdir(), 'hailbook-known-hosts-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(dir, `known_hosts.${files}`);
  writeFileSync(path, text);
  return path;
}

function key(type: string, content: string): Buffer {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(content))]);
}

const ours = key('ssh-ed25519', 'the key of the host');
const other = key('ssh-ed25519', 'the key of someone else');
const rsa = key('ssh-rsa', 'the other key of the host');
const line = (hosts: string, blob: Buffer): string =>
  `${hosts} ${keyType(blob)} ${blob.toString('base64')} a comment\n`;

function hashed(name: string): string {
  const salt = Buffer.from('twenty bytes of salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

// From `ssh-keygen -H` of OpenSSH 9.2 (Debian 12) over `node.example ssh-ed25519 AAAA…`.
const REAL = 'AAAAC3NzaC1lZDI1NTE5AAAAINS07xlOZ2kRFxrNBh6EAX8nC7IZWM3XX11Sl+dElzzV';
const REAL_HASH = '|1|ZFJKUzT399oK87yBlVFreXwI+DU=|lm6e3DF3WzbYFCQJDzZugBrrytE=';

const cases: { name: string; known: string | string[]; address?: string; port?: number; shown?: Buffer; is: string }[] =
  [
    { name: 'no file has the host', known: '', is: 'unknown' },
    { name: 'comments, blank lines and another host', known: `# x\n\n${line('10.0.0.2', ours)}`, is: 'unknown' },
    { name: 'plain', known: line('10.0.0.1', ours), is: 'known' },
    { name: 'a list', known: line('a.example,10.0.0.1,b.example', ours), is: 'known' },
    { name: 'CRLF', known: line('10.0.0.1', ours).replace('\n', '\r\n'), is: 'known' },
    { name: 'tabs and leading space', known: `  ${line('10.0.0.1', ours).replaceAll(' ', '\t')}`, is: 'known' },
    { name: 'upper case', known: line('Node.Example', ours), address: 'NODE.example', is: 'known' },
    { name: 'another key', known: line('10.0.0.1', other), is: 'changed' },
    { name: 'several keys, one fits', known: line('10.0.0.1', other) + line('10.0.0.1', ours), is: 'known' },
    { name: 'known by another type only', known: line('10.0.0.1', rsa), is: 'changed' },
    { name: 'both types', known: line('10.0.0.1', rsa) + line('10.0.0.1', ours), is: 'known' },
    { name: 'second file', known: ['', line('10.0.0.1', ours)], is: 'known' },
    { name: 'two files that differ', known: [line('10.0.0.1', other), line('10.0.0.1', ours)], is: 'known' },
    { name: 'star', known: line('10.0.0.*', ours), is: 'known' },
    { name: 'a dot is a dot', known: line('10.0.0.1', ours), address: '10x0.0.1', is: 'unknown' },
    { name: 'question mark', known: line('10.0.0.?', ours), is: 'known' },
    { name: 'question mark is one character', known: line('10.0.0.?', ours), address: '10.0.0.12', is: 'unknown' },
    { name: 'negation', known: line('10.0.0.*,!10.0.0.1', ours), is: 'unknown' },
    { name: 'negation of another', known: line('10.0.0.*,!10.0.0.2', ours), is: 'known' },
    { name: 'only negated', known: line('!10.0.0.2', ours), is: 'unknown' },
    { name: 'hashed', known: line(hashed('10.0.0.1'), ours), is: 'known' },
    {
      name: 'hashed by ssh-keygen',
      known: `${REAL_HASH} ssh-ed25519 ${REAL}\n`,
      address: 'node.example',
      shown: Buffer.from(REAL, 'base64'),
      is: 'known',
    },
    { name: 'hashed, changed', known: line(hashed('10.0.0.1'), other), is: 'changed' },
    { name: 'hashed, another host', known: line(hashed('10.0.0.2'), ours), is: 'unknown' },
    { name: 'hashed with port', known: line(hashed('[10.0.0.1]:2222'), ours), port: 2222, is: 'known' },
    { name: 'a hash of a future kind', known: line('|2|YWJj|YWJj', ours), is: 'unknown' },
    { name: 'port', known: line('[10.0.0.1]:2222', ours), port: 2222, is: 'known' },
    { name: 'port 22 is plain', known: line('[10.0.0.1]:2222', ours), is: 'unknown' },
    { name: 'another port is another host', known: line('10.0.0.1', ours), port: 2222, is: 'unknown' },
    { name: 'IPv6', known: line('fe80::1', ours), address: 'FE80::1', is: 'known' },
    { name: 'IPv6 with port', known: line('[::1]:2222', ours), address: '::1', port: 2222, is: 'known' },
    { name: 'revoked', known: `@revoked ${line('*', ours)}`, is: 'revoked' },
    { name: 'revoked and known', known: `${line('10.0.0.1', ours)}@revoked ${line('*', ours)}`, is: 'revoked' },
    {
      name: 'revoked in the second file',
      known: [line('10.0.0.1', ours), `@revoked ${line('*', ours)}`],
      is: 'revoked',
    },
    { name: 'another key is revoked', known: `${line('10.0.0.1', ours)}@revoked ${line('*', other)}`, is: 'known' },
    { name: 'revoked for another host', known: `${line('10.0.0.1', ours)}@revoked ${line('b', ours)}`, is: 'known' },
    { name: 'an authority is not a host', known: `@cert-authority ${line('*', ours)}`, is: 'unknown' },
    { name: 'a key of SSH 1', known: `10.0.0.1 1024 35 1234567\n${line('10.0.0.1', ours)}`, is: 'known' },
  ];

describe('what known_hosts says of a key', () => {
  test.each(cases)('$name: $is', ({ known, address = '10.0.0.1', port = 22, shown = ours, is }) => {
    const paths = [known].flat().map(file);
    expect(judge(readKnownKeys(paths, hostName(address, port)), shown).kind).toBe(is);
  });

  test('says where the other key stands', () => {
    const path = file(`# x\n${line('10.0.0.1', other)}`);
    const verdict = judge(readKnownKeys([path], '10.0.0.1'), ours);
    expect(verdict).toMatchObject({ kind: 'changed', entry: { where: `${path}:2`, type: 'ssh-ed25519' } });
  });
});

describe('a file that cannot be trusted refuses every host', () => {
  const bad = [
    'garbage',
    '10.0.0.9 ssh-ed25519',
    '10.0.0.9 ssh-ed25519 !!!!',
    `10.0.0.9 ssh-rsa ${ours.toString('base64')}`,
    '10.0.0.9 ssh-ed25519 AAAA',
    `@revokd * ssh-ed25519 ${ours.toString('base64')}`,
    '@revoked * 1024 35 1234',
  ];
  test.each(bad)('%s', (text) => {
    const path = file(`${line('10.0.0.1', ours)}${text}\n`);
    expect(() => readKnownKeys([path], '10.0.0.1')).toThrow(`${path}:2`);
  });

  test('unreadable', () => {
    let caught: unknown;
    try {
      readKnownKeys([dir], '10.0.0.1');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(HailbookError);
    expect(caught).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  test('one that is not there is empty', () => {
    expect(readKnownKeys([join(dir, 'none')], '10.0.0.1')).toEqual([]);
  });
});

describe('adding a key', () => {
  test('makes the file and its folder for the owner only', () => {
    const path = join(dir, 'new', 'known_hosts');
    addKnownKey(path, '[10.0.0.1]:2222', ours);
    expect(readFileSync(path, 'utf8')).toBe(`[10.0.0.1]:2222 ssh-ed25519 ${ours.toString('base64')}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'new')).mode & 0o777).toBe(0o700);
    expect(judge(readKnownKeys([path], hostName('10.0.0.1', 2222)), ours).kind).toBe('known');
  });

  test('keeps what is there, also without a last newline, and the mode', () => {
    const path = file(line('10.0.0.2', other).trimEnd());
    chmodSync(path, 0o644);
    addKnownKey(path, '10.0.0.1', ours);
    const known = readKnownKeys([path], '10.0.0.1');
    expect(judge(known, ours).kind).toBe('known');
    expect(judge(readKnownKeys([path], '10.0.0.2'), other).kind).toBe('known');
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });
});

test('a known type is asked for first', () => {
  const known = readKnownKeys([file(line('10.0.0.1', rsa))], '10.0.0.1');
  expect(hostKeyAlgorithms(known).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']);
  expect(hostKeyAlgorithms([])[0]).toBe('ssh-ed25519');
  expect(hostKeyAlgorithms([])).not.toContain('ssh-rsa');
});

test('fingerprints are those of ssh-keygen -l', () => {
  expect(keyType(Buffer.from(REAL, 'base64'))).toBe('ssh-ed25519');
  expect(fingerprint(Buffer.from(REAL, 'base64'))).toBe('SHA256:s2EqM2AuZywg+reGeeHWi4UpxgMp7Ov8r0zqssr7BMA');
});
