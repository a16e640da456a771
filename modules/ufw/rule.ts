import { HailbookError } from '../../engine/errors.ts';
import { contains, type Network, networkOf, showNetwork } from './address.ts';

/** A rule as a playbook has it. Everything that is not given is "any". */
export interface Rule {
  readonly action: 'allow' | 'deny' | 'reject' | 'limit';
  readonly from?: string;
  readonly port?: number | string;
  readonly proto?: 'tcp' | 'udp';
  readonly interface?: string;
  readonly comment?: string;
}

/** Someone who wants in. */
export interface Caller {
  readonly from: Network;
  readonly port: number;
  /** Where the address that it calls is, if that is known. */
  readonly interface?: string | undefined;
}

/** The rules in normal form, in the order in which ufw keeps them: all of IPv4, then all of IPv6. */
export function normalRules(rules: readonly Rule[], ipv6: boolean): string[] {
  return ([4, 6] as const).filter((family) => family === 4 || ipv6).flatMap((family) => inFamily(rules, family));
}

function inFamily(rules: readonly Rule[], family: 4 | 6): string[] {
  const normal = rules.flatMap((rule) => normalRule(rule, family) ?? []);
  // Of two rules that differ in nothing but their comment ufw keeps the place of the first and the comment of the last.
  const comments = new Map(normal.map(({ rule, comment }) => [rule, comment]));
  return [...comments].map(([rule, comment]) => (comment === undefined ? rule : `${rule} # ${comment}`));
}

interface Normal {
  readonly rule: string;
  readonly comment: string | undefined;
}

/** A rule that names no address counts for both families; null when it is the other one's. */
function normalRule({ action, from, port, proto, interface: device, comment }: Rule, family: 4 | 6): Normal | null {
  const network = from === undefined ? null : sourceOf(from);
  if (network && network.family !== family) return null;
  const any = family === 4 ? '0.0.0.0/0' : '::/0';
  const source = network === null || network.bits === 0 ? any : showNetwork(network);
  return { rule: words(action, source, String(port ?? 'any'), proto ?? 'any', device), comment };
}

const words = (action: string, source: string, port: string, proto: string, device?: string): string =>
  `${action} from ${source} to port ${port}/${proto}${device === undefined ? '' : ` on ${device}`}`;

/** A `### tuple ###` line of ufw's own files in the same form; what no playbook can say stays as it is written there. */
export function ruleOfTuple(line: string): string {
  const [tuple = '', hex] = line
    .replace(/^### tuple ### */, '')
    .trim()
    .split(' comment=');
  const comment = hex === undefined ? '' : ` # ${Buffer.from(hex, 'hex').toString('utf8')}`;
  const [action = '', proto = '', port = '', to, sourcePort, from = '', way = '', ...more] = tuple.split(/\s+/);
  const network = networkOf(from);
  const device = /^in(?:_(.+))?$/.exec(way);
  const plain =
    ['0.0.0.0/0', '::/0'].includes(to ?? '') && sourcePort === 'any' && device && network && more.length === 0;
  if (!plain) return `${tuple}${comment}`;
  const source = network.bits === 0 ? from : showNetwork(network);
  return `${words(action, source, port, proto, device[1])}${comment}`;
}

function sourceOf(from: string): Network {
  const network = networkOf(from);
  if (network) return network;
  throw new HailbookError('ARGS_INVALID', `ufw.rules: "${from}" is no IP address and no network`, {
    hint: 'a firewall knows no names: give the address, for example as cluster_address in the inventory',
  });
}

/** Would these rules let a new TCP connection of the caller in? As iptables does it, the first rule that fits decides. */
export function lets(caller: Caller, rules: readonly Rule[], fallback: string): boolean {
  const decisive = rules.find((rule) => fits(rule, caller));
  const action = decisive?.action ?? fallback;
  return action === 'allow' || action === 'limit';
}

function fits({ action, from, port, proto, interface: device }: Rule, caller: Caller): boolean {
  if (from !== undefined && !contains(sourceOf(from), caller.from)) return false;
  if (proto === 'udp' || !inRange(port, caller.port)) return false;
  if (device === undefined || device === caller.interface) return true;
  // Where it is not known on which device the caller comes in, only a rule that keeps it out may count.
  return caller.interface === undefined && (action === 'deny' || action === 'reject');
}

function inRange(range: Rule['port'], port: number): boolean {
  if (range === undefined) return true;
  const [first = 0, last = first] = String(range).split(':').map(Number);
  return first <= port && port <= last;
}
