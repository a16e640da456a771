import type { HostRecap, RunEvent, Status, TaskLabel } from '../../engine/run/events.ts';

/** Runs told in events, as the engine would: four hosts, what a person would meet. */
export const MASTER = 'spark-master';
export const WORKERS = ['spark-worker1', 'spark-worker2', 'spark-worker3'];
export const ALL = [MASTER, ...WORKERS];

export function task(id: number, name: string, module = 'command', handler = false): TaskLabel {
  return { id, name, module, handler, place: { file: 'playbooks/cluster.yml', line: 10 + id, column: 7 } };
}

export type ResultEvent = Extract<RunEvent, { event: 'result' }>;

export function result(label: TaskLabel, host: string, status: Status, more: Partial<ResultEvent> = {}): ResultEvent {
  return { event: 'result', task: label, host, status, changes: [], seconds: 0.1, ...more };
}

export function told(label: TaskLabel, results: readonly ResultEvent[], seconds = 0.2): RunEvent[] {
  const hosts = [...new Set(results.map(({ host }) => host))];
  return [{ event: 'task_started', task: label, hosts }, ...results, { event: 'task_finished', task: label, seconds }];
}

export function counts(some: Partial<Record<Status, number>>): Record<Status, number> {
  return { ok: 0, changed: 0, assumed: 0, unknown: 0, skipped: 0, failed: 0, ignored: 0, unreachable: 0, ...some };
}

export function recap(
  hosts: Readonly<Record<string, Partial<Record<Status, number>>>>,
  requests = 3,
): Record<string, HostRecap> {
  return Object.fromEntries(Object.entries(hosts).map(([name, some]) => [name, { counts: counts(some), requests }]));
}

export const started = (mode: 'run' | 'check', hosts: readonly string[] = ALL): RunEvent => ({
  event: 'run_started',
  version: 1,
  mode,
  inventory: 'inventory.yml',
  hosts,
});

/** A run with every kind of result in it. */
export function eventfulRun(): RunEvent[] {
  const java = task(0, 'Java', 'apt');
  const account = task(1, 'Same account everywhere', 'user');
  const names = task(2, 'Every node knows every other by its cluster name', 'hosts_entry');
  const settings = task(3, 'Settings', 'template');
  const worker = task(4, 'Worker', 'service');
  const tell = task(5, 'tell the operators', 'command', true);
  return [
    started('run'),
    { event: 'play_started', play: "The cluster's account and names", hosts: ALL },
    ...told(
      java,
      ALL.map((host) => result(java, host, 'ok')),
    ),
    ...told(
      account,
      ALL.map((host) => result(account, host, 'changed', { changes: ['absent → present'] })),
      1.24,
    ),
    ...told(
      names,
      ALL.flatMap((host) =>
        ALL.map((item) =>
          host === MASTER && item === MASTER
            ? result(names, host, 'ok', { item })
            : result(names, host, 'changed', { item, changes: ['addresses: [127.0.1.1] → [10.1.1.2]'] }),
        ),
      ),
    ),
    { event: 'play_started', play: 'Spark workers', hosts: WORKERS },
    ...told(
      settings,
      [
        result(settings, 'spark-worker1', 'changed', {
          changes: [`sha256: ${'a1'.repeat(32)} → ${'b2'.repeat(32)}`, 'mode: 0600 → 0644'],
          diff: {
            path: '/opt/spark/conf/spark-env.sh',
            before: 'SPARK_WORKER_CORES=1\nSPARK_WORKER_MEMORY=2g\n',
            after: 'SPARK_WORKER_CORES=2\nSPARK_WORKER_MEMORY=2g\n',
          },
        }),
        result(settings, 'spark-worker2', 'changed', { changes: ['mode: 0600 → 0644'] }),
        result(settings, 'spark-worker3', 'ok'),
      ],
      2.1,
    ),
    { event: 'task_started', task: worker, hosts: WORKERS },
    { event: 'output', task: worker, host: 'spark-worker2', line: 'Starting\r\u001b[31mWaiting for registration' },
    result(worker, 'spark-worker1', 'changed', { changes: ['active: false → true'] }),
    result(worker, 'spark-worker2', 'failed', {
      error: {
        code: 'SERVICE_FAILED',
        message: 'spark-worker did not stay active',
        hint: 'See `journalctl -u spark-worker` on the host.',
        exitCode: 1,
        output: ['Nov 21 10:00:00 java: OutOfMemoryError', 'spark-worker.service: Failed with result exit-code'],
      },
    }),
    result(worker, 'spark-worker3', 'unreachable', {
      error: { code: 'CONNECTION_LOST', message: 'the connection to spark-worker3 ended' },
    }),
    { event: 'task_finished', task: worker, seconds: 72.4 },
    ...told(tell, [result(tell, 'spark-worker1', 'changed')]),
    {
      event: 'run_finished',
      hosts: recap({
        [MASTER]: { ok: 2, changed: 4 },
        'spark-worker1': { ok: 1, changed: 8 },
        'spark-worker2': { ok: 1, changed: 6, failed: 1 },
        'spark-worker3': { ok: 2, changed: 5, unreachable: 1 },
      }),
      seconds: 78.3,
      exitCode: 1,
    },
  ];
}

/** A check of fresh hosts: would change, assumed, unknown. */
export function freshCheck(): RunEvent[] {
  const account = task(0, 'Same account everywhere', 'user');
  const keys = task(1, "Every node's key is welcome on every node", 'authorized_key');
  const unit = task(2, 'Master', 'service');
  return [
    started('check'),
    { event: 'play_started', play: 'Cluster', hosts: ALL },
    ...told(
      account,
      ALL.map((host) => result(account, host, 'changed', { changes: ['absent → present'] })),
    ),
    ...told(
      keys,
      ALL.flatMap((host) =>
        ALL.map((item) => result(keys, host, 'unknown', { item, note: `"account" of ${item} is known only in a run` })),
      ),
    ),
    ...told(unit, [
      result(unit, MASTER, 'assumed', { note: 'it cannot be looked at yet; an earlier task would change that' }),
      ...WORKERS.map((host) => result(unit, host, 'skipped', { note: '`when` is false' })),
    ]),
    {
      event: 'run_finished',
      hosts: recap(
        Object.fromEntries(
          ALL.map((host) => [
            host,
            host === MASTER ? { changed: 1, unknown: 4, assumed: 1 } : { changed: 1, unknown: 4, skipped: 1 },
          ]),
        ),
        1,
      ),
      seconds: 0.6,
      exitCode: 2,
    },
  ];
}

/** A stream that keeps what is written to it. */
export function sink(): { out: { write(text: string): void }; written: () => string; forget: () => void } {
  let text = '';
  return {
    out: {
      write(chunk) {
        text += chunk;
      },
    },
    written: () => text,
    forget() {
      text = '';
    },
  };
}
