import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Files } from '../../engine/load/files.ts';
import { sh as script_ } from '../../engine/plan/sh.ts';
import { requestBytes } from '../../engine/transport/protocol.ts';
import { downloadExtract } from '../../modules/download_extract/download_extract.ts';
import { apply as applied, archive, FILE, LARGE, Mirror, sha, TOOL, tell, whole, zip } from './archives.ts';
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

const args = (more: Record<string, unknown> = {}) => ({
  url: `${mirror.base}/tool-1.tgz`,
  checksum: 'sha512:{url}.sha512',
  dest: `${host.tmp}/tool`,
  retries: 0,
  ...more,
});
const apply = (more: Record<string, unknown> = {}) => applied(host, args(more));
const sh = (script: string) => tell(host, script);

/** The script that a run would send now. */
function script(more: Record<string, unknown> = {}): string {
  const given = prepared(downloadExtract, args(more)) as Parameters<typeof downloadExtract.steps>[1];
  const [step] = downloadExtract.steps({ kind: 'create', after: {} }, given);
  return step?.script ?? '';
}

const alone = () => ({ cwd: host.tmp, env: { LC_ALL: 'C', PATH: process.env.PATH } });

/** A mirror that gives all but the last byte, until `release`. */
function held(content: Buffer): { reached: Promise<void>; release(): void } {
  let reach = (): void => {};
  let release = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  mirror.publish(content);
  mirror.pages.set('/tool-1.tgz', (request, response) => {
    if (request.headers.range) return whole(content, request, response);
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, -1), reach);
    released.then(() => response.end(content.subarray(-1)));
  });
  return { reached, release };
}

describe('download_extract, cut off', () => {
  it('waits for a lost run that is still at work, and finds it done', async () => {
    const content = archive(LARGE);
    const slow = held(content);
    const lost = host.run(script());
    await slow.reached;
    const second = host.run(script());
    await new Promise((resolve) => setTimeout(resolve, 500));
    slow.release();
    expect(await lost).toMatchObject({ code: 0 });
    expect(await second).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/waiting for another run[\s\S]*another run has made it/),
    });
    expect(mirror.asked.filter((path) => path.startsWith('/tool-1.tgz') && !path.includes('sha'))).toHaveLength(1);
    expect((await apply()).outcome).toBe('ok');
    expect(await sh('ls -A')).toBe('tool');
  });

  it('says before that a lost run is still at work', async () => {
    const content = archive(TOOL);
    mirror.publish(content);
    await apply();
    await sh('mkdir -m 700 .tool.hailbook-work');
    expect(await applied(host, args())).toMatchObject({ outcome: 'changed', state: { unfinished: false } });
    expect(await sh('ls -A')).toBe('tool');
  });

  it('goes on when nobody reads any more what it says', async () => {
    const content = archive(LARGE);
    const slow = held(content);
    const child = spawn('/bin/sh', ['-c', script()], { ...alone(), stdio: ['ignore', 'pipe', 'pipe'] });
    await slow.reached;
    child.stdout.destroy();
    child.stderr.destroy();
    slow.release();
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect((await apply()).outcome).toBe('ok');
  });

  it('leaves nothing half done when it is killed, and nothing at all after the next run', async () => {
    const two = archive('mkdir t; echo two >t/two; head -c 300000 /dev/urandom >t/noise; tar -czf - t');
    mirror.publish(archive(TOOL));
    await apply();
    const slow = held(two);
    const child = spawn('/bin/sh', ['-c', script()], { ...alone(), detached: true, stdio: 'ignore' });
    await slow.reached;
    await sh('until [ -s .tool.hailbook-work/part-* ]; do sleep 0.1; done');
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    expect(await sh('cat tool/bin/run; ls -A')).toBe('run\n.tool.hailbook-work\ntool');
    const checksum = `sha512:${sha('sha512', two)}`;
    expect((await apply({ checksum })).outcome).toBe('changed');
    expect(mirror.asked.at(-1)).toMatch(/^\/tool-1.tgz bytes=[1-9]/);
    expect(await sh('cat tool/two; ls -A')).toBe('two\ntool');
  });

  it.each([0, 40, 80, 120, 160, 200, 250, 300, 400])(
    'has the old content or the new when it is killed after %i ms',
    async (moment) => {
      mirror.publish(archive(TOOL));
      await apply();
      await sh('echo mine >tool/settings');
      const two = archive('mkdir -p t/many; seq -f t/many/%g 300 | xargs touch; echo two >t/two; tar -czf - t');
      mirror.publish(two);
      const checksum = `sha512:${sha('sha512', two)}`;
      const child = spawn('/bin/sh', ['-c', script({ checksum })], { ...alone(), detached: true, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, moment));
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It had ended before.
      }
      await ended;
      // In the moment between the two renames there is neither.
      const there = await sh(
        'if [ -e tool/two ]; then ls tool/many | wc -l; elif [ -e tool ]; then cat tool/bin/run; else ls -d .tool.hailbook-work/old; fi',
      );
      expect(there).toMatch(/^(300|run|\.tool\.hailbook-work\/old)$/);
      expect((await apply({ checksum })).outcome).toMatch(/changed|ok/);
      expect(await sh('ls tool/many | wc -l; cat tool/settings; ls -A')).toBe('300\nmine\ntool');
    },
  );

  it('cleans up what was left long ago for a folder that nobody asks for any more, and only that', async () => {
    mirror.publish(archive(TOOL));
    await sh(`mkdir .a.hailbook-work .b.hailbook-work .c.hailbook-work .c.hailbook-work/old .d.hailbook-work
      echo x >.a.hailbook-work/part-x
      touch -d '8 days ago' .a.hailbook-work .c.hailbook-work .d.hailbook-work`);
    await host.run(`flock .d.hailbook-work /bin/sh -c ${JSON.stringify('sleep 3 >/dev/null 2>&1 &')}`);
    await apply();
    expect(await sh('ls -A')).toBe('.b.hailbook-work\n.c.hailbook-work\n.d.hailbook-work\ntool');
  });

  it('touches no folder of that name that somebody else made', async () => {
    mirror.publish(archive(TOOL));
    await sh('mkdir .tool.hailbook-work; chown nobody .tool.hailbook-work; echo x >.tool.hailbook-work/old');
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await sh('rm -r .tool.hailbook-work; mkdir other; ln -s other .tool.hailbook-work');
    await expect(apply()).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    expect(await sh('ls -A other')).toBe('');
  });
});

