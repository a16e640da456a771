import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../modules/wait_for/wait_for.ts';
import { applyAction } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

/** As Spark's master answers, in one line and in many. */
const STATE = {
  url: 'spark://spark-master:7077',
  workers: [
    { id: 'worker "1", [a]', cores: 2, state: 'ALIVE' },
    { id: 'w2', cores: 4, state: 'DEAD' },
  ],
  aliveworkers: 1,
  cores: 6,
  ok: true,
  nested: { a: { b: 'c d' } },
  none: null,
};

let server: Server;
let port: number;
let asked = 0;
const host = new TempHost(false);

beforeAll(async () => {
  server = createServer((request, response) => {
    asked++;
    if (request.url === '/soon') response.writeHead(asked < 3 ? 503 : 200).end();
    else if (request.url === '/long') response.end(JSON.stringify(STATE, null, 2));
    else response.writeHead(request.url === '/short' ? 200 : 404).end(JSON.stringify(STATE));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  host.close();
});

const wait = (args: Record<string, unknown>) =>
  applyAction(waitFor, prepared(waitFor, { timeout: 1, every: 0.2, ...args }), host);
const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

describe('wait_for', () => {
  it.each(['/short', '/long'])('a field of %s', async (path) => {
    for (const json of [
      { field: 'aliveworkers', equals: 1 },
      { field: 'aliveworkers', at_least: 1 },
      // A field of the same name stands within a list before it.
      { field: 'cores', equals: 6.0 },
      { field: 'workers.1.cores', at_least: 3.5 },
      { field: 'workers.1.state', equals: 'DEAD' },
      { field: 'workers.0.id', equals: 'worker \\"1\\", [a]' },
      { field: 'nested.a.b', equals: 'c d' },
      { field: 'ok', equals: true },
      { field: 'none', equals: 'null' },
    ]) {
      await expect(wait({ url: url(path), json }), json.field).resolves.toMatchObject({ outcome: 'done' });
    }
  });

  it.each([
    [{ field: 'aliveworkers', equals: 3 }, 'aliveworkers is 1, not 3'],
    [{ field: 'aliveworkers', at_least: 2 }, 'aliveworkers is 1, not at least 2'],
    [{ field: 'url', at_least: 0 }, 'url is spark://spark-master:7077, not at least 0'],
    [{ field: 'state', equals: 'ALIVE' }, 'there is no field state'],
    [{ field: 'workers', equals: 1 }, 'there is no field workers'],
    [{ field: "it's $(touch canary)", equals: 1 }, "there is no field it's $(touch canary)"],
  ])('%o does not fit', async (json, seen) => {
    await expect(wait({ url: url('/long'), json })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      message: expect.stringContaining(seen),
    });
  });

  it('a status', async () => {
    await expect(wait({ url: url('/nowhere'), status: 404 })).resolves.toMatchObject({ outcome: 'done' });
    await expect(wait({ url: url('/nowhere') })).rejects.toMatchObject({
      message: expect.stringContaining('HTTP status 404'),
    });
    await expect(wait({ url: 'http://127.0.0.1:4/' })).rejects.toMatchObject({
      message: expect.stringContaining('connect'),
    });
  });

  it('until it is as it should be', async () => {
    asked = 0;
    const { state } = await wait({ url: url('/soon'), timeout: 10 });
    expect(state).toMatchObject({ seen: 'HTTP status 200' });
    expect(asked).toBe(3);
  });

  it('a port', async () => {
    await expect(wait({ port })).resolves.toMatchObject({ state: { seen: `port ${port} of 127.0.0.1 is open` } });
  });

  it('with wget where there is no curl', async () => {
    const { code } = await host.run(
      'mkdir .bin; for d in /usr/bin /bin; do for p in $d/*; do case $p in */curl) ;; *) ln -sf "$p" .bin/ ;; esac; done; done',
    );
    expect(code).toBe(0);
    const only = { run: (script: string) => host.run(`PATH=${host.tmp}/.bin; ${script}`) } as unknown as TempHost;
    const by = (args: Record<string, unknown>) =>
      applyAction(waitFor, prepared(waitFor, { timeout: 1, every: 0.2, ...args }), only);
    await expect(by({ port })).resolves.toMatchObject({ outcome: 'done' });
    await expect(by({ port: 4 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    await expect(by({ url: url('/nowhere'), status: 404 })).resolves.toMatchObject({ outcome: 'done' });
    await expect(by({ url: url('/long'), json: { field: 'cores', equals: 6 } })).resolves.toMatchObject({
      outcome: 'done',
    });
    await expect(by({ url: 'http://127.0.0.1:4/' })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });
});
