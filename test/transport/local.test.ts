// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Secret } from '../../engine/plan/secret.ts';
import type { Connection, WireRecord } from '../../engine/transport/connection.ts';
import { createConnect } from '../../engine/transport/index.ts';
import { requestBytes, shellCommand } from '../../engine/transport/protocol.ts';
import { record as anyRecord } from './ask.ts';

const dir = mkdtempSync(join(tmpdir(), 'hailbook-local-'));
afterAll(() => rmSync(dir, { recursive: true }));

const connect = createConnect({
  knownHosts: [],
  hostKeys: 'strict',
  connectTimeout: 5,
  prompts: { passphrase: () => Promise.reject(new Error('nothing is to be asked')) },
});

let connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections) connection.close();
  connections = [];
});

async function local(): Promise<Connection> {
  const connection = await connect({ name: 'here', address: '127.0.0.1', port: 22, connection: 'local', vars: {} });
  connections.push(connection);
  return connection;
}

let groups = 0;
/** A record in a group of its own, unless told otherwise. */
function record(script: string, rest: Partial<WireRecord> = {}): WireRecord {
  groups += 1;
  return anyRecord(script, { group: groups, ...rest });
}

async function ask(...records: WireRecord[]) {
  return (await local()).ask(null, records);
}

const ok = (stdout: string) => ({ code: 0, stdout, stderr: '', skipped: false });

describe('records', () => {
  test('none costs nothing', async () => {
    const connection = await local();
    expect(await connection.ask(null, [])).toEqual([]);
    expect([connection.requests, connection.shells]).toEqual([0, 0]);
  });

  test('output comes back as it was, on both streams', async () => {
    const replies = await ask(record('printf "no newline"'), record('echo a; echo b >&2'), record(':'));
    expect(replies).toEqual([ok('no newline'), { ...ok('a\n'), stderr: 'b\n' }, ok('')]);
  });

  test('every way to fail stays inside its record', async () => {
    const scripts = [
      'exit 7',
      'if',
      'set -e; false; echo on',
      'exec >&-; echo x',
      'readonly A=1; A=2',
      'cd /tmp; umask 0',
      'trap "exit 3" EXIT',
    ];
    const replies = await ask(...scripts.map((script) => record(script)), record('pwd; umask'));
    expect(replies.map((reply) => reply.code)).toEqual([7, 2, 1, 1, 2, 0, 3, 0]);
    expect(replies[1]?.stderr).toContain('Syntax error');
    expect(replies[2]?.stdout).toBe('');
    expect(replies[7]).toEqual(ok('/\n0077\n'));
  });

  test('scripts see nothing of the protocol in their arguments and stdin', async () => {
    const [reply] = await ask(record('echo "$# [$*] [$k$t$n$c$N]"; cat; echo end'));
    expect(reply).toEqual(ok('0 [] []\nend\n'));
  });

  test('marks without the nonce are only text', async () => {
    const forged = '0123456789abcdef0123456789abcdef 0 0';
    const [first, second] = await ask(record(`echo '${forged}'; echo '${forged}' >&2; exit 4`), record('echo second'));
    expect(first).toEqual({ code: 4, stdout: `${forged}\n`, stderr: `${forged}\n`, skipped: false });
    expect(second).toEqual(ok('second\n'));
  });

  test('the environment is a host’s, not the controller’s', async () => {
    process.env.HAILBOOK_TEST_LEAK = 'x';
    const [reply] = await ask(
      record('echo "$LC_ALL|$PATH|$SSH_CONNECTION|${SSH_CONNECTION+set}|$HAILBOOK_TEST_LEAK|$(pwd)"'),
    );
    expect(reply?.stdout).toBe('C|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin||set||/\n');
  });
});

