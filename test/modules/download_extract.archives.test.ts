import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apply as applied, archive, FILE, LINK, Mirror, TOOL, TREE, tell, zip } from './archives.ts';
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

describe('download_extract, given a hostile archive', () => {
  it.each([
    ['an absolute path', 'echo x >a; tar -cPf - "$PWD/a"', 'absolute'],
    ['a path with ..', 'mkdir t; echo x >a; cd t; tar -cPf - ../a', '..'],
    ['a link to an absolute path', 'mkdir t; ln -s /etc t/x; tar -cf - t', 'outside'],
    ['a link above the top', 'mkdir -p t/a; ln -s ../../b t/a/x; tar -cf - t', 'outside'],
    ['a link that is above the top only without the first folder', 'mkdir t; ln -s ../t2 t/x; tar -cf - t', 'outside'],
    ['a way out through another link', 'mkdir -p t/d; ln -s .. t/d/a; ln -s d/a/../etc t/x; tar -cf - t', 'outside'],
    [
      'writing through a link',
      'mkdir t; ln -s /tmp t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar t/x/y; cat a.tar',
      'through a link',
    ],
    [
      'writing through a link to a folder of its own',
      'mkdir -p t/d; ln -s d t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar t/x/y; cat a.tar',
      'through a link',
    ],
    [
      'writing through a link whose name is written in another way',
      'mkdir -p t/d; ln -s d t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar ./t//x/./y; cat a.tar',
      'through a link',
    ],
    [
      'a link in the place of a folder',
      'mkdir -p t/x; echo x >t/x/y; tar -cf a.tar t; rm -r t/x; ln -s y t/x; tar -rf a.tar t/x; cat a.tar',
      'a folder too',
    ],
    [
      'a hard link to a file of the host',
      'mkdir t; echo x >t/a; ln t/a t/b; tar -cf - --transform="s,t/a,etc/passwd,hRS" t/a t/b',
      'a hard link to what is not in it',
    ],
    [
      'a hard link through a link',
      'mkdir -p t/d; echo x >t/d/a; ln -s d t/e; ln t/d/a t/f; tar -cf - --no-recursion --transform="s,t/d/a,t/e/a,hRS" t t/d t/d/a t/e t/f',
      'a hard link to what is not in it',
    ],
    ['a device', 'mkdir t; mkfifo t/p; tar -cf - t', 'neither a file'],
    [
      'a name with a line end',
      `mkdir t; touch "t/a
b"; tar -cf - t`,
      'line end',
    ],
    ['no archive', 'echo hello', 'damaged'],
    ['half an archive', `${TOOL} | head -c 200`, 'damaged'],
  ])('refuses %s', async (_, script, why) => {
    mirror.publish(archive(script));
    const refused = apply();
    await expect(refused).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE', message: expect.stringContaining(why) });
    expect(await sh('ls -A')).toBe('');
  });

  const tool = { name: 't/tool', content: 'x', mode: FILE };
  it.each([
    ['a path with ..', zip({ name: 't/../../x', mode: FILE }), 'a path with ..'],
    ['a path with .. of another system', zip({ name: 't\\..\\..\\x' }), 'a path with ..'],
    ['an absolute path', zip(tool, { name: '/etc/x', mode: FILE }), 'an absolute path'],
    ['a link to an absolute path', zip(tool, { name: 't/x', content: '/etc', mode: LINK }), 'leads outside'],
    ['a link above the top', zip(tool, { name: 't/a/x', content: '../../b', mode: LINK }), 'leads outside'],
    [
      'a way out through another link',
      zip(tool, { name: 't/d/a', content: '..', mode: LINK }, { name: 't/x', content: 'd/a/../etc', mode: LINK }),
      'leads outside',
    ],
    [
      'writing through a link',
      zip(tool, { name: 't/x', content: '/tmp', mode: LINK }, { name: 't/x/y', content: 'y', mode: FILE }),
      'through a link',
    ],
    ['the same name twice', zip(tool, tool), 'in it twice'],
    ['a link in the place of a file', zip(tool, { name: 't//tool', content: '.', mode: LINK }), 'in it twice'],
    ['a device', zip(tool, { name: 't/p', mode: 0o010644 }), 'neither a file'],
    ['a name with a line end', zip({ name: 't/a\nb', mode: FILE }), 'control character'],
    ['half of it', zip(tool, { name: 't/b', content: 'y'.repeat(99) }).subarray(0, 120), 'damaged'],
  ])('refuses %s in a zip archive', async (_, content, why) => {
    mirror.publish(content, 'tool-1.zip');
    await expect(apply({ url: `${mirror.base}/tool-1.zip` })).rejects.toMatchObject({
      code: 'ARCHIVE_UNSAFE',
      message: expect.stringContaining(why),
    });
    expect(await sh('ls -A')).toBe('');
  });

  const zeros = Buffer.alloc(5 * 2 ** 20);
  it.each([
    ['a decompression bomb', () => archive('mkdir t; head -c 50000000 /dev/zero >t/zeros; tar -czf - t'), 'max_size'],
    [
      'one that claims to be small and is not',
      () => zip({ name: 't/z', content: zeros, size: 10, mode: FILE }),
      'max_size',
    ],
    ['one in a zip archive', () => zip({ name: 't/z', content: zeros, mode: FILE }), 'max_size'],
    ['one of many small files', () => archive('mkdir t; seq -f t/%g 9000 | xargs touch; tar -czf - t'), 'max_size'],
    ['one with a hole', () => archive('mkdir t; truncate -s 5G t/hole; tar -czSf - t'), 'max_size'],
    [
      'one with a size that needs no content',
      () => archive('mkdir t; truncate -s 9T t/a; tar -cf - t 2>/dev/null | head -c 2048'),
      'max_size',
    ],
    [
      'one in the name of a file',
      () =>
        archive(
          'mkdir t; touch t/a; tar -cf - --pax-option="comment=$(head -c 99000 /dev/zero | tr "\\0" x)" --format=pax t | gzip',
        ),
      null,
    ],
  ])('unpacks no more than max_size: %s', async (_, content, why) => {
    mirror.publish(content());
    const applied = apply({ max_size: '4M' });
    if (why === null) return expect((await applied).outcome).toBe('changed');
    await expect(applied).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE', message: expect.stringContaining(why) });
    expect(await sh('ls -A')).toBe('');
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
