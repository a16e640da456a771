import { createHash, createHmac } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HailbookError } from '../errors.ts';

/** What becomes of a host key that is not known: the host is refused, or the key is added. One that changed is always refused. */
export type HostKeyPolicy = 'strict' | 'accept-new';

/** One line of a known_hosts file that holds for the host in question. */
export interface KnownKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** The key as it is on the wire. */
  readonly blob: Buffer;
  readonly revoked: boolean;
  /** `~/.ssh/known_hosts:3` */
  readonly where: string;
}

/**
 * known · unknown: the host is in no file · changed: it is there, with other keys only · revoked: this key is marked @revoked.
 * A key of a type that is not known, while the host is known by another type, is `changed`: who does not have the host's key could
 * offer one of his own of another type.
 */
export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed' | 'revoked'; readonly entry: KnownKey };

/** The name of a host in known_hosts: its address, or `[address]:port` if the port is not 22. A plain name holds for port 22 only. */
export function hostName(address: string, port: number): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * All lines for a host, of several files together. A file that is not there is empty; one that cannot be read or has a line that
 * cannot be understood is refused: the line may be the one that revokes a key.
 * @throws HailbookError HOST_KEY_UNKNOWN
 */
export function readKnownKeys(files: readonly string[], name: string): KnownKey[] {
  return files.flatMap((file) => {
    const lines = readText(file).split('\n');
    return lines.flatMap((line, index) => parseLine(line.trim(), `${file}:${index + 1}`, name));
  });
}

/** What is known about a key that a host has shown. */
export function judge(entries: readonly KnownKey[], key: Buffer): Verdict {
  const revoked = entries.find((entry) => entry.revoked && entry.blob.equals(key));
  if (revoked) return { kind: 'revoked', entry: revoked };
  const held = entries.filter((entry) => !entry.revoked);
  if (held.some((entry) => entry.blob.equals(key))) return { kind: 'known' };
  const entry = held.find(({ type }) => type === keyType(key)) ?? held[0];
  return entry ? { kind: 'changed', entry } : { kind: 'unknown' };
}

/** Adds a line for a host: one write at the end, synced, in a file that only its owner can read. */
export function addKnownKey(file: string, name: string, key: Buffer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fd = openSync(file, 'a+', 0o600);
  try {
    // The last line of a file that a person wrote may lack its end.
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    const joined = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
    writeSync(fd, `${joined ? '\n' : ''}${name} ${keyType(key)} ${key.toString('base64')}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** As `ssh-keygen -l` shows it: `SHA256:…` */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a key itself names, at its beginning; empty if it is no key. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > key.length - 4 ? '' : key.toString('latin1', 4, 4 + length);
}

/** Signature algorithms of host keys, best first. Without `ssh-rsa` and `ssh-dss`, whose SHA-1 OpenSSH gave up in 8.8. */
const ALGORITHMS = [
  { type: 'ssh-ed25519', algorithms: ['ssh-ed25519'] },
  { type: 'ecdsa-sha2-nistp256', algorithms: ['ecdsa-sha2-nistp256'] },
  { type: 'ecdsa-sha2-nistp384', algorithms: ['ecdsa-sha2-nistp384'] },
  { type: 'ecdsa-sha2-nistp521', algorithms: ['ecdsa-sha2-nistp521'] },
  { type: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256'] },
] as const;

/** Known types first, as OpenSSH does: else a host whose RSA key is known would show its other key, which is not. */
export function hostKeyAlgorithms(entries: readonly KnownKey[]) {
  const known = new Set(entries.filter((entry) => !entry.revoked).map((entry) => entry.type));
  const first = ALGORITHMS.filter(({ type }) => known.has(type));
  const then = ALGORITHMS.filter(({ type }) => !known.has(type));
  return [...first, ...then].flatMap(({ algorithms }) => [...algorithms]);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new HailbookError('HOST_KEY_UNKNOWN', `${file} cannot be read, so no host key can be trusted`, {
      cause: error,
    });
  }
}

function parseLine(line: string, where: string, name: string): KnownKey[] {
  if (line === '' || line.startsWith('#')) return [];
  const words = line.split(/[ \t]+/);
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const [hosts = '', type = '', text = ''] = words;
  // `host bits exponent modulus`: a key of SSH 1, which nothing speaks any more.
  if (marker === undefined && /^\d+$/.test(type) && /^\d+$/.test(text)) return [];
  const blob = Buffer.from(text, 'base64');
  const sound = /^[A-Za-z0-9+/]+=*$/.test(text) && keyType(blob) === type && type !== '';
  if (!sound || (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority'))
    throw new HailbookError(
      'HOST_KEY_UNKNOWN',
      `${where} is not a line of known_hosts, so no host key can be trusted`,
      {
        hint: 'mend or remove the line',
      },
    );
  // An authority signs keys; it is not itself the key of a host.
  if (marker === '@cert-authority' || !matches(hosts, name)) return [];
  return [{ type, blob, revoked: marker === '@revoked', where }];
}

/** `a,b*,!c` or `|1|salt|hash`. A negated pattern that fits rules the whole line out. */
function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  const fitting = hosts.split(',').filter((pattern) => wildcard(pattern.replace(/^!/, '')).test(name));
  return fitting.length > 0 && !fitting.some((pattern) => pattern.startsWith('!'));
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hosts.split('|');
  if (version !== '1') return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest().equals(Buffer.from(hash, 'base64'));
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
