import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadInventory } from '../../engine/load/index.ts';
import type { Inventory } from '../../engine/plan/playbook.ts';
import { RECIPE } from '../../lab/content.ts';
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

/** As a run reads it. */
function loaded(text: string): Inventory {
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-lab-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'inventory.yml');
  writeFileSync(path, text);
  return loadInventory(path);
}

it("is an inventory of hailbook's own", () => {
  const { hosts, groups, knownHosts } = loaded(inventoryText({ ...parts, mirror: 'http://10.77.0.1:8077' }));
  const vars = {
    spark_worker_cores: 2,
    spark_worker_memory_mb: 3072,
    spark_mirrors: ['http://10.77.0.1:8077/spark'],
    hail_wheelhouse: 'http://10.77.0.1:8077/wheels',
  };
  const reached = { port: 22, user: 'admin', key: '/lab/id_ed25519', connection: 'ssh', vars };
  expect([...hosts.values()]).toEqual(parts.hosts.map((host) => ({ ...host, ...reached })));
  expect(Object.fromEntries(groups)).toEqual({
    all: ['spark-master', 'spark-worker1', 'spark-worker2'],
    spark_master: ['spark-master'],
    spark_workers: ['spark-worker1', 'spark-worker2'],
    cluster: ['spark-master', 'spark-worker1', 'spark-worker2'],
  });
  expect(knownHosts).toBe('/lab/known_hosts');
});

it('leaves the mirrors to the playbook when the lab has none, and a lone host is master and worker', () => {
  const { hosts, groups } = loaded(inventoryText({ ...parts, hosts: hostsAt('10.77.0.0/24', hostNames(1)) }));
  expect(hosts.get('spark-master')?.vars).not.toHaveProperty('spark_mirrors');
  expect(groups.get('spark_workers')).toEqual(['spark-master']);
});

it('the mirror has the versions that the playbooks ask for', () => {
  const settings = readFileSync('playbooks/vars/cluster.yml', 'utf8');
  expect(settings).toContain(`\nspark_version: "${RECIPE.spark}"\n`);
  expect(settings).toContain(`\nhail_version: "${RECIPE.hail}"\n`);
});

it('gives every key of a host under its address and its name', () => {
  const publicKeys = ['ssh-ed25519 AAAAC3 root@builder\n', 'ssh-rsa AAAAB3\n'];
  expect(knownHostsText([{ name: 'spark-master', address: '10.77.0.10', publicKeys }])).toBe(
    '10.77.0.10,spark-master ssh-ed25519 AAAAC3\n10.77.0.10,spark-master ssh-rsa AAAAB3\n',
  );
});
