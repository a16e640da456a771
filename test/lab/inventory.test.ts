import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { hostNames, hostsAt, inventoryText, knownHostsText } from '../../lab/inventory.ts';

const parts = {
  hosts: hostsAt('10.77.0.0/24', hostNames(3)),
  key: '/lab/id_ed25519',
  knownHosts: '/lab/known_hosts',
};

it('names a master and workers, each at an address that follows from its place', () => {
  expect(parts.hosts).toEqual([
    { name: 'spark-master', address: '10.77.0.10' },
    { name: 'spark-worker1', address: '10.77.0.11' },
    { name: 'spark-worker2', address: '10.77.0.12' },
  ]);
});

it("is written in hailbook's own inventory format", () => {
  expect(parse(inventoryText({ ...parts, mirror: 'http://10.77.0.1:8077' }))).toEqual({
    hosts: {
      'spark-master': { address: '10.77.0.10', user: 'admin', key: '/lab/id_ed25519' },
      'spark-worker1': { address: '10.77.0.11', user: 'admin', key: '/lab/id_ed25519' },
      'spark-worker2': { address: '10.77.0.12', user: 'admin', key: '/lab/id_ed25519' },
    },
    groups: {
      spark_master: ['spark-master'],
      spark_workers: ['spark-worker1', 'spark-worker2'],
      cluster: ['spark_master', 'spark_workers'],
    },
    vars: {
      spark_worker_cores: 2,
      spark_worker_memory_mb: 3072,
      spark_mirrors: ['http://10.77.0.1:8077/spark'],
      hail_wheelhouse: 'http://10.77.0.1:8077/wheels',
    },
    known_hosts: '/lab/known_hosts',
  });
});

it('leaves the mirrors to the playbook when the lab has none, and a lone host is master and worker', () => {
  const text = inventoryText({ ...parts, hosts: hostsAt('10.77.0.0/24', hostNames(1)) });
  expect(parse(text)).not.toHaveProperty('vars.spark_mirrors');
  expect(parse(text).groups.spark_workers).toEqual(['spark-master']);
});

it('gives every key of a host under its address and its name', () => {
  const publicKeys = ['ssh-ed25519 AAAAC3 root@builder\n', 'ssh-rsa AAAAB3\n'];
  expect(knownHostsText([{ name: 'spark-master', address: '10.77.0.10', publicKeys }])).toBe(
    '10.77.0.10,spark-master ssh-ed25519 AAAAC3\n10.77.0.10,spark-master ssh-rsa AAAAB3\n',
  );
});
