import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadInventory, matchHosts } from '../../engine/load/index.ts';
import { folder, heads, INVENTORY, problems } from './world.ts';

function read(text: string) {
  const root = folder({ 'inventory.yml': text });
  return { root, inventory: loadInventory(join(root, 'inventory.yml')) };
}

const said = (text: string) => heads(() => read(text).inventory).map((line) => line.replace(/^\S*inventory\.yml:/, ''));

describe('an inventory', () => {
  test('describes hosts, groups and variables', () => {
    const { inventory } = read(INVENTORY);
    expect([...inventory.hosts.keys()]).toEqual(['spark-master', 'spark-worker1', 'spark-worker2']);
    expect(inventory.hosts.get('spark-worker1')).toEqual({
      name: 'spark-worker1',
      address: '10.1.1.2',
      port: 22,
      user: 'admin',
      connection: 'ssh',
      vars: { user: 'admin', port: 7077, cluster_address: '192.168.0.2', only_here: 7 },
    });
    expect(Object.fromEntries(inventory.groups)).toEqual({
      all: ['spark-master', 'spark-worker1', 'spark-worker2'],
      spark_master: ['spark-master'],
      spark_workers: ['spark-worker1', 'spark-worker2'],
      cluster: ['spark-master', 'spark-worker1', 'spark-worker2'],
    });
  });

  test('gives connection keys; files are relative to it', () => {
    const { root, inventory } = read(`known_hosts: known_hosts
hosts:
  a: { address: 10.0.0.1, port: 2222, user: root, key: keys/id }
  b: { key: ~/.ssh/id }
  c: { connection: local }
  d:
`);
    expect(inventory.hosts.get('a')).toMatchObject({ port: 2222, user: 'root', key: join(root, 'keys/id') });
    expect(inventory.hosts.get('b')).toMatchObject({ address: 'b', key: join(homedir(), '.ssh/id') });
    expect(inventory.hosts.get('c')).toMatchObject({ connection: 'local' });
    expect(inventory.hosts.get('d')).toEqual({ name: 'd', address: 'd', port: 22, connection: 'ssh', vars: {} });
    expect(inventory.knownHosts).toBe(join(root, 'known_hosts'));
    expect(inventory.source).toBe(join(root, 'inventory.yml'));
  });

  test('the nearer variable wins: all, outer group, inner group, host', () => {
    const { inventory } = read(`hosts:
  a: { vars: { d: host } }
  b:
vars: { a: all, b: all, c: all, d: all }
groups:
  inner: { hosts: [a, b], vars: { c: inner, d: inner } }
  outer: { hosts: [inner], vars: { b: outer, c: outer, d: outer } }
`);
    expect(inventory.hosts.get('a')?.vars).toEqual({ a: 'all', b: 'outer', c: 'inner', d: 'host' });
    expect(inventory.hosts.get('b')?.vars).toEqual({ a: 'all', b: 'outer', c: 'inner', d: 'inner' });
  });

  test.each<[string, string[]]>([
    ['a: 1', ['1:1 INVENTORY_INVALID an inventory has "hosts": a map of names']],
    ['hosts: { a: { adress: x } }', ['1:15 INVENTORY_INVALID unknown key "adress" of a host; did you mean "address"?']],
    ['hosts: { a: { cores: 4 } }', ['1:15 INVENTORY_INVALID unknown key "cores" of a host']],
    ['hosts: { a: 10.0.0.1 }', ['1:13 INVENTORY_INVALID the host "a" is described by a map']],
    ['hosts: { a: { port: "22" } }', ['1:21 INVENTORY_INVALID "port" is a number from 1 to 65535']],
    ['hosts: { a: { connection: telnet } }', ['1:27 INVENTORY_INVALID "connection" is ssh or local']],
    [
      'hosts: { a: { address: "{{ x }}" } }',
      ['1:24 INVENTORY_INVALID expressions are not evaluated in a connection key'],
    ],
    ['hosts: { "a b": {} }', ['1:10 INVENTORY_INVALID "a b" cannot be a host\'s name']],
    ['hosts: { all: {} }', ['1:10 INVENTORY_INVALID "all" is every host; no single one can have that name']],
    ['hosts: { a: }\ngroup: {}', ['2:1 INVENTORY_INVALID unknown key "group"; did you mean "groups"?']],
    [
      'hosts: { web1: }\ngroups: { g: [web2] }',
      ['2:15 INVENTORY_INVALID "web2" is neither a host nor a group; did you mean "web1"?'],
    ],
    ['hosts: { a: }\ngroups: { g: a }', ['2:11 INVENTORY_INVALID the group "g" is a list of hosts and groups']],
    ['hosts: { a: }\ngroups: { g: [h], h: [g] }', ['2:11 INVENTORY_INVALID the groups contain each other: g → h → g']],
    ['hosts: { a: }\ngroups: { a: [a] }', ['2:11 INVENTORY_INVALID "a" is a host and cannot be a group too']],
    ['hosts: { a: }\ngroups: { all: [a] }', ['2:11 INVENTORY_INVALID "all" is every host and is always there']],
    [
      'hosts: { a: }\ngroups: { g: { host: [a] } }',
      [
        '2:11 INVENTORY_INVALID the group "g" is a list of hosts and groups',
        '2:16 INVENTORY_INVALID unknown key "host" of a group; did you mean "hosts"?',
      ],
    ],
    [
      'hosts: { a: }\nvars: { spark-home: x }',
      ['2:9 VARIABLE_INVALID "spark-home" cannot be a variable: letters, digits and _ make a name'],
    ],
    [
      'hosts: { a: { vars: { on: no } } }',
      ['1:27 YAML_TRAP no without quotes is read as false by some and as text by others'],
    ],
  ])('%j', (text, heads) => {
    expect(said(text)).toEqual(heads);
  });

  test('that is not there is said to be missing', () => {
    const text = problems(() => loadInventory('/nowhere/inventory.yml'));
    expect(text).toBe(
      'INVENTORY_MISSING the inventory /nowhere/inventory.yml does not exist\n  name one with -i, or make an inventory.yml',
    );
  });
});

