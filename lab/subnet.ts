import { HailbookError } from '../engine/errors.ts';

/** An IPv4 subnet, as numbers so that two can be compared. */
export interface Subnet {
  /** `10.77.0.0/24` */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** What `ip -json address` and `ip -json route` say, as far as it matters here. */
export interface Neighbourhood {
  readonly addresses: readonly {
    readonly ifname: string;
    readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
  }[];
  readonly routes: readonly { readonly dst: string; readonly dev?: string }[];
}

const [SMALLEST, LARGEST] = [28, 16];

/**
 * The subnet that `text` writes.
 * @throws HailbookError USAGE when it is none, or has host bits set, or is not between /16 and /28
 */
export function parseSubnet(text: string): Subnet {
  const subnet = cidr(text);
  if (!subnet || subnet.text !== text || subnet.prefix < LARGEST || subnet.prefix > SMALLEST)
    throw new HailbookError('USAGE', `"${text}" is not a subnet for the lab`, {
      hint: `Write it like 10.77.0.0/24, with a length from /${LARGEST} to /${SMALLEST}.`,
    });
  return subnet;
}

/** The address `offset` places after the subnet's first. */
export function addressIn(subnet: Subnet, offset: number): string {
  if (subnet.first + offset >= subnet.last)
    throw new HailbookError('USAGE', `${subnet.text} is too small for the lab's hosts`, {
      hint: 'Take fewer --hosts or a larger --subnet.',
    });
  return dotted(subnet.first + offset);
}

/** What on this machine already has addresses of `subnet`, in words; null when nothing has. `own` is the lab's bridge. */
export function clash(subnet: Subnet, { addresses, routes }: Neighbourhood, own: string): string | null {
  for (const { ifname, addr_info } of addresses) {
    if (ifname === own) continue;
    for (const { family, local, prefixlen } of addr_info) {
      const taken = family === 'inet' ? cidr(`${local}/${prefixlen}`) : null;
      if (taken && overlap(subnet, taken)) return `${local}/${prefixlen} on ${ifname}`;
    }
  }
  for (const { dst, dev } of routes) {
    // A default route holds every address; it is what a more particular subnet is meant to come before.
    if (dev === own || dst === 'default') continue;
    const taken = cidr(dst.includes('/') ? dst : `${dst}/32`);
    if (taken && overlap(subnet, taken)) return `the route to ${dst}${dev ? ` through ${dev}` : ''}`;
  }
  return null;
}

/** A /24 that nothing on this machine uses, to be proposed; undefined when none is left. */
export function freeSubnet(neighbourhood: Neighbourhood, own: string): string | undefined {
  for (let third = 77; third < 256; third++) {
    const text = `10.${third}.0.0/24`;
    if (!clash(parseSubnet(text), neighbourhood, own)) return text;
  }
  return undefined;
}

function cidr(text: string): Subnet | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return null;
  const [, a, b, c, d, length] = match.map(Number);
  const octets = [a, b, c, d].map((octet) => octet ?? 256);
  const prefix = length ?? 33;
  if (octets.some((octet) => octet > 255) || prefix > 32) return null;
  const size = 2 ** (32 - prefix);
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = address - (address % size);
  return { text: `${dotted(first)}/${prefix}`, first, last: first + size - 1, prefix };
}

function overlap(a: Subnet, b: Subnet): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
