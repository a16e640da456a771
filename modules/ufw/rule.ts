import { HailbookError } from '../../engine/errors.ts';
import { type Network, networkOf, showNetwork } from './address.ts';
import type { RuleArgs } from './args.ts';

export type Family = 4 | 6;

/** A rule of one family, as ufw keeps it: everything has a value, and equal rules have equal values. */
export interface Entry {
  readonly family: Family;
  readonly action: string;
  readonly route: boolean;
  readonly direction: string;
  /** Empty: any. */
  readonly interface: string;
  readonly interfaceOut: string;
  /** Empty, `log` or `log-all`. */
  readonly log: string;
  readonly from: string;
  /** `any`, `22`, `6000:6007`, `80,443`; `?` of a profile that is not known yet. */
  readonly fromPort: string;
  readonly fromApp: string;
  readonly to: string;
  readonly port: string;
  readonly app: string;
  readonly proto: string;
  readonly comment: string;
}

/** What the rule is about: two rules that agree in this are one for ufw, whatever they do with a connection. */
export const identityOf = (entry: Entry): string => `${entry.route ? 'route ' : ''}${aboutOf(entry)}`;

/** For people and for comparing: `allow from 10.0.0.0/8 to port 22/tcp # ssh`. */
export function textOf(entry: Entry): string {
  const { action, route, log, comment } = entry;
  const verb = [...(route ? ['route'] : []), action, ...(log === '' ? [] : [log])].join(' ');
  return `${verb} ${aboutOf(entry)}${comment === '' ? '' : ` # ${comment}`}`;
}

function aboutOf(entry: Entry): string {
  const { family, direction, interface: device, interfaceOut, from, fromPort, fromApp, to, port, app, proto } = entry;
  return [
    ...(direction === 'out' && interfaceOut === '' ? ['out'] : []),
    ...(device === '' ? [] : ['in on', device]),
    ...(interfaceOut === '' ? [] : ['out on', interfaceOut]),
    'from',
    from,
    ...(fromPort === 'any' ? [] : ['port', fromPort]),
    ...(fromApp === '' ? [] : [`(${fromApp})`]),
    'to',
    ...(to === anywhere(family) ? [] : [to]),
    `port ${port}/${proto}`,
    ...(app === '' ? [] : [`(${app})`]),
  ].join(' ');
}

export const anywhere = (family: Family): string => (family === 4 ? '0.0.0.0/0' : '::/0');

/** Of the host's `/etc/ufw/applications.d`: the name → `80,443/tcp|53`. Null: nothing is known of them yet. */
export type Profiles = ReadonlyMap<string, string> | null;

const ONLY_4 = ['igmp', 'ipv6'];

/** The rule as ufw would keep it for a family: none if it names an address of the other one, several for a profile. */
export function entriesOf(rule: RuleArgs, family: Family, profiles: Profiles): Entry[] {
  const [from, to] = [rule.from, rule.to].map((text) => (text === undefined ? null : addressOf(text)));
  if (from && to && from.family !== to.family)
    throw new HailbookError('ARGS_INVALID', `ufw.rules: "${rule.from}" and "${rule.to}" are not of one family`);
  if ([from, to].some((network) => network && network.family !== family)) return [];
  if (family === 6 && ONLY_4.includes(rule.proto ?? '')) return [];
  const outgoing = rule.direction === 'out';
  const entry: Entry = {
    family,
    action: rule.action,
    route: rule.route ?? false,
    // As ufw has it, a routed rule with nothing but a device to go out by is one for "out".
    direction: outgoing || (rule.interface_out !== undefined && rule.interface === undefined) ? 'out' : 'in',
    interface: outgoing ? '' : (rule.interface ?? ''),
    interfaceOut: rule.interface_out ?? (outgoing ? (rule.interface ?? '') : ''),
    log: rule.log ? 'log' : '',
    from: from ? showNetwork(from) : anywhere(family),
    fromPort: portsOf(rule.from_port),
    fromApp: '',
    to: to ? showNetwork(to) : anywhere(family),
    port: portsOf(rule.port),
    proto: rule.proto ?? 'any',
    app: rule.app ?? '',
    comment: rule.comment ?? '',
  };
  if (rule.app === undefined) return [entry];
  return profile(rule.app, profiles).map(([port = '', proto = 'any']) => ({ ...entry, port: portsOf(port), proto }));
}