describe('download_extract', () => {
  it('unpacks an archive of the controller, and again only another one', async () => {
    const one = { src: archive('mkdir t; echo one >t/one; tar -cf - t'), dest: `${host.tmp}/tool` };
    expect(await applied(host, one)).toMatchObject({
      outcome: 'changed',
      state: { checksum: `sha256:${sha('sha256', one.src)}` },
    });
    expect((await applied(host, one)).outcome).toBe('ok');
    const two = { ...one, src: zip({ name: 't/two', content: 'two', mode: FILE }) };
    expect((await applied(host, two)).outcome).toBe('changed');
    expect(await sh('ls tool; ls -A')).toBe('two\ntool');
  });

  it('holds an archive of the controller once, as it was read', () => {
    const file = join(host.tmp, 'big.tar');
    writeFileSync(file, archive(LARGE));
    const files = new Files();
    const [one, two] = [1, 2].map(() => files.bytes(file, 'big.tar', { file: 'site.yml', line: 1, column: 1 }));
    const bytes = one?.content as Uint8Array;
    expect(two?.content).toBe(bytes);
    const given = { ...prepared(downloadExtract, { src: 'x', dest: '/opt/x' }), src: one } as never;
    const [step] = downloadExtract.steps({ kind: 'create', after: {} }, given);
    expect(step?.stdin).toBe(bytes);
    const [, , sent] = requestBytes('sync', 'token', [
      { script: script_`:`, stdin: step?.stdin ?? '', group: 0, timeout: 1 },
    ]);
    expect(sent?.buffer).toBe(bytes.buffer);
  });

  it('keeps several versions beside each other, and switches a link when the new one is complete', async () => {
    const link = `${host.tmp}/current`;
    mirror.publish(archive(TOOL));
    mirror.publish(archive('mkdir t; echo two >t/two; tar -cf - t'), 'tool-2.tar');
    const one = { dest: `${host.tmp}/tool-1`, link };
    const two = { dest: `${host.tmp}/tool-2`, link, url: `${mirror.base}/tool-2.tar` };
    expect(await apply(one)).toMatchObject({ outcome: 'changed', state: { link: one.dest } });
    mirror.pages.set('/tool-2.tar.sha512', '0'.repeat(128));
    await expect(apply(two)).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    expect(await sh('cat current/bin/run')).toBe('run');
    mirror.publish(archive('mkdir t; echo two >t/two; tar -cf - t'), 'tool-2.tar');
    await apply(two);
    expect(await sh('cat current/two tool-1/bin/run')).toBe('two\nrun');
    // Back again: without a download.
    mirror.asked.length = 0;
    expect((await apply(one)).outcome).toBe('changed');
    expect(mirror.asked).toEqual([]);
    expect(await sh('readlink current')).toBe(one.dest);
    // The old version goes, the link that leads elsewhere stays.
    expect((await applied(host, { dest: two.dest, link, state: 'absent' })).outcome).toBe('changed');
    expect(await sh('ls -A')).toBe('current\ntool-1');
    expect((await applied(host, { dest: one.dest, link, state: 'absent' })).outcome).toBe('changed');
    expect((await applied(host, { dest: one.dest, link, state: 'absent' })).outcome).toBe('ok');
    expect(await sh('ls -A')).toBe('');
  });

  it('replaces no file by a link, and removes no folder that it did not make', async () => {
    mirror.publish(archive(TOOL));
    await sh('echo x >current; mkdir mine; echo x >mine/x');
    await expect(apply({ link: `${host.tmp}/current` })).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    await expect(applied(host, { dest: `${host.tmp}/mine`, state: 'absent' })).rejects.toMatchObject({
      code: 'PATH_REFUSED',
    });
    expect(await sh('ls -A')).toBe('current\nmine');
  });

  it('sees another content only when it is to look for it', async () => {
    mirror.publish(archive(TOOL));
    await apply();
    const spoil = 'echo RUN >tool/bin/run; ln -sfn bin/RUN tool/go';
    await sh(spoil);
    expect((await apply()).outcome).toBe('ok');
    expect(await apply({ verify: 'content' })).toMatchObject({
      outcome: 'changed',
      state: { damaged: [], verify: 'content' },
    });
    expect(await sh('cat tool/go')).toBe('run');
    expect((await apply({ verify: 'content' })).outcome).toBe('ok');
    await sh(`${spoil}; echo mine >tool/settings; ln -s x tool/link`);
    expect((await apply({ verify: 'content' })).outcome).toBe('changed');
    expect(await sh('cat tool/go tool/settings; ls -A tool | wc -l')).toBe('run\nmine\n8');
  });

  it("adopts nothing through a link that a folder's owner plants at the right moment", async () => {
    mirror.publish(archive(TOOL));
    await apply({ owner: 'nobody' });
    // A hand in the middle: `comm` runs after the list was made and before anything is taken along.
    await sh(`mkdir tool/conf secret .bin; echo mine >tool/conf/passwd; echo x >secret/passwd; : >tool/bin/run
      printf '#!/bin/sh\\nrm -rf tool/conf; ln -s %s/secret tool/conf; exec /usr/bin/comm "$@"\\n' "$PWD" >.bin/comm; chmod 755 .bin/comm`);
    const raced = {
      run: (text: string, stdin?: string) => host.run(`PATH=${host.tmp}/.bin:$PATH; ${text}`, stdin),
      footprint: () => host.footprint(),
    };
    expect((await applied(raced as TempHost, args({ owner: 'nobody' }))).outcome).toBe('changed');
    expect(await sh('find tool -name passwd; stat -c %h secret/passwd')).toBe('1');
  });

  it('works in the folder of an account as that account', async () => {
    mirror.publish(archive(TOOL));
    await sh('chmod 755 .; mkdir home; chown nobody:nogroup home');
    expect(await apply({ dest: `${host.tmp}/home/tool` })).toMatchObject({
      outcome: 'changed',
      state: { owner: 'nobody' },
    });
    expect(await sh('find home ! -user nobody; ls -A home')).toBe('tool');
  });
});
