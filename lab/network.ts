import { readFileSync, writeFileSync } from 'node:fs';
import { HailbookError } from '../engine/errors.ts';
import { attempt, command } from './command.ts';
import { until } from './processes.ts';
import type { LabRecord, Place } from './state.ts';
import { addressIn, clash, freeSubnet, type Neighbourhood, parseSubnet } from './subnet.ts';

export const MIRROR_PORT = 8077;
const FORWARD = '/proc/sys/net/ipv4/ip_forward';
const COMMENT = 'hailbook-lab';

/** The machine's side of the bridge: the hosts' gateway, and where the mirror listens. */
export function gateway(subnet: string): string {
  return addressIn(parseSubnet(subnet), 1);
}

/** @throws HailbookError LAB_CLASH when this machine already has addresses or routes in the subnet */
export async function checkSubnet(place: Place, subnet: string): Promise<void> {
  const here = await neighbourhood();
  const taken = clash(parseSubnet(subnet), here, place.bridge);
  if (taken === null) return;
  const free = freeSubnet(here, place.bridge);
  throw new HailbookError('LAB_CLASH', `the lab's subnet ${subnet} is taken by ${taken}`, {
    hint: free ? `hailbook lab up --subnet ${free}` : 'Give a free one with --subnet.',
  });
}

async function neighbourhood(): Promise<Neighbourhood> {
  const [addresses, routes] = await Promise.all([
    command(['ip', '-json', '-4', 'address', 'show']),
    command(['ip', '-json', '-4', 'route', 'show']),
  ]);
  return { addresses: JSON.parse(addresses || '[]'), routes: JSON.parse(routes || '[]') };
}

/** Whether the machine forwards packets for others, and in which boot that was seen. */
export function forwarding(before: LabRecord | undefined): Pick<LabRecord, 'boot' | 'ipForward'> {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  if (before?.boot === boot) return { boot, ipForward: before.ipForward };
  return { boot, ipForward: readFileSync(FORWARD, 'utf8').trim() };
}

/** Raises the bridge and lets the hosts out through it; what is there already stays. */
export async function raiseNetwork(place: Place, subnet: string): Promise<void> {
  const { bridge } = place;
  const prefix = parseSubnet(subnet).prefix;
  if ((await attempt(['ip', 'link', 'show', bridge])).code !== 0)
    await command(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  await command(['ip', 'address', 'replace', `${gateway(subnet)}/${prefix}`, 'dev', bridge]);
  await command(['ip', 'link', 'set', bridge, 'mtu', String(await uplinkMtu()), 'up']);
  writeFileSync(FORWARD, '1\n');
  for (const rule of rules(bridge, subnet)) {
    const [table, chain, ...match] = rule;
    const tail = [chain, ...match, '-m', 'comment', '--comment', `${COMMENT}:${bridge}`] as const;
    if ((await attempt(['iptables', '-w', '-t', table, '-C', ...tail])).code !== 0)
      await command(['iptables', '-w', '-t', table, '-I', ...tail]);
  }
}

/** In front of the machine's own rules, because a FORWARD or INPUT policy of DROP (docker, ufw) must not cut the lab off. */
function rules(bridge: string, subnet: string): readonly (readonly [string, string, ...string[]])[] {
  return [
    ['nat', 'POSTROUTING', '-s', subnet, '!', '-d', subnet, '-j', 'MASQUERADE'],
    ['filter', 'FORWARD', '-i', bridge, '-j', 'ACCEPT'],
    ['filter', 'FORWARD', '-o', bridge, '-j', 'ACCEPT'],
    ['filter', 'INPUT', '-i', bridge, '-p', 'tcp', '--dport', String(MIRROR_PORT), '-j', 'ACCEPT'],
  ];
}

/** The smallest packet size on the way out, so that hosts need not find it out; 1500 when there is no way out. */
export async function uplinkMtu(): Promise<number> {
  const [route] = JSON.parse((await command(['ip', '-json', '-4', 'route', 'show', 'default'])) || '[]');
  if (!route?.dev) return 1500;
  const [link] = JSON.parse(await command(['ip', '-json', 'link', 'show', route.dev]));
  return Math.min(1500, link?.mtu ?? 1500);
}

/** Removes the lab's rules and bridge, and only those, and sets forwarding back. Nothing there is no failure. */
export async function removeNetwork(place: Place, record: LabRecord | undefined): Promise<void> {
  const { bridge } = place;
  for (const table of ['nat', 'filter'])
    for (const rule of await ownRules(table, `${COMMENT}:${bridge}`))
      await command(['iptables', '-w', '-t', table, '-D', ...rule]);
  await removeInterface(bridge);
  const others = (await ownRules('nat', COMMENT)).length > 0;
  if (record && !others && record.boot === forwarding(record).boot) writeFileSync(FORWARD, `${record.ipForward}\n`);
}

/** Removes the machine's end of a host's cable: the kernel keeps it for a moment after the host was killed. */
export async function removeInterface(name: string): Promise<void> {
  const gone = async () => (await attempt(['ip', 'link', 'show', name])).code !== 0;
  const removed = await until(
    async () => (await gone()) || (await attempt(['ip', 'link', 'delete', name])).code === 0,
    5,
  );
  if (!removed) throw new HailbookError('LAB_FAILED', `the interface ${name} cannot be removed`);
}

/** The rules with this in their comment, as arguments for `-D`. None of ours has a value with a space. */
async function ownRules(table: string, comment: string): Promise<string[][]> {
  const { stdout } = await attempt(['iptables-save', '-t', table]);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('-A ') && line.includes(comment))
    .map((line) => line.slice('-A '.length).replaceAll('"', '').trim().split(' '));
}
