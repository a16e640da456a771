import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labUp, onHost, type Played, play, start } from './hailbook.ts';

const HOST = 'spark-master';
const folder = mkdtempSync(join(tmpdir(), 'hailbook-service-'));

/** A playbook of one task of the module `service`, its arguments as JSON, which is YAML. */
function playbook(args: Record<string, unknown>): string {
  const path = join(folder, 'service.yml');
  const tasks = [{ name: 'it', service: args }];
  writeFileSync(path, JSON.stringify([{ name: 'A service', hosts: HOST, become: true, tasks }], null, 2));
  return path;
}

const apply = (args: Record<string, unknown>): Promise<Played> => play(['run', playbook(args)]);
const check = (args: Record<string, unknown>): Promise<Played> => play(['check', playbook(args)]);

/** What `apply` came to: the task's status, or its error. */
function told({ errors, status }: Played): unknown {
  return errors[0] ?? status.it?.[HOST];
}

async function expectClean(args: Record<string, unknown>): Promise<void> {
  const again = await check(args);
  expect(told(again)).toBe('ok');
  expect(again.code).toBe(0);
}

const property = async (unit: string, name: string): Promise<string> =>
  (await onHost(HOST, `systemctl show -p ${name} --value ${unit}`)).trim();

async function until(what: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('it did not come to that within a minute');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Notes the content of its settings when it starts, and takes its time to stop. */
const SLOW_TO_STOP = `[Service]
ExecStart=/bin/sh -c 'cat /etc/hb-e2e.conf >/run/hb-e2e.seen; exec sleep 5000'
ExecStop=/bin/sleep 8
[Install]
WantedBy=multi-user.target
`;

/** systemd keeps what failed in mind, and for how long it had lived, also when its file is gone. */
async function cleanUp(): Promise<void> {
  await onHost(
    HOST,
    'systemctl stop "hb-e2e*"; systemctl reset-failed "hb-e2e*"; rm -rf /etc/systemd/system/hb-e2e* /etc/systemd/system/*.wants/hb-e2e* /etc/hb-e2e.conf; systemctl daemon-reload; loginctl disable-linger hbe2e; systemctl stop "user@$(id -u hbe2e)"; userdel -rf hbe2e; true',
  );
}

beforeAll(async () => {
  await labUp();
  await cleanUp();
});
afterAll(cleanUp);

describe('a service that does not stay', () => {
  it('dies after ten seconds: a failure, with what it said', async () => {
    const args = {
      name: 'hb-e2e-ten',
      state: 'started',
      unit: "[Service]\nExecStart=/bin/sh -c 'sleep 10; echo the thing is gone >&2; exit 7'\n",
    };
    const failed = await apply(args);
    expect(told(failed)).toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringContaining('hb-e2e-ten.service did not stay active: it is failed'),
      output: expect.arrayContaining(['the thing is gone', expect.stringContaining('status=7')]),
    });
    expect(failed.code).toBe(1);
    // It is no better the second time, and a check does not call it started.
    expect(told(await check(args))).toBe('changed');
  });

  it('one that says by itself that it is ready is not waited on for as long', async () => {
    const args = {
      name: 'hb-e2e-notify',
      state: 'started',
      unit: "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep 5000'\n",
    };
    expect(told(await apply(args))).toBe('changed');
    const began = Number(await property('hb-e2e-notify', 'ActiveEnterTimestampMonotonic'));
    const now = Number((await onHost(HOST, 'cut -d " " -f 1 /proc/uptime')).trim()) * 1e6;
    // Those that do not say it are held for 12 s.
    expect(now - began).toBeLessThan(11e6);
    await expectClean(args);
  });

  it('is ready and dies after ten seconds: a failure when it is started again', async () => {
    const args = {
      name: 'hb-e2e-later',
      state: 'started',
      unit: "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready; sleep 10; exit 7'\n",
    };
    expect(told(await apply(args))).toBe('changed');
    await until(async () => (await property('hb-e2e-later', 'ActiveState')) === 'failed');
    expect(told(await apply(args))).toMatchObject({ code: 'SERVICE_FAILED' });
  });

  it('does not start within its time: systemd goes on, and the next run waits for it', async () => {
    const args = {
      name: 'hb-e2e-slow',
      state: 'started',
      unit: "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'sleep 12; systemd-notify --ready; exec sleep 5000'\n",
    };
    expect(told(await apply({ ...args, timeout: 2 }))).toMatchObject({
      code: 'SERVICE_FAILED',
      message: 'hb-e2e-slow.service did not start within 2 s: it is activating (start, success)',
    });
    const process = await property('hb-e2e-slow', 'ExecMainPID');
    expect(told(await apply(args))).toBe('changed');
    // It is the same start: nothing was done again, also where its file was written in the second in which it began.
    expect(await property('hb-e2e-slow', 'ExecMainPID')).toBe(process);
    await expectClean(args);
  });
});

