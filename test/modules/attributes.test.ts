import { afterEach, beforeEach, expect, it } from 'vitest';
import { copy } from '../../modules/copy/copy.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

/** What the kernel knows of a file beside owner and mode. Set and read by tar, the only tool for it that every Debian has. */
let host: TempHost;
beforeEach(async () => {
  host = new TempHost(false);
  await host.run(`chmod 755 ${host.tmp}`);
});
afterEach(() => host.close());

const write = (args: Record<string, unknown>) =>
  applyResource(copy, prepared(copy, { content: 'new\n', dest: `${host.tmp}/a`, ...args }), host);

const record = (text: string): string => {
  let length = text.length + 2;
  while (String(length).length + text.length + 2 > length) length++;
  return `${length} ${text}\n`;
};

interface Made {
  readonly name?: string;
  readonly type?: string;
  readonly mode?: string;
  readonly uid?: number;
}

/** One file or folder as a tar with these pax records (POSIX.1-2017, pax, "ustar Interchange Format"). */
function archive(records: Record<string, string>, { name = 'a', type = '0', mode = '640', uid = 0 }: Made): Uint8Array {
  const block = (of: string, kind: string, body: string): string => {
    const fields = [
      of.padEnd(100, '\0'),
      `${mode.padStart(7, '0')}\0`,
      `${uid.toString(8).padStart(7, '0')}\0`,
      '0000000\0',
      `${body.length.toString(8).padStart(11, '0')}\0`,
      '00000000000\0',
    ];
    const [before, after] = [fields.join(''), `${kind}${'\0'.repeat(100)}ustar\x0000`];
    const sum = [...`${before}        ${after}`].reduce((total, letter) => total + letter.charCodeAt(0), 0);
    const header = `${before}${sum.toString(8).padStart(6, '0')}\0 ${after}`.padEnd(512, '\0');
    return header + body.padEnd(Math.ceil(body.length / 512) * 512, '\0');
  };
  const pax = Object.entries(records)
    .map(([key, value]) => record(`${key}=${value}`))
    .join('');
  return Buffer.from(
    `${block('p', 'x', pax)}${block(name, type, type === '0' ? 'old\n' : '')}${'\0'.repeat(1024)}`,
    'latin1',
  );
}

async function unpack(records: Record<string, string>, made: Made = {}): Promise<void> {
  const { code, stderr } = await host.run(
    "tar -x -p --same-owner --acls --xattrs --xattrs-include='*' -f -",
    archive(records, made),
  );
  if (code !== 0) throw new Error(stderr);
}

/** The pax records that tar would keep of a file. */
async function attributes(file = 'a'): Promise<string> {
  const { stdout } = await host.run(
    `tar -c --format=pax --acls --xattrs --xattrs-include='*' -f - ${file} | tr '\\n' ' ' | tr -d '\\0'`,
  );
  return stdout;
}

const ACL = 'user::rw-,user:games:rw-,group::r--,mask::rw-,other::---';

it('an ACL, an SELinux context and other attributes stay when the text changes, a capability does not', async () => {
  await unpack({
    'SCHILY.acl.access': ACL,
    'SCHILY.xattr.security.selinux': 'system_u:object_r:etc_t:s0\0',
    'SCHILY.xattr.user.note': 'hello',
  });
  await host.run('setcap cap_net_raw+ep a');
  const before = await attributes();
  expect(before).toContain('user:games:rw-');
  expect(before).toContain('security.capability');
  expect((await write({ mode: '0660', backup: true })).outcome).toBe('changed');
  const after = await attributes();
  for (const kept of ['user:games:rw-', 'system_u:object_r:etc_t:s0', 'user.note=hello']) expect(after).toContain(kept);
  expect(after).not.toContain('security.capability');
  expect((await host.run('cat a; stat -c %a a')).stdout).toBe('new\n660\n');
  // What was there is itself still, under another name.
  expect(await attributes('a.*~')).toContain('security.capability');
});

it('a mode that leaves the group nothing leaves nothing to those whom the ACL names', async () => {
  await unpack({ 'SCHILY.acl.access': ACL });
  await write({ mode: '0600' });
  expect(await attributes()).toMatch(/user:games:rw-.*mask::---/);
  expect((await host.run('runuser -u games -- cat a')).code).not.toBe(0);
});

it('an ACL that another account has made does not stay on a file that is no longer its own', async () => {
  await unpack({ 'SCHILY.acl.access': ACL }, { mode: '660', uid: 5 });
  expect((await host.run('stat -c %U a')).stdout).toBe('games\n');
  await write({ owner: 'root', group: 'root', mode: '0660' });
  expect(await attributes()).not.toContain('games');
  await unpack({ 'SCHILY.acl.access': ACL }, { mode: '660', uid: 5 });
  await write({ mode: '0660' });
  expect(await attributes()).toContain('user:games:rw-');
});

it('a new file gets what its folder hands down, as far as its mode allows', async () => {
  await unpack({ 'SCHILY.acl.default': ACL }, { name: 'd', type: '5', mode: '755' });
  expect((await write({ dest: `${host.tmp}/d/a`, mode: '0640' })).outcome).toBe('changed');
  expect(await attributes('d/a')).toMatch(/user:games:rw-.*mask::r--/);
  await host.run('chmod o+rx d');
  expect((await host.run('runuser -u games -- cat d/a')).stdout).toBe('new\n');
  expect((await write({ dest: `${host.tmp}/d/b`, mode: '0600' })).outcome).toBe('changed');
  expect((await host.run('runuser -u games -- cat d/b')).code).not.toBe(0);
});