describe('a host pattern', () => {
  const hosts = (pattern: string) => matchHosts(pattern, read(INVENTORY).inventory);
  const [m, w1, w2] = ['spark-master', 'spark-worker1', 'spark-worker2'];

  test.each<[string, string[]]>([
    ['all', [m, w1, w2]],
    ['*', [m, w1, w2]],
    ['spark_workers', [w1, w2]],
    ['spark-worker2', [w2]],
    ['spark-worker[1:2]', [w1, w2]],
    ['spark-worker?', [w1, w2]],
    ['*master', [m]],
    ['spark_*', [m, w1, w2]],
    ['spark-worker2,spark_master', [m, w2]],
    ['spark-worker2:spark-master', [m, w2]],
    ['spark-worker[1:2]:spark_master', [m, w1, w2]],
    ['cluster,!spark_master', [w1, w2]],
    ['all:!spark-worker[2:2]', [m, w1]],
    ['!spark_workers', [m]],
  ])('%s', (pattern, expected) => {
    expect(hosts(pattern)).toEqual(expected);
  });

  test.each([
    ['spark_worker', '"spark_worker" matches no host or group; did you mean "spark_workers"?'],
    ['all,!nobody', '"nobody" matches no host or group'],
    ['spark-worker[3:4]', '"spark-worker[3:4]" matches no host or group; did you mean "spark-worker1"?'],
    ['all:&cluster', '"&cluster" matches no host or group; did you mean "cluster"?'],
    ['cluster,!all', 'the pattern "cluster,!all" leaves no host'],
    [' ', 'the host pattern is empty'],
  ])('%s matches nothing', (pattern, message) => {
    expect(() => hosts(pattern)).toThrow(expect.objectContaining({ code: 'PATTERN_EMPTY', message }));
  });
});
