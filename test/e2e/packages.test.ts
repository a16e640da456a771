import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEachRelease } from '../property/host.ts';
import { labUp, onHost, type Played, play } from './hailbook.ts';

const folder = mkdtempSync(join(tmpdir(), 'hailbook-packages-'));
let hosts: readonly string[] = [];

/** A playbook of one task of the module `apt`, its arguments as JSON, which is YAML. */
function playbook(args: Record<string, unknown>): string {
  const path = join(folder, 'apt.yml');
  const tasks = [{ name: 'it', apt: args }];
  writeFileSync(path, JSON.stringify([{ name: 'Packages', hosts, become: true, tasks }], null, 2));
  return path;
}

const apply = (args: Record<string, unknown>): Promise<Played> => play(['run', playbook(args)]);
const check = (args: Record<string, unknown>): Promise<Played> => play(['check', playbook(args)]);
const everywhere = (status: string): Record<string, string> => Object.fromEntries(hosts.map((host) => [host, status]));

async function everyHost(command: string): Promise<string[]> {
  return Promise.all(hosts.map((host) => onHost(host, command)));
}

/** The texts of an event of every host. */
function saidBy(played: Played, field: 'changes' | 'warnings'): string[] {
  return played.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'result')
    .map((result) => (result[field] ?? []).join('; '));
}

/** hb-slow takes its time, hb-svc has a program that runs, hb-conf a configuration file, hb-fails a script that fails until it may not. */
const PACKAGES = `set -e
rm -rf /srv/hb; mkdir -p /srv/hb; cd /srv/hb
build() {
  mkdir "$1_$2"; mkdir "$1_$2/DEBIAN"
  printf "Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDescription: test\\n" "$1" "$2" >"$1_$2/DEBIAN/control"
}
pack() { chmod -R u=rwX,go=rX "$1"; [ ! -e "$1/DEBIAN/postinst" ] || chmod 755 "$1/DEBIAN/postinst"; dpkg-deb --root-owner-group -b "$1" >/dev/null; }
build hb-plain 1.0; pack hb-plain_1.0
build hb-slow 1.0; printf "#!/bin/sh\\n[ -e /run/hb-quick ] || sleep 25\\n" >hb-slow_1.0/DEBIAN/postinst; pack hb-slow_1.0
for version in 1.0 2.0; do
  build hb-svc $version; mkdir -p hb-svc_$version/usr/libexec; cp /usr/bin/sleep hb-svc_$version/usr/libexec/hb-svc; pack hb-svc_$version
  build hb-conf $version; mkdir hb-conf_$version/etc; echo $version >hb-conf_$version/etc/hb.conf; echo /etc/hb.conf >hb-conf_$version/DEBIAN/conffiles; pack hb-conf_$version
done`;

const AWAY = `systemctl stop hb-svc docker-hb; rm -f /etc/systemd/system/hb-svc.service /etc/systemd/system/docker-hb.service; systemctl daemon-reload
touch /run/hb-quick; while pgrep -x apt-get >/dev/null; do sleep 1; done; dpkg --configure -a
dpkg --force-all --purge hb-plain hb-slow hb-svc hb-conf; rm -rf /srv/hb /etc/apt/apt.conf.d/99hb /run/hb-env /run/hb-quick; true`;

beforeAll(async () => {
  await labUp();
  hosts = oneOfEachRelease();
  await everyHost(AWAY);
  await everyHost(PACKAGES);
});
afterAll(async () => {
  await everyHost(AWAY);
});

