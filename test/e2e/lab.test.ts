import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ownRelease } from '../../lab/release.ts';
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

/** A file system's hard cases, as a layer of an overlay must keep them: one line for each entry under /srv. */
const SRV =
  'cd /srv && find . -printf "%p %y %m %u:%g %n %s %l\\n" | LC_ALL=C sort; getfattr -Rd -m - . 2>/dev/null; cat kept';

it('keeps the disks of running hosts as they were at one moment, and sets them back', async () => {
  const host = 'spark-worker1';
  // Left by a test that failed.
  for (const name of ['first', 'second']) await hailbook(['lab', 'snapshots', '--remove', name]);
  await onHost(
    host,
    'mkdir -p /srv/sub && echo first >/srv/kept && ln /srv/kept /srv/sub/linked && ln -s kept /srv/link',
  );
  await onHost(host, 'install -m 4750 -g admin /bin/true /srv/sub/suid; truncate -s 1G /srv/sparse; rm -rf /opt');
  const stop = 'ExecStop=/bin/sh -c "echo whole >/var/local/stopped"';
  await onHost(host, `systemd-run --quiet --unit=writer --property='${stop}' sleep 1h`);
  const before = await onHost(host, SRV);
  expect(await must(['lab', 'snapshot', 'first'])).toMatch(
    /^first {2}.*Z +\d+ MB {2}spark-master, spark-worker\[1:3\]$/m,
  );
  expect(await onHost(host, SRV)).toBe(before);

  await onHost(host, 'echo later >>/srv/kept; rm -r /srv/sub; mkdir /opt');
  await onHost('spark-master', 'echo later >/etc/later');
  await must(['lab', 'reset', '--to', 'first']);
  expect(await onHost(host, SRV)).toBe(before);
  expect((await onHost('spark-master', 'ls -d /etc/later || true')).trim()).toBe('');
  expect((await onHost(host, 'ls -d /opt || cat /var/local/stopped')).trim()).toBe('whole');
  expect((await onHost(host, 'systemctl is-system-running --wait')).trim()).toBe('running');
});

it('keeps what stands on a snapshot that was removed, and what was taken while the lab was down', async () => {
  await onHost('spark-worker1', 'echo second >/srv/kept');
  await must(['lab', 'down']);
  await must(['lab', 'snapshot', 'second']);
  await must(['lab', 'snapshots', '--remove', 'first']);
  // As a command leaves it that is killed between writing what a disk stands on and making it so.
  appendFileSync(join(place.hosts, 'spark-worker2', 'image'), 'not-moved-yet\n');
  await labUp();
  expect((await onHost('spark-worker1', 'cat /srv/kept')).trim()).toBe('second');
  expect((await onHost('spark-worker2', 'hostname')).trim()).toBe('spark-worker2');
  await must(['lab', 'reset']);
  expect((await onHost('spark-worker1', 'ls /srv')).trim()).toBe('');
  await must(['lab', 'reset', '--to', 'second']);
  expect((await onHost('spark-worker1', 'cat /srv/kept')).trim()).toBe('second');
  const wrong = await hailbook(['lab', 'reset', '--to', 'secnd']);
  expect(wrong.stderr).toContain('there is no snapshot "secnd"; did you mean "second"?');
  expect(wrong.code).toBe(4);
  expect((await hailbook(['lab', 'snapshot', 'second'])).stderr).toContain('there is a snapshot "second" already');
  expect((await hailbook(['lab', 'snapshot', '../second'])).code).toBe(4);
  await must(['lab', 'reset']);
  expect(await must(['lab', 'snapshots', '--remove', 'second'])).toBe('no snapshots\n');
  expect(readdirSync(place.layers)).toEqual([]);
});

it('has hosts of two releases of Debian side by side, and changes none that has a disk', async () => {
  const own = ownRelease();
  const other = own === 'trixie' ? 'bookworm' : 'trixie';
  const status = await must(['lab', 'reset', '--release', `${own},${other}`]);
  expect(status).toMatch(new RegExp(`^spark-worker1 .* running {2}${other}$`, 'm'));
  const { stdout } = await hailbook([
    'exec',
    'cluster',
    '--',
    '. /etc/os-release; echo $VERSION_CODENAME; sudo apt-get -qq update',
  ]);
  expect(stdout).toMatch(new RegExp(`^ *${own}$[^]*^ *${other}$`, 'm'));
  const refused = await hailbook(['lab', 'up', '--release', own]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`LAB_CLASH spark-worker1 has ${other} on its disk, not ${own}`);
  await must(['lab', 'down']);
  expect(await labUp()).toContain(`running  ${other}\n`);
  await must(['lab', 'reset', '--release', own]);
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
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(`${place.folder}/`);
  expect(output('ip', '-o', 'link')).not.toContain(place.bridge);
  expect(output('iptables-save')).not.toContain(place.bridge);
  expect((await hailbook(['lab', 'down'])).code).toBe(0);
});
