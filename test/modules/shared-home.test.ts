import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Module, Output, Step } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { MODULES } from '../../modules/index.ts';
import { makeHome } from '../../modules/user/home.ts';
import { makeKey } from '../../modules/user/key.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPWYJLqTJIq6NBw1oNezC8ICNIazPE68ck7N4vCsfq+K';

/**
 * A host on NFS, as far as one machine can be it. Root has no power over what is another's, as with root_squash. A lock on a folder
 * keeps nobody out, as between two NFS clients (flock(2)): only one on a file does.
 */
class NfsHost extends TempHost {
  constructor() {
    super(true);
    mkdirSync(`${this.tmp}/bin`);
    writeFileSync(`${this.tmp}/bin/flock`, NO_LOCK_ON_FOLDERS, { mode: 0o755 });
    writeFileSync(`${this.tmp}/bin/ssh-keygen`, SLOW, { mode: 0o755 });
  }

  override async run(script: string, stdin: Step['stdin'] = ''): Promise<Output> {
    const weak = sh`setpriv --bounding-set=-dac_override,-dac_read_search,-fowner -- /bin/sh -c ${script}`;
    return super.run(`PATH=${this.tmp}/bin:$PATH exec ${weak}`, stdin);
  }
}

const NO_LOCK_ON_FOLDERS = `#!/bin/sh
for fd; do :; done
[ -d "/proc/$$/fd/$fd" ] || exec /usr/bin/flock "$@"
`;

/** So that each of several has begun to make a key before one is there. */
const SLOW = `#!/bin/sh
case " $* " in *' -t '*) sleep 1 ;; esac
exec /usr/bin/ssh-keygen "$@"
`;

let host: TempHost;
beforeEach(() => {
  host = new NfsHost();
});
afterEach(() => host.close());

async function must(script: string): Promise<string> {
  const { code, stdout, stderr } = await host.run(script);
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return stdout.trim();
}

async function apply(module: string, args: Record<string, unknown>): Promise<unknown> {
  const found = MODULES.get(module) as Extract<Module, { kind: 'resource' }>;
  return (await applyResource(found, prepared(found, args), host)).outcome;
}

const atOnce = (scripts: readonly string[]): Promise<string[]> => Promise.all(scripts.map(must));

describe('a home whose server gives root no power', () => {
  beforeEach(async () => {
    await must('useradd -u 61001 -M hail; mkdir -m 700 /home/hail; chown 61001 /home/hail');
    expect((await host.run('ls /home/hail')).stderr).toContain('Permission denied');
  });

  it.each<[string, Record<string, unknown>]>([
    ['user', { name: 'hail', ssh_key: 'ed25519' }],
    ['authorized_key', { user: 'hail', key: KEY }],
    ['known_host', { user: 'hail', names: ['a'], keys: [KEY] }],
  ])('%s works in it, as its account', async (module, args) => {
    expect(await apply(module, args)).toBe('changed');
    expect(await apply(module, args)).toBe('ok');
    expect(await must('runuser -u hail -- stat -c "%a %U" /home/hail/.ssh')).toBe('700 hail');
  });

  it('a home that root cannot make is an error that says where it has to be made', async () => {
    await must('chmod 555 /home');
    await expect(apply('user', { name: 'jo' })).rejects.toThrow('root can make nothing in /home');
  });
});

describe('four hosts at once', () => {
  beforeEach(() => must('useradd -u 61001 -m hail'));

  it.each([
    ['ed25519', 3],
    ['rsa', 1],
  ] as const)('make one %s key', { timeout: 120_000 }, async (type, rounds) => {
    for (let round = 0; round < rounds; round++) {
      await must('runuser -u hail -- rm -rf /home/hail/.ssh');
      const told = sh`${raw(makeKey('hail', type))}\nrunuser -u hail -- cat /home/hail/.ssh/id_${raw(sh`${type}`)}.pub`;
      expect(new Set(await atOnce(Array(4).fill(told))).size, 'keys that the four were told').toBe(1);
      expect(await must('runuser -u hail -- ls -A /home/hail/.ssh')).toBe(`id_${type}\nid_${type}.pub`);
      const halves = `cd /home/hail/.ssh && cat id_${type}.pub && ssh-keygen -y -P "" -f id_${type}`;
      const [written, derived] = (await must(`runuser -u hail -- sh -c '${halves}'`)).split('\n');
      expect(written).toBe(derived);
    }
  });

  it('make one home, whole from the start', async () => {
    // Here root has its power: otherwise a home cannot be made at all.
    host.close();
    host = new TempHost(true);
    await must('useradd -u 61001 hail');
    await must('rm -rf /srv/x; mkdir /srv/x');
    // Whoever sees the home sees it with all its files, and as the account's.
    const watch = `until [ -e /srv/x/hail ]; do :; done; stat -c %u /srv/x/hail; runuser -u hail -- ls -A /srv/x/hail`;
    const [seen] = await atOnce([watch, ...Array(4).fill(makeHome('hail', '/srv/x/hail'))]);
    expect(seen).toBe(`61001\n${await must('ls -A /etc/skel')}`);
    expect(await must('ls -A /srv/x; runuser -u hail -- ls -A /srv/x/hail')).toBe(
      `hail\n${await must('ls -A /etc/skel')}`,
    );
  });

  it('write eight lines into one file, and none is lost', async () => {
    const module = MODULES.get('authorized_key') as Extract<Module, { kind: 'resource' }>;
    const keys = 'abcdefgh'.split('').map((letter) => KEY.replace(/.$/, letter));
    const steps = keys.flatMap((key) =>
      module.steps({ kind: 'create', after: {} }, prepared(module, { user: 'hail', key })),
    );
    const codes = await Promise.all(steps.map(async ({ script, stdin }) => (await host.run(script, stdin)).code));
    expect(codes).toEqual(keys.map(() => 0));
    expect((await must('runuser -u hail -- sort /home/hail/.ssh/authorized_keys')).split('\n')).toEqual(keys);
  });
});