describe('dpkg and others that use it', () => {
  it('what was killed in the middle is finished first, and that is said', async () => {
    await everyHost(
      'rm -f /run/hb-quick; setsid apt-get install -y /srv/hb/hb-slow_1.0.deb >/dev/null 2>&1 & until pgrep -f "[h]b-slow.postinst" >/dev/null; do sleep 0.2; done; pkill -9 -x apt-get; pkill -9 -x dpkg; pkill -9 -f "[h]b-slow.postinst"; sleep 1; touch /run/hb-quick',
    );
    const args = { deb: ['/srv/hb/hb-plain_1.0.deb'] };
    const foretold = await check(args);
    const done = await apply(args);
    expect(saidBy(done, 'changes')).toEqual(saidBy(foretold, 'changes'));
    for (const said of saidBy(done, 'changes')) expect(said).toMatch(/unfinished: \[.*hb-slow.*\] → \[\]/);
    expect((await everyHost('dpkg --audit; dpkg -s hb-slow hb-plain | grep -c "ok installed"')).map(Number)).toEqual(
      hosts.map(() => 2),
    );
    expect((await check(args)).status.it).toEqual(everywhere('ok'));
  });

  it('who is at work has not been interrupted: a look says who it is, a task waits for it, and no longer than it may', async () => {
    await everyHost(
      'rm -f /run/hb-quick; dpkg --purge hb-slow hb-plain >/dev/null 2>&1; setsid apt-get install -y /srv/hb/hb-slow_1.0.deb >/dev/null 2>&1 & until pgrep -f "[h]b-slow.postinst" >/dev/null; do sleep 0.2; done',
    );
    const looked = await check({ names: ['dpkg'] });
    expect(looked.errors).toEqual([]);
    for (const said of saidBy(looked, 'warnings')) expect(said).toMatch(/at work on packages: apt-get \(process \d+\)/);
    const args = { deb: ['/srv/hb/hb-plain_1.0.deb'] };
    const given_up = await apply({ ...args, lock_timeout: 2 });
    expect(given_up.errors.map(({ code }) => code)).toEqual(hosts.map(() => 'WAIT_TIMEOUT'));
    for (const { message } of given_up.errors) {
      expect(message).toMatch(
        /^apt is locked by apt-get \(process \d+\), dpkg \(process \d+\) for more than 2 seconds$/,
      );
    }
    const waited = await apply(args);
    expect(waited.errors).toEqual([]);
    expect(waited.status.it).toEqual(everywhere('changed'));
  });

  it('nothing is asked: not by debconf, not by needrestart, not about a configuration file', async () => {
    await everyHost(
      `dpkg -i /srv/hb/hb-conf_1.0.deb >/dev/null; echo mine >/etc/hb.conf; echo 'DPkg::Post-Invoke {"env >/run/hb-env"; };' >/etc/apt/apt.conf.d/99hb`,
    );
    const args = { deb: ['/srv/hb/hb-conf_2.0.deb'] };
    expect((await apply(args)).status.it).toEqual(everywhere('changed'));
    for (const text of await everyHost('cat /etc/hb.conf /run/hb-env')) {
      const lines = text.split('\n');
      expect(lines[0]).toBe('mine');
      expect(lines).toEqual(
        expect.arrayContaining(['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1', 'NEEDRESTART_MODE=l']),
      );
    }
  });
});

describe('services that still run from files which were replaced', () => {
  it('are named, and restarted when the task says so; but not those with which more would go', async () => {
    await everyHost(`dpkg -i /srv/hb/hb-svc_1.0.deb >/dev/null
for name in hb-svc docker-hb; do printf '[Service]\\nExecStart=/usr/libexec/hb-svc 5000\\n' >/etc/systemd/system/$name.service; done
systemctl daemon-reload; systemctl start hb-svc docker-hb`);
    const args = { deb: ['/srv/hb/hb-svc_2.0.deb'] };
    const upgraded = await apply(args);
    expect(upgraded.status.it).toEqual(everywhere('changed'));
    for (const said of saidBy(upgraded, 'warnings')) {
      expect(said).toContain('hb-svc.service: still running from files that an upgrade has replaced; restart_services');
      expect(said).toContain('docker-hb.service: still running');
    }
    const before = await everyHost('systemctl show -P MainPID hb-svc docker-hb');
    const restarts = { ...args, restart_services: true };
    expect(saidBy(await check(restarts), 'changes')).toEqual(
      hosts.map(() => 'outdated_services: [hb-svc.service] → []'),
    );
    expect((await apply(restarts)).status.it).toEqual(everywhere('changed'));
    const after = await everyHost('systemctl show -P MainPID hb-svc docker-hb');
    for (const [index, pids] of after.entries()) {
      const [mine, docker] = pids.split('\n').filter((line) => line !== '');
      const [mineBefore, dockerBefore] = (before[index] ?? '').split('\n').filter((line) => line !== '');
      expect(mine).not.toBe(mineBefore);
      expect(docker).toBe(dockerBefore);
    }
    expect((await check(restarts)).status.it).toEqual(everywhere('ok'));
  });
});

it('a host that is as desired costs one request, however much is asked of its packages', async () => {
  writeFileSync(
    join(folder, 'many.yml'),
    JSON.stringify([
      {
        name: 'Much',
        hosts,
        become: true,
        tasks: [
          { apt: { names: ['dpkg'], state: 'present' } },
          { apt: { names: ['no-such-package'], state: 'absent' } },
          { apt: { deb: ['/srv/hb/hb-svc_2.0.deb'] } },
          { apt_repository: { name: 'nowhere', state: 'absent' } },
          { pip: { venv: '/srv/nowhere', state: 'absent' } },
        ],
      },
    ]),
  );
  await play(['run', join(folder, 'many.yml')]);
  const again = await play(['run', join(folder, 'many.yml')]);
  expect(hosts.map((host) => again.hosts[host])).toMatchObject(
    hosts.map(() => ({ requests: 1, counts: { ok: 5, changed: 0, failed: 0 } })),
  );
});