function profile(app: string, profiles: Profiles): string[][] {
  const ports = profiles === null ? '?' : profiles.get(app);
  if (ports !== undefined) return ports.split('|').map((part) => part.split('/'));
  throw new HailbookError('ARGS_INVALID', `ufw.rules: the host has no application profile "${app}"`, {
    hint: 'profiles are in /etc/ufw/applications.d, most of them from packages; `ufw app list` names them',
  });
}

function addressOf(text: string): Network {
  const network = networkOf(text);
  if (network) return network;
  throw new HailbookError('ARGS_INVALID', `ufw.rules: "${text}" is no IP address and no network`, {
    hint: 'a firewall knows no names: give the address, for example as cluster_address in the inventory',
  });
}

/** In ufw's order. */
function portsOf(ports: number | string | undefined): string {
  if (ports === undefined) return 'any';
  return String(ports)
    .split(',')
    .map((range) => ({ range, bounds: range.split(':').map(Number) }))
    .sort(({ bounds: a }, { bounds: b }) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0))
    .map(({ range }) => range)
    .join(',');
}

/** A `### tuple ###` line of ufw's own files; null when ufw would skip it too. */
export function entryOfTuple(line: string, family: Family): Entry | null {
  const [written = '', hex = ''] = line
    .replace(/^### tuple ### */, '')
    .trim()
    .split(' comment=');
  const words = written.split(/\s+/);
  if (words.length < 6 || words.length > 9) return null;
  const [verb = '', proto = '', port = '', to = '', fromPort = '', from = '', ...rest] = words;
  const way = rest.length % 2 === 1 ? (rest.pop() ?? '') : 'in';
  const [, route, action = '', , log = ''] = /^(route:)?([^_]*)(_(.*))?$/.exec(verb) ?? [];
  const [app = '-', fromApp = '-'] = rest.map((name) => name.replaceAll('%20', ' '));
  const device = (direction: string) => new RegExp(`(?:^|!)${direction}_([^!]+)`).exec(way)?.[1] ?? '';
  return {
    family,
    action,
    route: route !== undefined,
    direction: way.startsWith('out') ? 'out' : 'in',
    interface: device('in'),
    interfaceOut: device('out'),
    log,
    from: shown(from),
    fromPort: fromPort === 'any' ? 'any' : portsOf(fromPort),
    fromApp: fromApp === '-' ? '' : fromApp,
    to: shown(to),
    port: port === 'any' ? 'any' : portsOf(port),
    app: app === '-' ? '' : app,
    proto,
    comment: Buffer.from(hex, 'hex').toString('utf8'),
  };
}

function shown(address: string): string {
  const network = networkOf(address);
  return network ? showNetwork(network) : address;
}

/** The words after `ufw` that make it. */
export function commandOf(rule: RuleArgs): string[] {
  const { action, route, direction, interface: device, interface_out, log, proto, comment } = rule;
  const way = direction === 'out' ? ['out', ...(device === undefined ? [] : ['on', device])] : [];
  return [
    ...(route ? ['route'] : []),
    action,
    ...way,
    ...(device === undefined || direction === 'out' ? [] : ['in', 'on', device]),
    ...(interface_out === undefined ? [] : ['out', 'on', interface_out]),
    ...(log ? ['log'] : []),
    ...(proto === undefined ? [] : ['proto', proto]),
    ...['from', rule.from === undefined ? 'any' : shown(rule.from)],
    ...(rule.from_port === undefined ? [] : ['port', String(rule.from_port)]),
    ...['to', rule.to === undefined ? 'any' : shown(rule.to)],
    ...(rule.port === undefined ? [] : ['port', String(rule.port)]),
    ...(rule.app === undefined ? [] : ['app', rule.app]),
    ...(comment === undefined ? [] : ['comment', comment]),
  ];
}
