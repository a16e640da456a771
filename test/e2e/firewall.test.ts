import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { hailbook, labUp, must, onHost, play, start } from './hailbook.ts';

const folder = mkdtempSync(join(tmpdir(), 'hailbook-firewall-'));
const playbook = join(folder, 'firewall.yml');
let host = '';

beforeAll(async () => {
  if ((await hailbook(['lab', 'status'])).code !== 0) await labUp();
  host = Object.keys(JSON.parse(await must(['inventory', '--json'])).hosts).at(-1) ?? '';
  await onHost(host, 'apt-get update -qq && apt-get install -qq -y ufw >/dev/null && cp -a /etc/ufw /root/ufw');
  writeFileSync(
    playbook,
    `- { hosts: ${host}, become: true, tasks: [{ name: firewall, ufw: { rules: [{ port: 22, proto: tcp }, { app: DNS }] } }] }\n`,
  );
});
afterAll(async () => {
  await onHost(
    host,
    'ufw --force disable; apt-get purge -qq -y ufw >/dev/null; rm -rf /etc/ufw /root/ufw /var/lib/hailbook/ufw',
  );
});

/** Rules that let a new connection to SSH in as far as anybody can see, and a line in a file of ufw's that does not. */
beforeEach(async () => {
  await onHost(
    host,
    `ufw --force disable && cp -a /root/ufw/. /etc/ufw && rm -rf /var/lib/hailbook/ufw
     sed -i "s/^# ok icmp codes for INPUT/-A ufw-before-input -p tcp --dport 22 -m conntrack --ctstate NEW -j DROP\\n&/" /etc/ufw/before.rules
     grep -q "dport 22" /etc/ufw/before.rules`,
  );
});

const CLOCKS = 'systemctl list-units --all | grep -c "Clock of a change" || true';

const settings = (): Promise<string> =>
  onHost(
    host,
    'cd /etc && find ufw default/ufw -type f | sort | xargs sha256sum; ls -l /etc/systemd/system/*.wants/ufw.service; ufw status',
  );

/** Seconds until a new connection comes through again. */
async function untilReachable(): Promise<number> {
  const begun = performance.now();
  while ((await hailbook(['exec', host, '--connect-timeout', '2', '--', 'true'])).code !== 0) await sleep(500);
  return (performance.now() - begun) / 1000;
}

const isReachable = async (): Promise<boolean> =>
  (await hailbook(['exec', host, '--connect-timeout', '2', '--', 'true'])).code === 0;

async function untilShut(): Promise<void> {
  while (await isReachable()) await sleep(200);
}

it('rules that shut us out are taken back by the host, and that is told when it is true', async () => {
  const before = await settings();
  const { errors, code } = await play(['run', playbook]);
  expect(errors).toMatchObject([{ code: 'TAKEN_BACK', host }]);
  expect(code).toBe(1);
  expect(await settings()).toBe(before);
  expect(before).toContain('Status: inactive');
  expect(await onHost(host, `ls /var/lib/hailbook/ufw; ${CLOCKS}`)).toBe('taken_back\n0\n');
});

it('also when the controller was killed; the next run says it, and a change that lets us in is kept', async () => {
  const before = await settings();
  const { child, done } = start(['run', playbook]);
  await untilShut();
  child.kill('SIGKILL');
  await done;
  expect(await untilReachable()).toBeLessThan(45);
  expect(await settings()).toBe(before);

  await onHost(host, 'cp -a /root/ufw/. /etc/ufw');
  const { stdout } = await hailbook(['check', playbook]);
  expect(stdout).toContain('the host took its last change of the firewall back');
  expect((await play(['run', playbook])).status).toEqual({ firewall: { [host]: 'changed' } });
  const again = await hailbook(['run', playbook]);
  expect(again.stdout).toContain('nothing had to be changed');
  expect(again.stdout).not.toContain('took its last change');
  // A clock ends within a second when the change is kept.
  await sleep(2_000);
  expect(await onHost(host, `ls /var/lib/hailbook/ufw; ${CLOCKS}`)).toBe('0\n');
});

it('also when the host is rebooted in the middle, before ufw is started', async () => {
  const before = await settings();
  const boot = await onHost(host, 'cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1');
  await onHost(
    host,
    'systemd-run --quiet sh -c "until [ -e /var/lib/hailbook/ufw/trial/changed ]; do sleep 0.2; done; sleep 8; systemctl reboot --force --force"',
  );
  const { child, done } = start(['run', playbook]);
  await untilShut();
  child.kill('SIGKILL');
  await done;
  expect(await untilReachable()).toBeLessThan(60);
  expect(await onHost(host, 'cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1')).not.toBe(boot);
  expect(await settings()).toBe(before);
  expect(await onHost(host, 'ls /var/lib/hailbook/ufw; ls -R /etc/systemd/system | grep hailbook || true')).toBe(
    'taken_back\n',
  );
});
