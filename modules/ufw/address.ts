import { isIP, isIPv6, SocketAddress } from 'node:net';

/** An IP network in normal form; a single address has all bits. */
export interface Network {
  readonly family: 4 | 6;
  /** The address with every bit beyond `bits` zero. */
  readonly value: bigint;
  readonly bits: number;
}

/** `10.1.2.3`, `10.0.0.0/8`, `fe80::1%eth0`; null when it is neither an address nor a network. */
export function networkOf(text: string): Network | null {
  const [written = '', prefix, ...more] = text.replace(/%[^/]*/, '').split('/');
  const kind = isIP(written);
  if (kind === 0 || more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return null;
  const mapped = kind === 6 ? /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(written)?.[1] : undefined;
  if (mapped && prefix === undefined) return networkOf(mapped);
  const family = kind === 4 ? 4 : 6;
  const width = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits > width) return null;
  const rest = BigInt(width - bits);
  return { family, value: (numberOf(written) >> rest) << rest, bits };
}

export function contains(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || inner.bits < outer.bits) return false;
  const rest = BigInt((outer.family === 4 ? 32 : 128) - outer.bits);
  return inner.value >> rest === outer.value >> rest;
}

/** As ufw writes it into its rules: no prefix length for a single address. */
export function showNetwork({ family, value, bits }: Network): string {
  const address = family === 4 ? dotted(value) : colons(value);
  return bits === (family === 4 ? 32 : 128) ? address : `${address}/${bits}`;
}

function numberOf(address: string): bigint {
  if (!isIPv6(address)) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const hex = embedded ? `${embedded[1]}${low(numberOf(embedded[2] ?? ''))}` : address;
  const [head = '', tail] = hex.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

const low = (value: bigint): string => `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
const dotted = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');

function colons(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
