import { didYouMean } from '../errors.ts';
import { GROUP_KEYWORDS } from './keywords.ts';
import type { Located } from './located.ts';
import { readVariables } from './names.ts';
import { expandRange, isInventoryName } from './patterns.ts';
import type { Problems } from './problems.ts';

const KEYS = Object.keys(GROUP_KEYWORDS);

/** The groups of an inventory, each with all its hosts. */
interface Groups {
  /** In inventory order; with `all`. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** The variables that a host has from its groups: an inner group's win over an outer one's, then a later one's over an earlier one's. */
  varsOf(host: string): ReadonlyMap<string, Located>;
}

interface Group {
  readonly name: string;
  readonly located: Located;
  readonly list: readonly Located[];
  readonly vars: ReadonlyMap<string, Located>;
}

/** `name: [host, group, "host[1:3]"]`, or `name: { hosts: […], vars: {…} }`. */
export function readGroups(located: Located | undefined, hosts: readonly string[], problems: Problems): Groups {
  const invalid = (at: Located, message: string, hint?: string) =>
    problems.add('INVENTORY_INVALID', message, { place: at.keyPlace, hint });
  if (located && !located.isMap && located.value !== null)
    invalid(located, '"groups" is a map of names and lists', 'groups: { web: [node1] }');
  const groups = new Map<string, Group>();
  for (const [name, group] of located?.entries() ?? []) {
    if (name === 'all')
      invalid(group, '"all" is every host and is always there', 'variables of all hosts stand in "vars" at the top');
    else if (hosts.includes(name)) invalid(group, `"${name}" is a host and cannot be a group too`);
    else if (!isInventoryName(name)) invalid(group, `"${name}" cannot be a group's name`);
    else groups.set(name, readGroup(name, group, invalid, problems));
  }
  const tree = new GroupTree(groups, hosts, invalid);
  const members = new Map<string, readonly string[]>([['all', hosts]]);
  for (const name of groups.keys()) members.set(name, tree.hostsOf(name));
  return {
    members,
    varsOf: (host) => {
      const own = [...groups.values()].filter(({ name }) => members.get(name)?.includes(host));
      // Stable: groups of the same depth stay in the file's order.
      const outerFirst = own.sort((a, b) => tree.depth(a.name) - tree.depth(b.name));
      return new Map(outerFirst.flatMap(({ vars }) => [...vars]));
    },
  };
}

type Invalid = (at: Located, message: string, hint?: string) => void;

function readGroup(name: string, located: Located, invalid: Invalid, problems: Problems): Group {
  const list = located.isMap ? located.child('hosts') : located;
  for (const [key, child] of located.entries()) {
    if (!KEYS.includes(key)) invalid(child, `unknown key "${key}" of a group${didYouMean(key, KEYS)}`);
  }
  if (!list?.isList)
    invalid(list ?? located, `the group "${name}" is a list of hosts and groups`, `${name}: [node1, node2]`);
  return { name, located, list: list?.items() ?? [], vars: readVariables(located.child('vars'), problems) };
}

/** Which group is in which. */
class GroupTree {
  readonly #groups: ReadonlyMap<string, Group>;
  readonly #hosts: readonly string[];
  readonly #invalid: Invalid;
  readonly #members = new Map<string, readonly string[]>();

  constructor(groups: ReadonlyMap<string, Group>, hosts: readonly string[], invalid: Invalid) {
    this.#groups = groups;
    this.#hosts = hosts;
    this.#invalid = invalid;
  }

  hostsOf(name: string, open: readonly string[] = []): readonly string[] {
    const known = this.#members.get(name);
    const group = this.#groups.get(name);
    if (known || !group) return known ?? [];
    if (open.includes(name)) {
      const cycle = [...open.slice(open.indexOf(name)), name].join(' → ');
      this.#invalid(group.located, `the groups contain each other: ${cycle}`);
      return [];
    }
    const found = new Set(group.list.flatMap((entry) => this.#expand(entry, [...open, name])));
    const members = this.#hosts.filter((host) => found.has(host));
    this.#members.set(name, members);
    return members;
  }

  #expand(entry: Located, open: readonly string[]): readonly string[] {
    const { value } = entry;
    if (typeof value !== 'string') {
      this.#invalid(entry, 'a group lists names of hosts and groups');
      return [];
    }
    return expandRange(value).flatMap((name) => {
      if (this.#hosts.includes(name)) return [name];
      if (this.#groups.has(name)) return this.hostsOf(name, open);
      if (name === 'all') return this.#hosts;
      const guess = didYouMean(name, [...this.#hosts, ...this.#groups.keys()]);
      this.#invalid(entry, `"${name}" is neither a host nor a group${guess}`);
      return [];
    });
  }

  /** How many groups it is in, one within the other. */
  depth(name: string, open: readonly string[] = []): number {
    const outer = [...this.#groups.values()].filter(({ list }) => list.some(({ value }) => value === name));
    const depths = outer
      .filter((group) => !open.includes(group.name))
      .map((group) => 1 + this.depth(group.name, [...open, name]));
    return Math.max(0, ...depths);
  }
}
