import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../modules/wait_for/wait_for.ts';
import { applyAction } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

const host = new TempHost(false);
const servers: Server[] = [];
const sockets = new Set<Socket>();

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Keeps a connection open until the tests are over. */
function keep(socket: Socket): Socket {
  sockets.add(socket);
  socket.on('error', () => {});
  return socket;
}

const wait = (args: Record<string, unknown>, on: TempHost = host) =>
  applyAction(waitFor, prepared(waitFor, { timeout: 1, every: 0.2, ...args }), on);

let silent: number;
let greeting: number;
let web: number;
let tls: number;

beforeAll(async () => {
  silent = await listen(createServer(keep));
  greeting = await listen(createServer((socket) => keep(socket).write('220 mail.example.org ESMTP\r\n')));
  web = await listen(
    createWeb((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
      else if (request.url === '/away') response.writeHead(404).end('no such page');
      else response.end('status: green\nnodes: 3\n');
    }),
  );
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat(['-subj', '/CN=lab', '-addext', 'subjectAltName=IP:127.0.0.1'])
      .concat(['-keyout', 'key.pem', '-out', 'cert.pem']),
    { cwd: host.tmp, stdio: 'pipe' },
  );
  const file = (name: string) => readFileSync(join(host.tmp, name));
  tls = await listen(createTls({ key: file('key.pem'), cert: file('cert.pem') }, (_, response) => response.end('ok')));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  host.close();
});

/** A host on which one program is not installed. */
async function without(program: string): Promise<TempHost> {
  const folder = `${host.tmp}/.without-${program}`;
  const { code } = await host.run(
    `mkdir ${folder}; for d in /usr/bin /bin; do for p in $d/*; do case $p in */${program}) ;; *) ln -sf "$p" ${folder}/ ;; esac; done; done`,
  );
  expect(code).toBe(0);
  return { run: (script: string) => host.run(`PATH=${folder}; ${script}`) } as unknown as TempHost;
}

describe('wait_for on the network', () => {
  it('an open port on which nobody speaks is open at once', async () => {
    const begun = performance.now();
    await expect(wait({ port: silent })).resolves.toMatchObject({
      state: { seen: expect.stringContaining('is open') },
    });
    await wait({ port: silent });
    await wait({ port: silent });
    // Three looks; with a time-out of 2 s each they would take 6 s.
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  it('what a port says', async () => {
    await expect(wait({ port: greeting, matches: '^220 .* ESMTP$' })).resolves.toMatchObject({ outcome: 'done' });
    await expect(wait({ port: greeting, matches: '^SSH-' })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      message: expect.stringContaining('nothing that fits: 220 mail.example.org ESMTP'),
    });
    await expect(wait({ port: silent, matches: '.' })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });

  it('until nobody takes connections, and until nobody has one', async () => {
    const port = await listen(createServer(keep));
    const client = keep(connect(port, '127.0.0.1'));
    await new Promise((resolve) => client.once('connect', resolve));
    await expect(wait({ port, state: 'drained' })).rejects.toMatchObject({
      message: expect.stringMatching(/connections to port \d+: [12]$/),
    });
    await expect(wait({ port, state: 'absent' })).rejects.toMatchObject({
      message: expect.stringContaining('is open'),
    });
    servers.at(-1)?.close();
    await expect(wait({ port, state: 'absent' })).resolves.toMatchObject({ outcome: 'done' });
    await expect(wait({ port: 4, state: 'drained' })).resolves.toMatchObject({ outcome: 'done' });
  });

  it('one of several statuses, with a line that fits', async () => {
    const url = `http://127.0.0.1:${web}`;
    await expect(wait({ url: `${url}/away`, status: [200, 404] })).resolves.toMatchObject({ outcome: 'done' });
    await expect(wait({ url: `${url}/away`, status: [200, 500] })).rejects.toMatchObject({
      message: expect.stringContaining('HTTP status 404'),
    });
    await expect(wait({ url, matches: '^nodes: [3-9]$' })).resolves.toMatchObject({
      state: { seen: 'HTTP status 200, with a line that fits' },
    });
    await expect(wait({ url, matches: '^status: red' })).rejects.toMatchObject({
      message: expect.stringContaining('HTTP status 200, with no line that fits'),
    });
    await expect(wait({ url: `${url}/away`, state: 'absent' })).resolves.toMatchObject({ outcome: 'done' });
  });

  it.each(['curl', 'wget'])('by %s alone: redirections, certificates and a silent port', async (program) => {
    const only = await without(program === 'curl' ? 'wget' : 'curl');
    const url = `https://127.0.0.1:${tls}/`;
    await expect(wait({ url: `http://127.0.0.1:${web}/moved`, status: 302 }, only)).resolves.toBeDefined();
    await expect(wait({ url }, only)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    await expect(wait({ url, insecure: true }, only)).resolves.toMatchObject({ outcome: 'done' });
    await expect(wait({ url, ca_file: `${host.tmp}/cert.pem` }, only)).resolves.toMatchObject({ outcome: 'done' });
    const begun = performance.now();
    await expect(wait({ port: silent }, only)).resolves.toMatchObject({ outcome: 'done' });
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it('what a port says needs curl', async () => {
    await expect(wait({ port: greeting, matches: '220' }, await without('curl'))).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringContaining('can only be read by curl'),
    });
  });
});
