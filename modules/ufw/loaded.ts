import { networkOf, showNetwork } from './address.ts';

/**
 * A rule of iptables in one form, whether ufw wrote it into its file or the kernel's is printed by `iptables -S`: that
 * has the options in another order, names the modules, masks the networks, and prints what ufw leaves to the defaults.
 */
export function normalLine(line: string): string {
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
  if (['-m', '--mask', '--rsource'].includes(name)) return true;
  if (name === '-s' || name === '-d') return networkOf(value)?.bits === 0;
  return `${name} ${value}` === '--name DEFAULT' || /^--reject-with icmp6?-port-unreachable$/.test(`${name} ${value}`);
}

function option(name: string, values: readonly string[]): string {
  const shown = values.map((value) => {
    const network = value.includes('.') || value.includes(':') ? networkOf(value) : null;
    return network ? showNetwork(network) : value;
  });
  return [name, ...shown].join(' ');
}
