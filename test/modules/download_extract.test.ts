import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apply as applied, archive, Mirror, sha, TOOL, tell } from './archives.ts';
import { TempHost } from './host.ts';

const mirror = new Mirror();
let host: TempHost;

beforeAll(() => mirror.open());
afterAll(() => mirror.close());
beforeEach(() => {
  host = new TempHost(false);
  mirror.pages.clear();
  mirror.asked.length = 0;
});
afterEach(() => host.close());

const apply = (more: Record<string, unknown> = {}) =>
  applied(host, {
    url: `${mirror.base}/tool-1.tgz`,
    checksum: 'sha512:{url}.sha512',
    dest: `${host.tmp}/it's a tool`,
    ...more,
  });

const sh = (script: string) => tell(host, script);

describe('download_extract', () => {
  it('unpacks, and finds nothing to do or to fetch the second time', async () => {
    mirror.publish(archive(TOOL));
    expect((await apply()).outcome).toBe('changed');
    expect(await sh(`cd "it's a tool"; ./go >/dev/null 2>&1 || cat go; cat "it's \\$HOME/a b"; ls -d empty`)).toContain(
      'x\nempty',
    );
    expect(await sh('ls -A')).toBe("it's a tool");
    mirror.asked.length = 0;
    expect((await apply()).outcome).toBe('ok');
    expect(mirror.asked).toEqual([]);
  });

  it('mends what is gone or truncated, and takes along what is not from the archive', async () => {
    mirror.publish(archive(TOOL));
    await apply();
    await sh(
      `cd "it's a tool"; : >bin/run; rm go; mkdir -p conf/deep logs; chmod 700 conf; echo mine >"conf/my settings"; ln -s /etc conf/etc`,
    );
    expect((await apply()).outcome).toBe('changed');
    expect(
      await sh(
        `cd "it's a tool"; cat bin/run "conf/my settings"; readlink go conf/etc; stat -c %a conf; ls -d conf/deep logs`,
      ),
    ).toBe('run\nmine\nbin/run\n/etc\n700\nconf/deep\nlogs');
    expect(await sh('ls -A')).toBe("it's a tool");
  });

  it('replaces another version and keeps what is not from either', async () => {
    mirror.publish(archive(TOOL));
    mirror.publish(archive('mkdir -p t/bin; echo two >t/bin/two; tar -cf - t'), 'tool-2.tar');
    await apply();
    await sh(`echo mine >"it's a tool/settings"`);
    expect((await apply({ url: `${mirror.base}/tool-2.tar` })).outcome).toBe('changed');
    expect(await sh(`cd "it's a tool"; find . -type f | sort`)).toBe('./.hailbook-archive\n./bin/two\n./settings');
  });

  it('goes on after it was cut off between the two renames', async () => {
    mirror.publish(archive(TOOL));
    await apply();
    await sh(
      `echo mine >"it's a tool/settings"; mkdir ".it's a tool.hailbook-work"; mv "it's a tool" ".it's a tool.hailbook-work/old"`,
    );
    expect((await apply()).outcome).toBe('changed');
    expect(await sh(`cat "it's a tool/settings"; ls -A`)).toBe("mine\nit's a tool");
  });

  it('takes the first address that has the right archive', async () => {
    const content = archive(TOOL);
    mirror.publish(content, 'b/tool-1.tgz');
    mirror.pages.set('/a/tool-1.tgz', 'something else');
    mirror.pages.set('/a/tool-1.tgz.sha512', `${sha('sha512', content)}\n`);
    const url = ['/none/tool-1.tgz', '/a/tool-1.tgz', '/b/tool-1.tgz'].map((path) => mirror.base + path);
    expect((await apply({ url })).outcome).toBe('changed');
  });

  const wrapped = (hash: string): string =>
    (hash.toUpperCase().match(/.{8}/g) ?? []).join(' ').replace(/(.{40}) /g, '$1\n   ');
  it.each([
    ['sha512sum', (hash: string) => `${hash}  tool-1.tgz\n`],
    ['binary mode, a folder, CR', (hash: string) => `${hash} *dist/tool-1.tgz\r\n`],
    [
      'one of many',
      (hash: string) => `${'0'.repeat(128)}  tool-1.tgz.asc\n${hash}  tool-1.tgz\n${'1'.repeat(128)}  other\n`,
    ],
    ['gpg --print-md, as Apache had it', (hash: string) => `tool-1.tgz: ${wrapped(hash)}\n`],
    ['BSD', (hash: string) => `SHA512 (tool-1.tgz) = ${hash}\n`],
    ['alone', (hash: string) => hash],
  ])('reads a file of checksums: %s', async (_, text) => {
    const content = archive(TOOL);
    mirror.publish(content);
    mirror.pages.set('/tool-1.tgz.sha512', text(sha('sha512', content)));
    expect((await apply()).outcome).toBe('changed');
  });

  it('takes a checksum from the playbook', async () => {
    const content = archive(TOOL);
    mirror.publish(content);
    expect((await apply({ checksum: `sha256:${sha('sha256', content).toUpperCase()}` })).outcome).toBe('changed');
    expect(mirror.asked).toEqual(['/tool-1.tgz']);
  });

  it.each([
    ['another content', () => `${'0'.repeat(128)}  tool-1.tgz\n`, 'CHECKSUM_MISMATCH'],
    ['no checksum of this file', () => `${'0'.repeat(128)}  a\n${'0'.repeat(128)}  b\n`, 'CHECKSUM_MISMATCH'],
    ['no checksums at all', () => undefined, 'DOWNLOAD_FAILED'],
  ])('unpacks nothing: %s', async (_, sums, code) => {
    mirror.publish(archive(TOOL));
    const text = sums();
    if (text === undefined) mirror.pages.delete('/tool-1.tgz.sha512');
    else mirror.pages.set('/tool-1.tgz.sha512', text);
    await expect(apply()).rejects.toMatchObject({ code });
    expect(await sh('ls -A')).toBe('');
  });

  it('leaves alone what it did not make', async () => {
    mirror.publish(archive(TOOL));
    await sh(`mkdir "it's a tool"; echo letter >"it's a tool/letter"`);
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await sh(`rm "it's a tool/letter"; rmdir "it's a tool"; mkdir real; ln -s real "it's a tool"`);
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await sh(`rm "it's a tool"; mkdir "it's a tool"`);
    expect((await apply()).outcome).toBe('changed');
  });
});
