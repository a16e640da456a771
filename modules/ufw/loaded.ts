import { networkOf, showNetwork } from './address.ts';

/**
 * A rule of iptables in one form, whether ufw wrote it into its file or the kernel's is printed by `iptables -S`: that
 * has the options in another order, names the modules, masks the networks, and prints what ufw leaves to the defaults.
 */
function normalLine(line: string): string {
  const [, chain = '', ...words] = line.split(/\s+/);
  const options: string[][] = [];
  for (const word of words) {
    const last = options.at(-1);
    if (word === '!' || (word.startsWith('-') && last?.join() !== '!')) options.push([word]);
    else last?.push(word);
  }
  const kept = options.flatMap(([name = '', ...values]) => (isDefault(name, values) ? [] : [option(name, values)]));
  return [chain, ...kept.sort()].join(' ');
}

/** iptables(8), iptables-extensions(8): what a rule means without it. */
function isDefault(name: string, values: readonly string[]): boolean {
  const [value = ''] = values;
  if (['-m', '--mask', '--rsource', '--comment'].includes(name)) return true;
  if (name === '-s' || name === '-d') return networkOf(value)?.bits === 0;
  return `${name} ${value}` === '--name DEFAULT' || /^--reject-with icmp6?-port-unreachable$/.test(`${name} ${value}`);
}

/** iptables prints the numbers where /etc/protocols is missing: in Debian 13 without the package netbase. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  igmp: '2',
  ipv6: '41',
  gre: '47',
  esp: '50',
  ah: '51',
  vrrp: '112',
};

function option(name: string, values: readonly string[]): string {
  if (name === '-p') return [name, ...values.map((value) => PROTOCOLS[value] ?? value)].join(' ');
  const shown = values.map((value) => {
    const network = value.includes('.') || value.includes(':') ? networkOf(value) : null;
    return network ? showNetwork(network) : value;
  });
  return [name, ...shown].join(' ');
}

/** Chain by chain; in which order the chains come does not matter. */
export function sameRules(some: readonly string[], others: readonly string[]): boolean {
  const byChain = (lines: readonly string[]) =>
    lines
      .map((line) => ({ chain: line.split(' ')[1] ?? '', rule: normalLine(line) }))
      .sort((a, b) => a.chain.localeCompare(b.chain))
      .map(({ rule }) => rule)
      .join('\n');
  return some.length === others.length && byChain(some) === byChain(others);
}
