import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../engine/plan/secret.ts';
import { downloadExtract } from '../../modules/download_extract/download_extract.ts';
import { apply, archive, half, LARGE, Mirror, sha, status, TOOL, tell, whole } from './archives.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

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

const get = (more: Record<string, unknown> = {}) =>
  apply(host, {
    url: `${mirror.base}/tool-1.tgz`,
    checksum: 'sha512:{url}.sha512',
    dest: `${host.tmp}/tool`,
    retries: 1,
    timeout: 2,
    ...more,
  });

const urls = (...paths: string[]): string[] => paths.map((path) => `${mirror.base}${path}`);

/** The first answers are these, all later ones the page itself. */
function first(path: string, ...answers: ReturnType<typeof status>[]): void {
  const page = mirror.pages.get(path) as Buffer;
  mirror.pages.set(path, (request, response) => {
    const next = answers.shift();
    if (next) next(request, response);
    else whole(page, request, response);
  });
}

describe('download_extract, where the mirror is broken', () => {
  it.each([500, 502, 503, 429, 408])('tries again after %i', async (code) => {
    mirror.publish(archive(TOOL));
    first('/tool-1.tgz', status(code));
    expect((await get()).outcome).toBe('changed');
    expect(mirror.asked.filter((path) => path === '/tool-1.tgz')).toHaveLength(2);
  });

  it.each([404, 403, 410])('asks no second time after %i, and says so', async (code) => {
    mirror.publish(archive(TOOL));
    mirror.pages.set('/tool-1.tgz', status(code));
    await expect(get({ retries: 5 })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining(`${mirror.base}/tool-1.tgz: `),
    });
    expect(mirror.asked).toEqual(['/tool-1.tgz.sha512', '/tool-1.tgz']);
    expect(await tell(host, 'ls -A')).toBe('');
  });

  it('gives up after as many tries as it is told, with longer and longer pauses', async () => {
    mirror.publish(archive(TOOL));
    mirror.pages.set('/tool-1.tgz', status(503));
    const began = Date.now();
    await expect(get({ retries: 2 })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('503'),
    });
    expect(Date.now() - began).toBeGreaterThan(3000);
    expect(mirror.asked.filter((path) => path === '/tool-1.tgz')).toHaveLength(3);
  }, 20_000);

  it('takes the next mirror at once, without a pause for the one that is out of order', async () => {
    const content = archive(TOOL);
    mirror.publish(content);
    mirror.pages.set('/a/tool-1.tgz', status(503));
    const began = Date.now();
    const url = ['http://127.0.0.1:9/tool-1.tgz', ...urls('/a/tool-1.tgz', '/tool-1.tgz')];
    expect((await get({ url, checksum: `sha256:${sha('sha256', content)}`, retries: 9 })).outcome).toBe('changed');
    expect(mirror.asked).toEqual(['/a/tool-1.tgz', '/tool-1.tgz']);
    expect(Date.now() - began).toBeLessThan(5000);
  });

  it('goes on where a connection broke off', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    first('/tool-1.tgz', half(content));
    expect((await get()).outcome).toBe('changed');
    expect(mirror.asked.filter((path) => path.startsWith('/tool-1.tgz'))).toEqual([
      '/tool-1.tgz.sha512',
      '/tool-1.tgz',
      '/tool-1.tgz.sha512',
      `/tool-1.tgz bytes=${content.length >> 1}-`,
    ]);
  });

  it('keeps what it has for the next run, which goes on there', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    mirror.pages.set('/tool-1.tgz', half(content));
    await expect(get({ retries: 0 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(await tell(host, 'stat -c %a .tool.hailbook-work; ls .tool.hailbook-work')).toBe(
      `700\npart-sha512-${sha('sha512', content)}`,
    );
    mirror.publish(content);
    expect((await get()).outcome).toBe('changed');
    expect(mirror.asked.at(-1)).toBe(`/tool-1.tgz bytes=${content.length >> 1}-`);
    expect(await tell(host, 'ls -A')).toBe('tool');
  });

  it('downloads nothing again that was complete', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    const sum = sha('sha256', content);
    await tell(host, 'mkdir -m 700 .tool.hailbook-work');
    const sent = await host.run(`cat >.tool.hailbook-work/part-sha256-${sum}`, content);
    expect(sent.code).toBe(0);
    expect((await get({ checksum: `sha256:${sum}` })).outcome).toBe('changed');
    expect(mirror.asked).toEqual([`/tool-1.tgz bytes=${content.length}-`]);
  });

  it('begins again when the half it has is of something else', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    mirror.pages.set('/a/tool-1.tgz', half(Buffer.alloc(content.length, 'x')));
    const url = urls('/a/tool-1.tgz', '/tool-1.tgz');
    expect((await get({ url, checksum: `sha256:${sha('sha256', content)}` })).outcome).toBe('changed');
    expect(mirror.asked.slice(-2)).toEqual([`/tool-1.tgz bytes=${content.length >> 1}-`, '/tool-1.tgz']);
  });

  it('begins again where a server knows no ranges', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    const all = (_: unknown, response: Parameters<typeof whole>[2]) => {
      response.writeHead(200, { 'content-length': content.length }).end(content);
    };
    first('/tool-1.tgz', half(content), all, all);
    expect((await get({ retries: 3 })).outcome).toBe('changed');
  });

  it('leaves a server that gives next to nothing', async () => {
    const content = archive(LARGE);
    mirror.publish(content);
    mirror.pages.set('/slow/tool-1.tgz', (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      const drip = setInterval(() => response.write('x'), 100);
      response.on('close', () => clearInterval(drip));
    });
    const url = urls('/slow/tool-1.tgz', '/tool-1.tgz');
    expect((await get({ url, checksum: `sha256:${sha('sha256', content)}` })).outcome).toBe('changed');
  }, 20_000);

  it('does not wait for ever for a server that says nothing at all', async () => {
    mirror.publish(archive(TOOL));
    mirror.pages.set('/tool-1.tgz', () => {});
    await expect(get({ retries: 0 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  }, 20_000);

  it.each([
    ['half a file that says it is all', (content: Buffer) => content.subarray(0, content.length >> 1)],
    ['another file', () => Buffer.from('sorry, we are down')],
  ])('unpacks nothing of %s', async (_, page) => {
    const content = archive(LARGE);
    mirror.publish(content);
    mirror.pages.set('/tool-1.tgz', page(content));
    await expect(get()).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    expect(await tell(host, 'ls -A')).toBe('');
  });

  it('is told nothing by a file of checksums without an end', async () => {
    mirror.publish(archive(TOOL));
    mirror.pages.set('/tool-1.tgz.sha512', (_, response) => {
      const flood = (): void => {
        while (response.write('0'.repeat(65536)));
      };
      response.on('drain', flood);
      flood();
    });
    await expect(get({ retries: 0 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(await tell(host, 'ls -A')).toBe('');
  });

  it('follows no redirection to another kind of address', async () => {
    mirror.publish(archive(TOOL));
    mirror.pages.set('/tool-1.tgz', (_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    });
    await expect(get({ retries: 0 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  });

  it('asks by a proxy, or by none although the environment names one', async () => {
    const content = archive(TOOL);
    const url = 'http://nowhere.invalid/tool-1.tgz';
    mirror.pages.set(url, content);
    const checksum = `sha256:${sha('sha256', content)}`;
    expect((await get({ url, checksum, proxy: mirror.base })).outcome).toBe('changed');
    expect(mirror.asked).toEqual([url]);
    mirror.publish(content);
    const elsewhere = {
      run: (script: string, stdin?: string) =>
        host.run(`http_proxy=http://127.0.0.1:9; export http_proxy; ${script}`, stdin),
      footprint: () => host.footprint(),
    } as TempHost;
    const args = { url: `${mirror.base}/tool-1.tgz`, checksum, dest: `${host.tmp}/other`, retries: 0 };
    await expect(apply(elsewhere, args)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect((await apply(elsewhere, { ...args, proxy: '' })).outcome).toBe('changed');
  });

  it('shows a password to the server, and to nobody else', async () => {
    const content = archive(TOOL);
    const seen: (string | undefined)[] = [];
    mirror.publish(content);
    const other = new Mirror();
    await other.open();
    other.pages.set('/tool-1.tgz', (request, response) => {
      seen.push(request.headers.authorization);
      whole(content, request, response);
    });
    let arguments_ = '';
    mirror.pages.set('/tool-1.tgz', async (request, response) => {
      seen.push(request.headers.authorization);
      arguments_ = (await host.run("cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' ' '")).stdout;
      response.writeHead(302, { location: `${other.base.replace('127.0.0.1', 'localhost')}/tool-1.tgz` }).end();
    });
    const args = prepared(downloadExtract, {
      url: `${mirror.base}/tool-1.tgz`,
      checksum: `sha256:${sha('sha256', content)}`,
      dest: `${host.tmp}/tool`,
      username: 'robot',
      password: 'x',
    });
    const password = new Secret('a "quoted" \\ pass:word');
    expect((await applyResource(downloadExtract, { ...args, password }, host)).outcome).toBe('changed');
    expect(seen).toEqual([`Basic ${Buffer.from('robot:a "quoted" \\ pass:word').toString('base64')}`, undefined]);
    expect(arguments_).toContain('curl');
    expect(arguments_).not.toContain('quoted');
    other.close();
  });
});
