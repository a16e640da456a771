import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorReport, HostRecap, RunEvent, Status } from '../../engine/run/events.ts';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
/** An empty folder: an inventory that lies about (somebody's own cluster) must not win over the lab. */
const NOWHERE = mkdtempSync(join(tmpdir(), 'hailbook-e2e-'));

export const SUBNET = process.env.HAILBOOK_TEST_SUBNET || '10.78.0.0/24';

/** Raises the tests' own lab (vitest.config.ts names its folder), which is not the one that somebody works in. */
export const labUp = (): Promise<string> =>
  must(['lab', 'up', '--hosts', process.env.HAILBOOK_TEST_HOSTS || '4', '--subnet', SUBNET]);

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built command as a user would, in a folder of their own. */
export function start(args: readonly string[], cwd = NOWHERE): { child: ChildProcess; done: Promise<Ran> } {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
  });
  const streams = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    streams.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    streams.stderr += text;
  });
  const done = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, ...streams })));
  return { child, done };
}

export async function hailbook(args: readonly string[], cwd?: string): Promise<Ran> {
  return start(args, cwd).done;
}

/** A command that must succeed; its output is the message when it does not. */
export async function must(args: readonly string[], cwd?: string): Promise<string> {
  const { code, stdout, stderr } = await hailbook(args, cwd);
  if (code !== 0) throw new Error(`hailbook ${args.join(' ')} exited ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

export interface Played extends Ran {
  readonly hosts: Readonly<Record<string, HostRecap>>;
  /** `task name` → host → status (of a loop: the distinct ones, sorted, joined by a comma). */
  readonly status: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly errors: readonly (ErrorReport & { host: string; task: string })[];
}

/** Runs a playbook with `--json` and reads its events. */
export async function play(args: readonly string[], cwd?: string): Promise<Played> {
  const ran = await hailbook([...args, '--json'], cwd);
  const events = ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RunEvent => JSON.parse(line));
  const seen: Record<string, Record<string, Set<Status>>> = {};
  const errors: Played['errors'][number][] = [];
  let hosts: Played['hosts'] = {};
  for (const event of events) {
    if (event.event === 'run_finished') hosts = event.hosts;
    if (event.event !== 'result') continue;
    const ofTask = seen[event.task.name] ?? {};
    ofTask[event.host] = (ofTask[event.host] ?? new Set()).add(event.status);
    seen[event.task.name] = ofTask;
    if (event.error) errors.push({ ...event.error, host: event.host, task: event.task.name });
  }
  const status = Object.fromEntries(
    Object.entries(seen).map(([task, ofTask]) => [
      task,
      Object.fromEntries(Object.entries(ofTask).map(([host, set]) => [host, [...set].sort().join(',')])),
    ]),
  );
  return { ...ran, hosts, status, errors };
}

/** Tasks with at least one host of which the status is among these. */
export function tasksWith(played: Pick<Played, 'status'>, ...wanted: readonly string[]): string[] {
  return Object.entries(played.status)
    .filter(([, hosts]) => Object.values(hosts).some((status) => status.split(',').some((one) => wanted.includes(one))))
    .map(([task]) => task);
}

/** Runs a shell command as root on a lab host and gives its output. */
export async function onHost(host: string, command: string): Promise<string> {
  return must(['lab', 'ssh', host, '--', 'sudo', 'sh', '-c', `'${command.replaceAll("'", "'\\''")}'`]);
}