describe('stdin', () => {
  test('is exact: NUL, high bytes, a line like a request, no newline at the end', async () => {
    const bytes = Buffer.concat([
      Buffer.from([...Array(256).keys()]),
      Buffer.from('x 5 3\nhailbook ready\n\\n%s'),
      Buffer.from([0]),
    ]);
    const sum = createHash('sha256').update(bytes).digest('hex');
    const [first, second] = await ask(record('sha256sum', { stdin: bytes }), record('echo next'));
    expect(first).toEqual(ok(`${sum}  -\n`));
    expect(second).toEqual(ok('next\n'));
  });

  test('a megabyte in, a megabyte out', async () => {
    const text = 'hällo wörld\n'.repeat(75_000);
    const [reply] = await ask(record('cat', { stdin: text }));
    expect(reply?.code).toBe(0);
    expect(reply?.stdout === text).toBe(true);
  });

  test('what a script leaves is taken away before the next record', async () => {
    const big = 'x'.repeat(500_000);
    const replies = await ask(
      record('exit 3', { stdin: big }),
      record('read -r a; echo "$a"', { stdin: 'one\ntwo\n' }),
      record('echo next'),
    );
    expect(replies.map((reply) => [reply.code, reply.stdout])).toEqual([
      [3, ''],
      [0, 'one\n'],
      [0, 'next\n'],
    ]);
  });

  test('a secret goes by stdin, and by nothing that others can read', async () => {
    const connection = await local();
    const [reply] = await connection.ask(null, [
      record('s=$(cat); grep -alF -e "$s" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; printf "%s" "${#s}"', {
        stdin: new Secret('correct-horse-battery'),
      }),
    ]);
    // grep itself has it as an argument, which is this script's doing.
    expect(reply?.stdout.replace(/\/proc\/\d+\/cmdline\n/, '')).toBe('21');
  });
});

describe('groups', () => {
  test('after a failure the rest of the group is skipped, its stdin too', async () => {
    const replies = await ask(
      record('echo a', { group: 1 }),
      record('cat; exit 5', { group: 1, stdin: 'x' }),
      record('echo other', { group: 2 }),
      record(`echo no >${dir}/skipped`, { group: 1, stdin: 'y'.repeat(200_000) }),
      record(`echo no >${dir}/skipped`, { group: 1 }),
      record('cat', { group: 2, stdin: 'still exact' }),
      record('echo 11', { group: 11 }),
    );
    expect(replies.map((reply) => (reply.skipped ? 'skipped' : reply.code))).toEqual([
      0,
      5,
      0,
      'skipped',
      'skipped',
      0,
      0,
    ]);
    expect(replies[3]).toEqual({ code: -1, stdout: '', stderr: '', skipped: true });
    expect(replies[5]?.stdout).toBe('still exact');
    expect(existsSync(`${dir}/skipped`)).toBe(false);
  });
});

