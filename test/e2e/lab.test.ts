import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { labPlace } from '../../lab/state.ts';
import { hailbook, labUp, must, onHost } from './hailbook.ts';

const place = labPlace();
/** The lab's programs: each has an argument with the lab's folder in it. */
const running = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`=${place.folder}/`))
    .map(Number);
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
const output = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });

beforeAll(async () => {
  await labUp();
});
afterAll(async () => {
  await labUp();
});

it('raises bare Debian hosts: systemd, sshd and sudo, no Python, Java or ufw, and a name that is loopback', async () => {
  await must(['lab', 'reset']);
  expect((await onHost('spark-worker1', 'systemctl is-system-running --wait')).trim()).toBe('running');
  expect((await onHost('spark-worker1', 'command -v python3 java ufw; hostname')).trim()).toBe('spark-worker1');
  expect(await onHost('spark-worker1', 'cat /etc/hosts')).toContain('127.0.1.1\tspark-worker1');
});

it('refuses root over SSH, and knows its hosts by their keys', async () => {
  const ssh = [
    '-i',
    place.key,
    '-o',
    `UserKnownHostsFile=${place.knownHosts}`,
    '-o',
    'BatchMode=yes',
    '-o',
    'StrictHostKeyChecking=yes',
  ];
  const { address } = JSON.parse(await must(['inventory', '--json'])).hosts['spark-master'];
  expect(output('ssh', ...ssh, `admin@${address}`, 'id -un').trim()).toBe('admin');
  expect(() => output('ssh', ...ssh, `root@${address}`, 'id -un')).toThrow(/Permission denied/);
});

it('comes back when its processes were killed, with its disks', async () => {
  await onHost('spark-worker2', 'echo kept >/etc/kept');
  for (const pid of running()) process.kill(pid, 'SIGKILL');
  expect((await hailbook(['lab', 'status'])).code).toBe(1);
  await labUp();
  expect((await hailbook(['lab', 'status'])).code).toBe(0);
  expect((await onHost('spark-worker2', 'cat /etc/kept')).trim()).toBe('kept');
});

it('gives fresh hosts with the packages that were downloaded before', async () => {
  await onHost('spark-worker1', 'apt-get update -qq && apt-get install -qq -y --download-only hello >/dev/null');
  await must(['lab', 'reset']);
  const { stdout } = await hailbook(['exec', 'cluster', '--', 'ls /var/cache/apt/archives; test ! -e /etc/kept']);
  expect(stdout).toMatch(/hello_.*\.deb/);
  expect(stdout).toMatch(/^✔ all 4 hosts|✔ .*spark-worker3/m);
});

it('refuses a subnet that this machine already uses', async () => {
  await must(['lab', 'down']);
  const { code, stderr } = await hailbook(['lab', 'up', '--subnet', '127.0.0.0/24']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('LAB_CLASH');
});

it('leaves no mount, bridge, rule or process behind', async () => {
  await labUp();
  expect(running()).not.toEqual([]);
  await must(['lab', 'down']);
  expect(running()).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(place.folder);
  expect(output('ip', '-o', 'link')).not.toContain(place.bridge);
  expect(output('iptables-save')).not.toContain(place.bridge);
  expect((await hailbook(['lab', 'down'])).code).toBe(0);
});
