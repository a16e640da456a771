import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apply as applied, archive, FILE, LARGE, Mirror, sha, TOOL, tell, zip } from './archives.ts';
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

const args = (more: Record<string, unknown> = {}) => ({
  url: `${mirror.base}/tool-1.tgz`,
  checksum: 'sha512:{url}.sha512',
  dest: `${host.tmp}/tool`,
  retries: 0,
  ...more,
});
const apply = (more: Record<string, unknown> = {}) => applied(host, args(more));
const sh = (script: string) => tell(host, script);

describe('download_extract, on a host that lacks something', () => {
  const without = async (programs: string, more: Record<string, unknown>) => {
    await sh(`mkdir .bin; ln -s /usr/sbin/* /usr/bin/* .bin/ 2>/dev/null || :; cd .bin; rm -f ${programs}`);
    const poorer = {
      run: (text: string, stdin?: string) => host.run(`PATH=${host.tmp}/.bin; ${text}`, stdin),
      footprint: () => host.footprint(),
    };
    return applied(poorer as TempHost, args(more));
  };

  it('works with wget where there is no curl, and goes on there too', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    const part = `.tool.hailbook-work/part-sha512-${sha('sha512', content)}`;
    await sh('mkdir -m 700 .tool.hailbook-work');
    await host.run(`cat >${part}`, content.subarray(0, 1000).toString('latin1'));
    expect((await without('curl', { retries: 1 })).outcome).toBe('changed');
  });

  it.each([
    ['curl wget', 'tool.tgz', 'neither curl nor wget', TOOL],
    ['unzip', 'tool.zip', 'unzip is not on this host; on Debian it is in the package unzip', 'echo'],
    ['xz', 'tool.tar.xz', 'package xz-utils', 'echo'],
    ['bzip2', 'tool.tar.bz2', 'package bzip2', 'echo'],
    ['zstd', 'tool.tar.zst', 'package zstd', 'echo'],
  ])('names what is missing before it downloads: %s', async (programs, name, message, content) => {
    mirror.publish(archive(content), name);
    await expect(without(programs, { url: `${mirror.base}/${name}` })).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      message: expect.stringContaining(message),
    });
    expect(mirror.asked).toEqual([]);
  });

  it('names what is missing when only the archive tells', async () => {
    mirror.publish(archive('mkdir t; echo x >t/x; tar --xz -cf - t'));
    await expect(without('xz', {})).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  });

  it('hands a password to no program that would let others see it', async () => {
    mirror.publish(archive(TOOL));
    await expect(without('curl', { username: 'x', password: 'y' })).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
    expect(mirror.asked).toEqual([]);
  });

  describe('room', () => {
    beforeEach(() => {
      host.close();
      host = new TempHost(true);
    });
    const small = (options: string) => sh(`mkdir small; mount -t tmpfs -o ${options} small small`);

    it.each([
      ['for the archive', 'size=200k', () => archive(LARGE), 'is larger than what is free', 0],
      [
        'for what is in it',
        'size=2m',
        () => archive('mkdir t; head -c 9000000 /dev/zero >t/z; tar -czf - t'),
        'it takes 9 MiB',
        1,
      ],
      [
        'for what is in a zip archive',
        'size=2m',
        () => zip({ name: 't/z', content: Buffer.alloc(9e6), mode: FILE }),
        'it takes 9 MiB',
        1,
      ],
      [
        'for that many files',
        'size=9m,nr_inodes=30',
        () => archive('mkdir t; seq -f t/%g 99 | xargs touch; tar -cf - t'),
        'more can be made',
        1,
      ],
    ])('has no room %s, says so and leaves all as it was', async (_, options, content, message, parts) => {
      await small(options);
      mirror.publish(content());
      const refused = apply({ dest: `${host.tmp}/small/tool` });
      await expect(refused).rejects.toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining(message) });
      expect(await sh(`find ${host.tmp}/small -type f | wc -l; ls ${host.tmp}/small`)).toBe(String(parts));
    });

    it('has no room for an archive of the controller', async () => {
      await small('size=200k');
      const refused = applied(host, { src: archive(LARGE), dest: `${host.tmp}/small/tool` });
      await expect(refused).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(await sh(`ls -A ${host.tmp}/small`)).toBe('');
    });
  });
});