describe('a restart is not lost', () => {
  const args = {
    name: 'hb-e2e',
    state: 'started',
    enabled: true,
    unit: SLOW_TO_STOP,
    restart_on: ['/etc/hb-e2e.conf'],
    stable_seconds: 2,
  };
  const seen = async (): Promise<string> => (await onHost(HOST, 'cat /run/hb-e2e.seen')).trim();

  it('when the service does not start, and its settings are then mended', async () => {
    await onHost(HOST, 'echo one >/etc/hb-e2e.conf');
    expect(told(await apply(args))).toBe('changed');
    const broken = { ...args, unit: SLOW_TO_STOP.replace('exec sleep 5000', 'exit 4') };
    expect(told(await apply(broken))).toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringContaining('failed'),
    });
    expect(told(await apply(args))).toBe('changed');
    expect(await property('hb-e2e', 'ActiveState')).toBe('active');
    await expectClean(args);
  });

  it('when systemd does not accept another text: the service goes on with the old one', async () => {
    const process = await property('hb-e2e', 'MainPID');
    expect(told(await apply({ ...args, unit: '[Service]\nRestart=always\n' }))).toMatchObject({
      code: 'SERVICE_FAILED',
      message: 'systemd does not accept the settings of hb-e2e.service',
    });
    expect(await property('hb-e2e', 'MainPID')).toBe(process);
    expect(told(await apply(args))).toBe('changed');
    await expectClean(args);
  });

  it.each([
    ['while the old process stops', 'deactivating'],
    ['while the new one is watched', 'active'],
  ])('when hailbook is killed %s', async (_, state) => {
    await onHost(HOST, 'echo two >>/etc/hb-e2e.conf; sleep 1.1');
    const before = await property('hb-e2e', 'InvocationID');
    const other = state === 'active' ? `[ "$(of InvocationID)" != ${before} ]` : 'true';
    // The host itself watches: on a busy machine a look from here takes longer than what it is to catch.
    const watch = onHost(
      HOST,
      `of() { systemctl show -p "$1" --value hb-e2e; }; for i in $(seq 600); do if [ "$(of ActiveState)" = ${state} ] && ${other}; then exit 0; fi; sleep 0.1; done; exit 1`,
    );
    const run = start(['run', playbook(args)]);
    await watch;
    run.child.kill('SIGKILL');
    await run.done;
    const mended = await apply(args);
    expect(mended.errors).toEqual([]);
    expect(await seen()).toBe((await onHost(HOST, 'cat /etc/hb-e2e.conf')).trim());
    expect(await property('hb-e2e', 'ActiveState')).toBe('active');
    await expectClean(args);
  });

  it('when the settings change while it starts', async () => {
    await onHost(HOST, 'echo three >>/etc/hb-e2e.conf; (sleep 6; echo four >>/etc/hb-e2e.conf) >/dev/null 2>&1 &');
    await apply(args);
    await until(async () => (await onHost(HOST, 'tail -n 1 /etc/hb-e2e.conf')).trim() === 'four');
    await apply(args);
    expect(await seen()).toBe((await onHost(HOST, 'cat /etc/hb-e2e.conf')).trim());
    await expectClean(args);
  });
});

describe('what is no service of the host', () => {
  it('a socket gets another address while its service has the connections of the old one', async () => {
    const text = (port: number) => `[Socket]\nListenStream=127.0.0.1:${port}\n[Install]\nWantedBy=sockets.target\n`;
    const args = { name: 'hb-e2e-s.socket', state: 'started', enabled: true };
    await onHost(HOST, 'printf "[Service]\\nExecStart=/bin/sleep 5000\\n" >/etc/systemd/system/hb-e2e-s.service');
    expect(told(await apply({ ...args, unit: text(7991) }))).toBe('changed');
    await onHost(HOST, 'systemctl start hb-e2e-s.service');
    expect(told(await apply({ ...args, unit: text(7992) }))).toBe('changed');
    expect(await onHost(HOST, 'systemctl is-active hb-e2e-s.socket hb-e2e-s.service')).toBe('active\nactive\n');
    expect(await property('hb-e2e-s.socket', 'Listen')).toBe('127.0.0.1:7992 (Stream)');
    await expectClean({ ...args, unit: text(7992) });
  });

  it('a unit of an account: lingering is asked for, and it runs without a login', async () => {
    await onHost(HOST, 'useradd -m -s /bin/bash hbe2e');
    const args = {
      name: 'hb-e2e-own',
      user: 'hbe2e',
      state: 'started',
      enabled: true,
      unit: "[Service]\nExecStart=/bin/sh -c 'id -un; exec sleep 5000'\n[Install]\nWantedBy=default.target\n",
    };
    const refused = { code: 'SERVICE_FAILED', message: expect.stringContaining('hbe2e does not linger') };
    expect(told(await check(args))).toMatchObject(refused);
    expect(told(await apply(args))).toMatchObject(refused);
    expect(told(await apply({ ...args, linger: true }))).toBe('changed');
    expect(await onHost(HOST, 'ps -o args= -u hbe2e')).toContain('sleep 5000');
    expect(await onHost(HOST, 'stat -c "%U %a" /home/hbe2e/.config/systemd/user/hb-e2e-own.service')).toBe(
      'hbe2e 644\n',
    );
    await expectClean({ ...args, linger: true });

    const dies = {
      name: 'hb-e2e-bad',
      user: 'hbe2e',
      state: 'started',
      unit: "[Service]\nExecStart=/bin/sh -c 'echo no good; exit 4'\n",
    };
    expect(told(await apply(dies))).toMatchObject({
      code: 'SERVICE_FAILED',
      output: expect.arrayContaining(['no good', expect.stringContaining('status=4')]),
    });
  });

  it("an account's folder that leads elsewhere is not followed by root", async () => {
    await onHost(
      HOST,
      'rm -rf /home/hbe2e/.config; ln -s /etc /home/hbe2e/.config; chown -h hbe2e: /home/hbe2e/.config',
    );
    const args = { name: 'hb-e2e-own', user: 'hbe2e', unit: '[Service]\nExecStart=/bin/sleep 1\n' };
    expect(told(await apply(args))).toMatchObject({ code: expect.stringMatching(/STEP_FAILED|PATH_REFUSED/) });
    expect(await onHost(HOST, 'ls /etc/systemd/user')).not.toContain('hb-e2e');
  });
});
