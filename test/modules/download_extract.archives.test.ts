import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apply as applied, archive, FILE, Mirror, TREE, tell, zip } from './archives.ts';
import { TempHost } from './host.ts';
import { HOSTILE_ARCHIVES } from './hostile-archives.ts';

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

describe('download_extract, given a hostile archive', () => {
  it.each(HOSTILE_ARCHIVES)('refuses $what', async ({ file, make, why }) => {
    mirror.publish(make(), file);
    await expect(apply({ url: `${mirror.base}/${file}`, max_size: '4M' })).rejects.toMatchObject({
      code: 'ARCHIVE_UNSAFE',
      message: expect.stringContaining(why),
    });
    expect(await sh('ls -A')).toBe('');
  });

  it('does not take a long comment for content', async () => {
    const comment = '--pax-option="comment=$(head -c 99000 /dev/zero | tr \\\\0 x)"';
    mirror.publish(archive(`mkdir t; touch t/a; tar -cf - --format=pax ${comment} t | gzip`));
    expect((await apply({ max_size: '4M' })).outcome).toBe('changed');
  });

  it('takes a zip archive that claims less than is in it for what it is', async () => {
    mirror.publish(zip({ name: 't/z', content: Buffer.alloc(100_000), size: 10, mode: FILE }));
    await expect(apply()).rejects.toMatchObject({
      code: 'ARCHIVE_UNSAFE',
      message: expect.stringContaining('more than it says'),
    });
  });

  it('gives nobody rights by an archive, such as setuid or to write to what others run', async () => {
    mirror.publish(archive('umask 0; mkdir -m 3777 t; echo x >t/a; chmod 6777 t/a; tar -cpf - t'), 'tool-1.tgz');
    await apply();
    expect(await sh(`stat -c %a "it's a tool" "it's a tool/a"`)).toBe('755\n755');
    mirror.publish(zip({ name: 't/a', mode: 0o106777 }), 'tool-2.zip');
    await apply({ url: `${mirror.base}/tool-2.zip` });
    expect(await sh(`stat -c %a "it's a tool" "it's a tool/a"`)).toBe('755\n755');
  });
});

describe('download_extract, given an archive', () => {
  const packed = (flags: string) => `${TREE}; tar ${flags} - tool-1`;
  it.each([
    ['tar', 'tool.tar', packed('-cf')],
    ['tar and gzip', 'tool.tgz', packed('-czf')],
    ['tar and bzip2', 'tool.tbz2', packed('--bzip2 -cf')],
    ['tar and xz', 'tool.tar.xz', packed('--xz -cf')],
    ['tar and zstd', 'tool.tar.zst', packed('--zstd -cf')],
    ['another one than its name says', 'tool.tar.gz', packed('--xz -cf')],
    ['tar with ./ before every name', 'tool.tar', `${TREE}; tar -cf - ./tool-1`, 2],
  ])('unpacks %s', async (_, name, script, strip = 1) => {
    mirror.publish(archive(script), name);
    expect((await apply({ url: `${mirror.base}/${name}`, strip })).outcome).toBe('changed');
    expect(
      await sh(`cd "it's a tool"; cat bin/run "it's \\$HOME/a b"; readlink go; stat -c %a bin/run; ls -d empty`),
    ).toBe('run\nx\nbin/run\n755\nempty');
  });
});