describe('a record that ends its shell', () => {
  test('kill -9 $$: it failed, its group is skipped, the rest is asked again', async () => {
    const connection = await local();
    const replies = await connection.ask(null, [
      record(`echo once >>${dir}/once`),
      record('echo partial; kill -9 $$', { group: 1 }),
      record('echo other'),
      record('echo same', { group: 1 }),
    ]);
    expect(replies.map((reply) => (reply.skipped ? 'skipped' : reply.code))).toEqual([0, 137, 0, 'skipped']);
    expect(replies[1]?.stdout).toBe('partial\n');
    expect(replies[1]?.stderr).toContain('ended from within');
    expect(readFileSync(`${dir}/once`, 'utf8')).toBe('once\n');
    expect([connection.requests, connection.shells]).toEqual([2, 2]);
  });

  test('a time-out: TERM, and KILL for a child that ignores it', async () => {
    const before = performance.now();
    const replies = await ask(
      record('echo a; echo $$ >&2; trap "" TERM; sh -c "trap \\"\\" TERM; exec sleep 61"', { timeout: 1 }),
    );
    const seconds = (performance.now() - before) / 1000;
    expect(replies[0]).toMatchObject({ code: 124, stdout: 'a\n', skipped: false });
    expect(replies[0]?.stderr).toMatch(/timed out after 1 s\n$/);
    expect(seconds).toBeGreaterThan(2.5);
    expect(seconds).toBeLessThan(8);
    expect(spawnSync('pgrep', ['-fx', 'sleep 61']).status).toBe(1);
  });

  test('a record that was stopped has its time too', async () => {
    const before = performance.now();
    const [reply] = await ask(record('echo a; kill -STOP 0; sleep 63', { timeout: 1 }));
    expect(reply).toMatchObject({ code: 124, stdout: 'a\n' });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test('a record among others has its own time, not the sum', async () => {
    const before = performance.now();
    const replies = await ask(record('echo a'), record('sleep 62', { timeout: 1 }), record('echo c', { timeout: 600 }));
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(replies.map((reply) => reply.code)).toEqual([0, 124, 0]);
    expect(replies[1]?.stderr).toMatch(/timed out after 1 s\n$/);
    expect(spawnSync('pgrep', ['-fx', 'sleep 62']).status).toBe(1);
  });
});

describe('a connection that is cut', () => {
  /** What the shell says its exit code is; 0 when it ends because there is no more to read. */
  async function send(bytes: Buffer): Promise<number> {
    const [command = '', ...args] = shellCommand('sync');
    const child = spawn(command, [...args, ''], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
    const printed = await text(child.stdout);
    return Number(/^token ended (\d+)$/m.exec(printed)?.[1] ?? 0);
  }

  test('in the middle of a script: nothing of it runs', async () => {
    const path = join(dir, 'half');
    const records = [record(`echo x >${path}`), record(`: ${'long '.repeat(50)}`)];
    const whole = Buffer.concat(requestBytes('sync', 'token', records));
    for (const cut of [1, 2, 100, 300]) expect(await send(whole.subarray(0, whole.length - cut))).toBe(97);
    expect(existsSync(path)).toBe(false);
    expect(await send(whole)).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('x\n');
  });

  test('in the middle of stdin: the script never sees its end', async () => {
    const path = join(dir, 'input');
    const script = record(`cat >/dev/null; echo done >${path}`, { stdin: 'z'.repeat(100_000) });
    const whole = Buffer.concat(requestBytes('sync', 'token', [script]));
    for (const cut of [3, 6, 20, 50_000]) expect(await send(whole.subarray(0, whole.length - cut))).toBe(137);
    expect(existsSync(path)).toBe(false);
    expect(await send(whole)).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test('by us: what waits is told so', async () => {
    const connection = await local();
    const waiting = connection.ask(null, [record('sleep 1')]);
    setTimeout(() => connection.close(), 200);
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

describe('questions side by side', () => {
  test('one shell answers in order', async () => {
    const connection = await local();
    const answers = await Promise.all(
      [1, 2, 3].map((n) => connection.ask(null, [record(`sleep 0.0${4 - n}; echo ${n}`)])),
    );
    expect(answers.map(([reply]) => reply?.stdout)).toEqual(['1\n', '2\n', '3\n']);
    expect([connection.requests, connection.shells]).toEqual([3, 1]);
  });

  test('a question that is wrong in itself does not hold up the next', async () => {
    const connection = await local();
    await expect(connection.ask(null, [record('echo \0')])).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await connection.ask(null, [record('echo fine')])).toEqual([ok('fine\n')]);
  });

  test('progress is told while a record runs', async () => {
    const connection = await local();
    const lines: string[] = [];
    const answer = connection.ask(
      null,
      [record(`echo first; while ! [ -e ${dir}/go ]; do sleep 0.05; done; echo second >&2`)],
      (line) => {
        lines.push(line);
        // Only now the record may end.
        writeFileSync(`${dir}/go`, '');
      },
    );
    expect(await answer).toHaveLength(1);
    expect(lines).toEqual(['first', 'second']);
  });

  test('fifty megabytes of output end the record, not the controller', async () => {
    const [reply, next] = await ask(record('head -c 50000000 /dev/zero | tr "\\0" x'), record('echo next'));
    expect(reply?.code).toBe(0);
    expect(reply?.stdout.length).toBe(8 * 1024 * 1024);
    expect(reply?.stderr).toContain('the rest was dropped');
    expect(next).toEqual(ok('next\n'));
  });
});
