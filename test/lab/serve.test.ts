import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstDamage, hashOf, manifestOf } from '../../lab/manifest.ts';
import { mirrorServer, parseRange } from '../../lab/serve.ts';

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hailbook-mirror-'));
  mkdirSync(join(folder, 'wheels'));
  mkdirSync(join(folder, 'spark/spark-3.5.9'), { recursive: true });
  writeFileSync(join(folder, 'wheels/numpy-2.0+cpu-cp311.whl'), '0123456789');
  writeFileSync(join(folder, 'spark/spark-3.5.9/a.tgz.sha512'), 'abc  a.tgz\n');
  const manifest = await manifestOf(folder);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'not-listed'), 'private');
  server = mirrorServer(folder);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const WHEEL = '/wheels/numpy-2.0%2Bcpu-cp311.whl';

/** A request whose path is sent as it is: fetch would resolve `..` before it is sent. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/`, { path }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

describe('the mirror', () => {
  it('sends a file whole, with its size and hash', async () => {
    const response = await fetch(url + WHEEL);
    expect(response.headers.get('content-length')).toBe('10');
    expect(response.headers.get('etag')).toBe(`"${await hashOf(join(folder, 'wheels/numpy-2.0+cpu-cp311.whl'))}"`);
    expect(await response.text()).toBe('0123456789');
  });

  it('answers HEAD without a body', async () => {
    const response = await fetch(url + WHEEL, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '10', '']);
  });

  it('goes on where a download was cut off', async () => {
    const response = await fetch(url + WHEEL, { headers: { range: 'bytes=7-' } });
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 7-9/10']);
    expect(await response.text()).toBe('789');
    expect((await fetch(url + WHEEL, { headers: { range: 'bytes=10-' } })).status).toBe(416);
    const other = await fetch(url + WHEEL, { headers: { range: 'bytes=7-', 'if-range': '"another"' } });
    expect(await other.text()).toBe('0123456789');
  });

  it.each(['/wheels', '/wheels/'])('lists links that pip can follow and check at %s', async (path) => {
    const page = await (await fetch(url + path)).text();
    const hash = await hashOf(join(folder, 'wheels/numpy-2.0+cpu-cp311.whl'));
    expect(page).toContain(`<a href="${WHEEL}#sha256=${hash}">numpy-2.0+cpu-cp311.whl</a>`);
  });

  it('lists folders', async () => {
    const page = await (await fetch(`${url}/`)).text();
    expect(page).toContain('<a href="/spark/">spark/</a>');
    expect(page).toContain('<a href="/wheels/">wheels/</a>');
  });

  it.each([
    '/../../etc/passwd',
    '/wheels/..%2f..%2fetc/passwd',
    '/not-listed',
    '/manifest.json',
    '/%zz',
    '/whee',
    '/none',
  ])('has nothing at %s', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  it('takes nothing', async () => {
    expect((await fetch(url + WHEEL, { method: 'PUT', body: 'x' })).status).toBe(405);
  });
});

describe('a range', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-99', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=-0', 'outside'],
    ['bytes=5-2', null],
    ['bytes=0-1,3-4', null],
    ['bytes=-', null],
    ['lines=1-2', null],
    [undefined, null],
  ])('%s', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });
});

it('a damaged, a shorter and a missing file are each found', async () => {
  const own = mkdtempSync(join(tmpdir(), 'hailbook-mirror-'));
  for (const name of ['a', 'b']) writeFileSync(join(own, name), `content of ${name}`);
  writeFileSync(join(own, 'manifest.json'), JSON.stringify(await manifestOf(own)));
  expect(await firstDamage(own)).toBeNull();
  writeFileSync(join(own, 'b'), 'content of c');
  expect(await firstDamage(own)).toBe('b');
  rmSync(join(own, 'a'));
  expect(await firstDamage(own)).toBe('a');
  rmSync(own, { recursive: true });
});
