import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { didYouMean, HailbookError } from '../errors.ts';
import type { Host, Inventory } from '../plan/playbook.ts';
import { readGroups } from './groups.ts';
import { HOST_KEYWORDS, INVENTORY_KEYWORDS } from './keywords.ts';
import type { Located } from './located.ts';
import { readVariables } from './names.ts';
import { isInventoryName } from './patterns.ts';
import { rememberPlaces } from './places.ts';
import { Problems } from './problems.ts';
import { readYaml } from './yaml.ts';

const KEYS = Object.keys(INVENTORY_KEYWORDS);
const HOST_KEYS = Object.keys(HOST_KEYWORDS);

/**
 * Reads an inventory: hosts with their connection keys and variables, groups, variables of all.
 * @throws HailbookError INVENTORY_MISSING; InvalidInput with everything that is wrong in it
 */
export function loadInventory(path: string): Inventory {
  const problems = new Problems();
  const root = problems.attempt(() => readInventory(path, problems));
  const inventory = root && build(root, path, problems);
  problems.throwIfAny();
  if (!inventory) throw new HailbookError('INTERNAL', `nothing was read from ${path}`);
  return inventory;
}

function readInventory(path: string, problems: Problems): Located | undefined {
  try {
    return readYaml(path, problems);
  } catch (error) {
    if (!(error instanceof HailbookError) || error.code !== 'FILE_MISSING') throw error;
    const hint = 'name one with -i, or make an inventory.yml';
    throw new HailbookError('INVENTORY_MISSING', `the inventory ${error.message}`, { hint, cause: error });
  }
}

function build(root: Located, path: string, problems: Problems): Inventory | undefined {
  const invalid = (located: Located, message: string, hint?: string) =>
    problems.add('INVENTORY_INVALID', message, { place: located.keyPlace, hint });
  const described = root.child('hosts');
  if (!root.isMap || !described?.isMap || described.entries().length === 0) {
    invalid(described ?? root, 'an inventory has "hosts": a map of names', 'hosts: { node1: { address: 10.0.0.1 } }');
    return undefined;
  }
  for (const [key, child] of root.entries()) {
    if (!KEYS.includes(key)) invalid(child, `unknown key "${key}"${didYouMean(key, KEYS)}`);
  }
  const hosts = described.entries();
  for (const [name, host] of hosts) {
    if (!isInventoryName(name)) invalid(host, `"${name}" cannot be a host's name`);
    if (name === 'all') invalid(host, '"all" is every host; no single one can have that name');
  }
  const groups = readGroups(
    root.child('groups'),
    hosts.map(([name]) => name),
    problems,
  );
  const common = readVariables(root.child('vars'), problems);
  const folder = dirname(resolve(path));
  // `user` among the variables of all is also who logs in, where a host does not say otherwise.
  const user = optionalText(common.get('user'), problems);
  const made = hosts.map(([name, host]) => {
    const own = readVariables(host.child('vars'), problems);
    const vars = new Map([...common, ...groups.varsOf(name), ...own]);
    return [name, connection(name, host, { folder, user, vars: rememberPlaces(vars) }, problems)] as const;
  });
  const knownHosts = optionalText(root.child('known_hosts'), problems);
  return {
    source: path,
    hosts: new Map(made),
    groups: groups.members,
    ...(knownHosts === undefined ? {} : { knownHosts: besideInventory(folder, knownHosts) }),
  };
}

interface Surroundings {
  readonly folder: string;
  readonly user: string | undefined;
  readonly vars: Readonly<Record<string, unknown>>;
}

function connection(name: string, host: Located, { folder, user, vars }: Surroundings, problems: Problems): Host {
  if (!host.isMap && host.value !== null) {
    problems.add('INVENTORY_INVALID', `the host "${name}" is described by a map`, {
      place: host.place,
      hint: `${name}: { address: ${typeof host.value === 'string' ? host.value : '10.0.0.1'} }`,
    });
  }
  for (const [key, child] of host.entries()) {
    if (HOST_KEYS.includes(key)) continue;
    const guess = didYouMean(key, HOST_KEYS);
    const hint = guess ? undefined : `a variable stands under vars: ${name}: { vars: { ${key}: … } }`;
    problems.add('INVENTORY_INVALID', `unknown key "${key}" of a host${guess}`, { place: child.keyPlace, hint });
  }
  const text = (key: string) => optionalText(host.child(key), problems);
  const key = text('key');
  const login = text('user') ?? user;
  return {
    name,
    address: text('address') ?? name,
    port: port(host.child('port'), problems),
    ...(login === undefined ? {} : { user: login }),
    ...(key === undefined ? {} : { key: besideInventory(folder, key) }),
    connection: way(host.child('connection'), problems),
    vars,
  };
}

function port(located: Located | undefined, problems: Problems): number {
  const value = located?.value ?? 22;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536) return value;
  problems.add('INVENTORY_INVALID', '"port" is a number from 1 to 65535', { place: located?.place });
  return 22;
}

function way(located: Located | undefined, problems: Problems): 'ssh' | 'local' {
  const value = located?.value ?? 'ssh';
  if (value === 'ssh' || value === 'local') return value;
  problems.add('INVENTORY_INVALID', '"connection" is ssh or local', { place: located?.place });
  return 'ssh';
}

/** A connection key's text. Expressions are not evaluated there: a host must be reachable before anything about it is known. */
function optionalText(located: Located | undefined, problems: Problems): string | undefined {
  if (!located) return undefined;
  if (typeof located.value === 'string' && located.value !== '' && !located.value.includes('{{')) return located.value;
  const problem =
    typeof located.value === 'string' && located.value
      ? 'expressions are not evaluated in a connection key'
      : 'a text is needed here';
  problems.add('INVENTORY_INVALID', problem, { place: located.place });
  return undefined;
}

/** Unlike a path in a playbook it may be in the home of who runs hailbook. */
function besideInventory(folder: string, path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path);
}
