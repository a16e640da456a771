import { createHash } from 'node:crypto';

/** The start of a pattern: type and base64 of an OpenSSH public key. Base64 of a length field is always `AAAA…`. */
export const PUBLIC_KEY_PATTERN = '^(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,3}';

/** Type and base64, which alone say which key it is. */
export const material = (line: string): string => line.split(' ', 2).join(' ');

/** `ssh-ed25519 SHA256:…` of a key's material: the name that ssh-keygen and sshd's log give it. */
export function fingerprint(key: string): string {
  const [type = '', base64 = ''] = key.split(' ');
  const hash = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `${type} SHA256:${hash.replace(/=+$/, '')}`;
}
