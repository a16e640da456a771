import { beforeAll, describe, expect, it } from 'vitest';
import { upperFolder } from '../../lab/disk.ts';
import { labPlace } from '../../lab/state.ts';
import { differing, entriesOf } from './disk.ts';
import { hailbook, labUp, must, onHost, play, start, tasksWith } from './hailbook.ts';

const WORKERS = ['spark-worker1', 'spark-worker2', 'spark-worker3'];
const HOSTS = ['spark-master', ...WORKERS];
const CLUSTER = 'playbooks/cluster.yml';

/** What a fresh cluster cannot know before a run: the keys, the secret and the paths that only a run makes. */
const UNKNOWN_BEFORE = [
  "A stable name for Hail's jar",
  'Defaults of every application',
  "Every node's key is welcome on every node",
  'Settings of the daemons',
];
/** Requests of a converged host: one, and one more for what depends on another answer (keys, the secret, facts). */
const CONVERGED_REQUESTS = 2;

const disks = (): Map<string, string>[] => HOSTS.map((host) => entriesOf(upperFolder(labPlace(), host)));

/** A converged cluster: nothing changed or failed, at the promised cost. */
function expectConverged({ code, hosts, errors, status }: Awaited<ReturnType<typeof play>>): void {
  expect(errors).toEqual([]);
  expect(tasksWith({ status }, 'changed', 'assumed', 'unknown')).toEqual([]);
  expect(code).toBe(0);
  for (const host of HOSTS) expect(hosts[host]?.requests, host).toBeLessThanOrEqual(CONVERGED_REQUESTS);
}

describe('four bare hosts become a cluster', () => {
  beforeAll(async () => {
    await labUp();
    await must(['lab', 'reset']);
  });

  it('a check on bare hosts predicts every task, fails nowhere, and changes no file', async () => {
    const before = disks();
    const check = await play(['check', CLUSTER]);
    expect(check.errors).toEqual([]);
    expect(check.code).toBe(2);
    expect(tasksWith(check, 'ok', 'skipped', 'failed', 'unreachable')).toEqual([]);
    expect(tasksWith(check, 'unknown').sort()).toEqual(UNKNOWN_BEFORE);
    const after = disks();
    HOSTS.forEach((host, index) => {
      expect(differing(before[index] ?? new Map(), after[index] ?? new Map()), host).toEqual([]);
    });
  });

  it('a controller that is killed in the middle leaves nothing that the next run cannot finish', async () => {
    const first = start(['run', CLUSTER, '--json']);
    // In the middle of the longest step of all: Hail's wheels are being installed on four hosts.
    await new Promise<void>((resolve, reject) => {
      let seen = '';
      first.child.stdout?.on('data', (text: string) => {
        seen += text;
        const started = seen.indexOf('"name":"Hail in its own Python environment"');
        if (started >= 0 && seen.indexOf('"event":"output"', started) >= 0) resolve();
      });
      first.done.then(
        (ran) => reject(new Error(`it ended too early\n${ran.stdout.slice(-2000)}\n${ran.stderr}`)),
        reject,
      );
    });
    first.child.kill('SIGKILL');
    await first.done;

    const run = await play(['run', CLUSTER]);
    expect(run.errors).toEqual([]);
    expect(run.code).toBe(0);
    expect(run.status.Spark).toEqual(Object.fromEntries(HOSTS.map((host) => [host, 'ok'])));
  });

  it('the second run changes nothing, and the check after it neither', async () => {
    expectConverged(await play(['run', CLUSTER]));
    expectConverged(await play(['check', CLUSTER]));
  });

  it('a Hail job on real data uses every worker, and a user needs nothing but hl.init', async () => {
    const verified = await play(['run', 'playbooks/verify.yml']);
    expect(verified.errors).toEqual([]);
    expect(verified.code).toBe(0);
    const report = JSON.parse(await onHost('spark-master', 'cat /opt/hailbook/verify/report.json'));
    expect(report.variants.count).toEqual([10376, 5]);
    for (const worker of WORKERS) expect(report.tasks[worker], worker).toBeGreaterThan(0);
  });

  it('nothing but SSH is open to the world, and the secret is nobody else’s', async () => {
    const { stdout } = await hailbook(['exec', 'cluster', '--become', '--', 'ufw', 'status', 'verbose']);
    expect(stdout).toContain('Default: deny (incoming)');
    const mode = await onHost('spark-worker1', 'stat -c "%U %a" /opt/spark/conf/spark-defaults.conf');
    expect(mode.trim()).toBe('hail 600');
    const { stdout: diff } = await hailbook(['check', CLUSTER, '--diff', '-e', 'spark_driver_memory_mb=1024']);
    const secret = (await onHost('spark-master', 'cat /etc/hailbook/spark.secret')).trim();
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect(diff).not.toContain(secret);
    const processes = await onHost('spark-worker1', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "');
    expect(processes).not.toContain(secret);
  });

  it.each([
    [
      'a template',
      'spark-worker1',
      'echo "export SPARK_WORKER_CORES=64" >>/opt/spark/conf/spark-env.sh',
      'Environment of spark-submit',
    ],
    ['a stopped service', 'spark-worker2', 'systemctl stop spark-worker', 'Worker'],
    [
      'a removed key',
      'spark-worker3',
      'sed -i 1d /home/hail/.ssh/authorized_keys',
      "Every node's key is welcome on every node",
    ],
    ['a deleted jar', 'spark-worker1', 'rm /opt/spark/jars/spark-core_2.12-3.5.9.jar', 'Spark'],
  ])('a check finds %s that was changed by hand, and a run mends it', async (_, host, harm, task) => {
    await onHost(host, harm);
    const check = await play(['check', CLUSTER]);
    expect(check.errors).toEqual([]);
    expect(check.code).toBe(2);
    expect(check.status[task]?.[host]).toContain('changed');
    const others = Object.entries(check.status[task] ?? {}).filter(([name]) => name !== host);
    for (const [name, status] of others) expect(status, name).toBe('ok');

    const run = await play(['run', CLUSTER]);
    expect(run.errors).toEqual([]);
    expect(run.status[task]?.[host]).toContain('changed');
    expectConverged(await play(['check', CLUSTER]));
  });

  it('verifies after all of this', async () => {
    expect((await play(['run', 'playbooks/verify.yml'])).errors).toEqual([]);
  });
});
