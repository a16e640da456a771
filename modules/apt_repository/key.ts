import { HailbookError } from '../../engine/errors.ts';

/**
 * An OpenPGP public key as apt reads it from a file, without gpg: of an armoured text (RFC 9580, 6.2) the bytes in it.
 * @throws HailbookError ARGS_INVALID when it is none, or is broken
 */
export function publicKey(given: string | Uint8Array): Uint8Array {
  const bytes = typeof given === 'string' ? Buffer.from(given, 'utf8') : Buffer.from(given);
  const text = bytes.toString('latin1');
  if (/-----BEGIN PGP PRIVATE KEY BLOCK-----/.test(text)) throw invalid('it is a private key, which no host may have');
  const blocks = [...text.matchAll(ARMOUR)].map(([, block = '']) => dearmour(block));
  if (blocks.length === 0 && text.includes('-----BEGIN PGP'))
    throw invalid('it is no public key, or its end is missing');
  const key = blocks.length > 0 ? Buffer.concat(blocks) : bytes;
  const kind = kindOf(key[0] ?? 0);
  if (kind === SECRET_KEY) throw invalid('it is a private key, which no host may have');
  if (kind !== PUBLIC_KEY) throw invalid('it is no OpenPGP public key');
  return key;
}

const invalid = (why: string): HailbookError =>
  new HailbookError('ARGS_INVALID', `apt_repository: the key is not right: ${why}`, {
    hint: 'take the file that the publisher offers for `signed-by`; `gpg --export` and `gpg --armor --export` make such files',
  });

const ARMOUR = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g;

/** Headers (`Version: …`), base64, and `=` with a checksum, which newer programs leave out. */
function dearmour(block: string): Buffer {
  const lines = block.split(/\r?\n/).map((line) => line.trim());
  const body = lines.filter((line) => line !== '' && !/^[A-Za-z]+: /.test(line));
  const checksum = body.at(-1)?.startsWith('=') ? body.pop()?.slice(1) : undefined;
  const base64 = body.join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw invalid('there are other letters in it than those of base64');
  const bytes = Buffer.from(base64, 'base64');
  if (checksum !== undefined && checksum !== crc24(bytes))
    throw invalid('its checksum does not fit: a part is missing or changed');
  return bytes;
}

/** RFC 9580, 6.1.1, in base64. */
function crc24(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString('base64');
}

/** Packet types (RFC 9580, 5). A key file begins with one of these. */
const SECRET_KEY = 5;
const PUBLIC_KEY = 6;

/** The type stands in the first byte: in the new form in six bits, in the old one in four; -1 when the byte begins no packet. */
function kindOf(first: number): number {
  if ((first & 0x80) === 0) return -1;
  return first & 0x40 ? first & 0x3f : (first & 0x3c) >> 2;
}
