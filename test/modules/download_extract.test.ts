import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { downloadExtract } from '../../modules/download_extract/download_extract.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

/** What the server answers by path; anything else is 404. Every request is counted. */
const pages = new Map<string, Buffer | string>();
const asked: string[] = [];
let server: Server;
let base: string;
let host: TempHost;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  host = new TempHost(false);
  pages.clear();
  asked.length = 0;
});
afterEach(() => host.close());

const sha = (algorithm: string, content: Buffer): string => createHash(algorithm).update(content).digest('hex');

/** A tar that a script makes in a fresh folder; it prints the archive. */
function archive(script: string): Buffer {
  return execFileSync('/bin/sh', ['-ec', `t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd "$t"; ${script}`], {
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const TOOL = `mkdir -p tool-1/bin 'tool-1/it'"'"'s $HOME' tool-1/empty
echo run >tool-1/bin/run; chmod 755 tool-1/bin/run; ln -s bin/run tool-1/go; ln tool-1/bin/run tool-1/bin/also
echo x >'tool-1/it'"'"'s $HOME/a b'; tar -czf - tool-1`;

function apply(more: Record<string, unknown> = {}) {
  const args = { url: `${base}/tool-1.tgz`, checksum: 'sha512:{url}.sha512', dest: `${host.tmp}/it's a tool`, ...more };
  return applyResource(downloadExtract, prepared(downloadExtract, args), host);
}

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await host.run(`set -e\n${script}`);
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return stdout.trim();
}

function publish(content: Buffer, name = 'tool-1.tgz'): void {
  pages.set(`/${name}`, content);
  pages.set(`/${name}.sha512`, `${sha('sha512', content)}  ${name}\n`);
}

describe('download_extract', () => {
  it('unpacks, and finds nothing to do or to fetch the second time', async () => {
    publish(archive(TOOL));
    expect((await apply()).outcome).toBe('changed');
    expect(await sh(`cd "it's a tool"; ./go >/dev/null 2>&1 || cat go; cat "it's \\$HOME/a b"; ls -d empty`)).toContain(
      'x\nempty',
    );
    expect(await sh('ls -A')).toBe("it's a tool");
    asked.length = 0;
    expect((await apply()).outcome).toBe('ok');
    expect(asked).toEqual([]);
  });

  it('mends what is gone or truncated, and takes along what is not from the archive', async () => {
    publish(archive(TOOL));
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
    publish(archive(TOOL));
    publish(archive('mkdir -p t/bin; echo two >t/bin/two; tar -cf - t'), 'tool-2.tar');
    await apply();
    await sh(`echo mine >"it's a tool/settings"`);
    expect((await apply({ url: `${base}/tool-2.tar` })).outcome).toBe('changed');
    expect(await sh(`cd "it's a tool"; find . -type f | sort`)).toBe('./.hailbook-archive\n./bin/two\n./settings');
  });

  it('goes on after it was cut off between the two renames', async () => {
    publish(archive(TOOL));
    await apply();
    await sh(
      `echo mine >"it's a tool/settings"; mkdir ".it's a tool.hailbook-work"; mv "it's a tool" ".it's a tool.hailbook-work/old"`,
    );
    expect((await apply()).outcome).toBe('changed');
    expect(await sh(`cat "it's a tool/settings"; ls -A`)).toBe("mine\nit's a tool");
  });

  it('takes the first address that has the right archive', async () => {
    const content = archive(TOOL);
    publish(content, 'b/tool-1.tgz');
    pages.set('/a/tool-1.tgz', 'something else');
    pages.set('/a/tool-1.tgz.sha512', `${sha('sha512', content)}\n`);
    const url = ['/none/tool-1.tgz', '/a/tool-1.tgz', '/b/tool-1.tgz'].map((path) => base + path);
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
    publish(content);
    pages.set('/tool-1.tgz.sha512', text(sha('sha512', content)));
    expect((await apply()).outcome).toBe('changed');
  });

  it('takes a checksum from the playbook', async () => {
    const content = archive(TOOL);
    publish(content);
    expect((await apply({ checksum: `sha256:${sha('sha256', content).toUpperCase()}` })).outcome).toBe('changed');
    expect(asked).toEqual(['/tool-1.tgz']);
  });

  it.each([
    ['another content', () => `${'0'.repeat(128)}  tool-1.tgz\n`, 'CHECKSUM_MISMATCH'],
    ['no checksum of this file', () => `${'0'.repeat(128)}  a\n${'0'.repeat(128)}  b\n`, 'CHECKSUM_MISMATCH'],
    ['no checksums at all', () => undefined, 'DOWNLOAD_FAILED'],
  ])('unpacks nothing: %s', async (_, sums, code) => {
    publish(archive(TOOL));
    const text = sums();
    if (text === undefined) pages.delete('/tool-1.tgz.sha512');
    else pages.set('/tool-1.tgz.sha512', text);
    await expect(apply()).rejects.toMatchObject({ code });
    expect(await sh('ls -A')).toBe('');
  });

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
    publish(archive(script));
    const refused = apply();
    await expect(refused).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE', message: expect.stringContaining(why) });
    expect(await sh('ls -A')).toBe('');
  });

  it('leaves alone what it did not make', async () => {
    publish(archive(TOOL));
    await sh(`mkdir "it's a tool"; echo letter >"it's a tool/letter"`);
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await sh(`rm "it's a tool/letter"; rmdir "it's a tool"; mkdir real; ln -s real "it's a tool"`);
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await sh(`rm "it's a tool"; mkdir "it's a tool"`);
    expect((await apply()).outcome).toBe('changed');
  });

  it('works with wget where there is no curl', async () => {
    publish(archive(TOOL));
    // All programs but curl.
    await sh(
      'mkdir .bin; for d in /usr/bin /bin /usr/sbin; do for p in $d/*; do case $p in */curl) ;; *) ln -sf "$p" .bin/ ;; esac; done; done',
    );
    const only = {
      run: (script: string, stdin?: string) => host.run(`PATH=${host.tmp}/.bin; ${script}`, stdin),
      footprint: () => host.footprint(),
    };
    const args = prepared(downloadExtract, {
      url: `${base}/tool-1.tgz`,
      checksum: 'sha512:{url}.sha512',
      dest: `${host.tmp}/tool`,
    });
    expect((await applyResource(downloadExtract, args, only as TempHost)).outcome).toBe('changed');
  });
});
