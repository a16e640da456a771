import { addressIn, parseSubnet } from './subnet.ts';

export interface LabHost {
  readonly name: string;
  readonly address: string;
}

/** Who one logs in as: with the lab's key, and sudo without a password. */
export const ADMIN = 'admin';

const MASTER = 'spark-master';

/** `spark-master` and `count - 1` workers. */
export function hostNames(count: number): string[] {
  return [MASTER, ...Array.from({ length: count - 1 }, (_, index) => `spark-worker${index + 1}`)];
}

/** The hosts at their addresses: the master at .10, the first worker at .11, and so on; the first nine are kept free. */
export function hostsAt(subnet: string, names: readonly string[]): LabHost[] {
  const parsed = parseSubnet(subnet);
  return names.map((name, index) => ({ name, address: addressIn(parsed, 10 + index) }));
}

export interface InventoryParts {
  readonly hosts: readonly LabHost[];
  readonly key: string;
  readonly knownHosts: string;
  /** `http://10.77.0.1:8077`; without it the hosts fetch from the internet. */
  readonly mirror?: string;
}

const WORKER_CORES = 2;
const WORKER_MEMORY_MB = 3072;

/** The lab as an inventory of hailbook's own format. JSON values, which YAML reads as they are. */
export function inventoryText({ hosts, key, knownHosts, mirror }: InventoryParts): string {
  const [master, ...workers] = hosts.map((host) => host.name);
  const value = (thing: unknown) => JSON.stringify(thing);
  return [
    '# Written by `hailbook lab up`; gone after `hailbook lab down`.',
    'hosts:',
    ...hosts.map(({ name, address }) => `  ${name}: { address: ${address}, user: ${ADMIN}, key: ${value(key)} }`),
    'groups:',
    `  spark_master: ${value([master])}`,
    // A lone host is both.
    `  spark_workers: ${value(workers.length > 0 ? workers : [master])}`,
    '  cluster: [spark_master, spark_workers]',
    'vars:',
    // Every host sees all of the machine; together the workers must not take more than it has.
    `  spark_worker_cores: ${WORKER_CORES}`,
    `  spark_worker_memory_mb: ${WORKER_MEMORY_MB}`,
    ...(mirror
      ? [`  spark_mirrors: ${value([`${mirror}/spark`])}`, `  hail_wheelhouse: ${value(`${mirror}/wheels`)}`]
      : []),
    `known_hosts: ${value(knownHosts)}`,
    '',
  ].join('\n');
}

/** known_hosts lines from each host's public keys (`type base64 comment`), under its address and its name. */
export function knownHostsText(hosts: readonly (LabHost & { readonly publicKeys: readonly string[] })[]): string {
  return hosts
    .flatMap(({ name, address, publicKeys }) =>
      publicKeys.map((key) => `${address},${name} ${key.trim().split(/\s+/).slice(0, 2).join(' ')}\n`),
    )
    .join('');
}
