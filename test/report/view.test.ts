import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReport } from '../../engine/report/index.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { ALL, eventfulRun, freshCheck, MASTER, recap, result, sink, started, task, told, WORKERS } from './story.ts';

/** The report of these events as plain lines. */
function report(events: readonly RunEvent[], { verbose = false, colour = false } = {}): string[] {
  const { out, written } = sink();
  const view = createReport({ out, format: 'text', live: false, colour, verbose });
  for (const event of events) view.emit(event);
  view.close();
  return written().split('\n');
}

const play: RunEvent = { event: 'play_started', play: 'P', hosts: ALL };
/** What is said of one task, without the lines around it. */
const oneTask = (results: Parameters<typeof told>[1], options?: { verbose?: boolean }): string[] =>
  report([play, ...told(results[0]?.task ?? task(0, 'T'), results)], options).slice(2, -1);

describe('the report of a run', () => {
  it('tells an eventful run', async () => {
    await expect(report(eventfulRun()).join('\n')).toMatchFileSnapshot('eventful-run.txt');
  });

  it('tells a check of fresh hosts', async () => {
    await expect(report(freshCheck()).join('\n')).toMatchFileSnapshot('fresh-check.txt');
  });

  it('shows a result once, with the hosts that it holds for', () => {
    const t = task(0, 'Settings');
    const lines = oneTask([
      result(t, MASTER, 'ok'),
      ...WORKERS.map((host) => result(t, host, 'changed', { changes: ['mode: 0600 → 0644'] })),
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ {2}~ changed +Settings +spark-worker\[1:3\] · mode: 0600 → 0644$/);
    expect(lines[1]).toMatch(/^ {2}✔ ok +Settings +spark-master$/);
  });

  it('says whose a detail is when hosts changed differently', () => {
    const t = task(0, 'Settings');
    const lines = oneTask([
      result(t, 'spark-worker1', 'changed', { changes: ['mode: 0600 → 0644'] }),
      result(t, 'spark-worker2', 'changed', { changes: ['owner: a → b'] }),
    ]);
    expect(lines.slice(1)).toEqual([
      '        on spark-worker1: mode: 0600 → 0644',
      '        on spark-worker2: owner: a → b',
    ]);
  });

  it('sums up a loop and names the items that differ', () => {
    const t = task(0, 'Names');
    const items = (host: string, changed: readonly string[]) =>
      ['a', 'b', 'c'].map((item) =>
        changed.includes(item)
          ? result(t, host, 'changed', { item, changes: ['absent → present'] })
          : result(t, host, 'ok', { item }),
      );
    expect(oneTask(ALL.flatMap((host) => items(host, ['a', 'b', 'c'])))).toEqual([
      expect.stringMatching(/~ changed +Names +all 4 hosts · 3 items · absent → present$/),
    ]);
    expect(oneTask(ALL.flatMap((host) => items(host, ['b'])))).toEqual([
      expect.stringMatching(/~ changed +Names +all 4 hosts · 1 of 3 items$/),
      '        item b: absent → present',
    ]);
    expect(oneTask(ALL.flatMap((host) => items(host, [])))).toEqual([
      expect.stringMatching(/✔ ok +Names +all 4 hosts · 3 items$/),
    ]);
  });

  it('caps long lists unless -v', () => {
    const t = task(0, 'Many');
    const results = Array.from({ length: 30 }, (_, n) =>
      result(t, MASTER, 'changed', { item: `x${n}y`, changes: [`v: ${n} → ${n + 1}`] }),
    );
    expect(oneTask(results)).toHaveLength(1 + 8 + 1);
    expect(oneTask(results).at(-1)).toBe('        … and 22 more (-v shows all)');
    expect(oneTask(results, { verbose: true })).toHaveLength(1 + 30);
  });

  it('shows ok items and notes with -v only', () => {
    const t = task(0, 'T');
    const results = [
      result(t, MASTER, 'ok', { item: 'a' }),
      result(t, MASTER, 'skipped', { item: 'b', note: '`when` is false' }),
    ];
    expect(oneTask(results)).toHaveLength(1);
    expect(oneTask(results, { verbose: true }).slice(1)).toEqual([
      '        item a: ok',
      '        item b: `when` is false',
    ]);
  });

  it('always says why something is unknown', () => {
    const t = task(0, 'T');
    const lines = oneTask(
      ALL.map((host) => result(t, host, 'unknown', { note: 'the facts of m are known only in a run' })),
    );
    expect(lines[0]).toMatch(/\? unknown .* all 4 hosts · the facts of m are known only in a run$/);
  });

  it('counts a loop that failed at one item as failed', () => {
    const t = task(0, 'T');
    const lines = oneTask([
      result(t, MASTER, 'changed', { item: 'a', changes: ['absent → present'] }),
      result(t, MASTER, 'failed', { item: 'b', error: { code: 'STEP_FAILED', message: 'a step exited 1' } }),
    ]);
    expect(lines[0]).toMatch(/✖ failed +T +spark-master · 1 of 2 items$/);
    expect(lines).toContain('        item b: STEP_FAILED a step exited 1');
  });

  it('lets nothing from a host or a playbook move the cursor', () => {
    const evil = '\u001b[2J\u001b]0;x\u0007evil\r\u009b1A';
    const t = { ...task(0, `T${evil}`), place: { file: `f${evil}`, line: 1, column: 1 } };
    const lines = report([
      started('run'),
      { event: 'play_started', play: `P${evil}`, hosts: ALL },
      ...told(t, [
        result(t, MASTER, 'changed', {
          item: evil,
          changes: [evil],
          diff: { path: evil, before: `a${evil}\n`, after: `b${evil}\n` },
        }),
        result(t, 'spark-worker1', 'failed', {
          error: { code: 'STEP_FAILED', message: evil, hint: evil, exitCode: 1, output: [evil] },
        }),
      ]),
      { event: 'run_finished', hosts: recap({ [MASTER]: { changed: 1 } }), seconds: 1, exitCode: 1 },
    ]).join('\n');
    expect(lines).toContain('evil');
    expect(lines).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
  });

  it('uses colour only where it is wanted', () => {
    expect(report(eventfulRun()).join('')).not.toContain('\u001b');
    expect(report(eventfulRun(), { colour: true }).join('')).toContain('\u001b[31m');
  });
});

describe('the last line', () => {
  const finished = (mode: 'run' | 'check', exitCode: number, hosts: Parameters<typeof recap>[0]): string | undefined =>
    report([started(mode), { event: 'run_finished', hosts: recap(hosts), seconds: 1, exitCode }]).at(-2);

  it.each([
    ['run', 0, { a: { ok: 3 } }, 'Converged: nothing had to be changed. (exit code 0: everything is as desired)'],
    [
      'run',
      0,
      { a: { changed: 1 }, b: { ok: 1 } },
      'Converged: 1 change on a. (exit code 0: everything is as desired)',
    ],
    [
      'run',
      0,
      { a: { ignored: 2 } },
      'Converged: nothing had to be changed; 2 failures ignored, as the playbook says. (exit code 0: everything is as desired)',
    ],
    ['check', 0, { a: { ok: 3 } }, 'As desired: a run would change nothing. (exit code 0: everything is as desired)'],
    [
      'check',
      2,
      { a: { changed: 2, unknown: 1 }, b: { changed: 1 } },
      'A run would make 3 changes on all 2 hosts (1 known only in a run). Nothing was changed. (exit code 2: a check found changes or unknowns)',
    ],
    [
      'run',
      1,
      { a: { failed: 1 }, b: { ok: 1 } },
      'Failed on a; 1 other host went on to the end. (exit code 1: a task failed)',
    ],
    [
      'run',
      3,
      { a: { unreachable: 1 }, b: { ok: 1 } },
      'Not reached: a; the other hosts went on. (exit code 3: a host could not be reached)',
    ],
    [
      'run',
      130,
      { a: { ok: 1 } },
      'Interrupted: what was begun may be half done; run it again to converge. (exit code 130: interrupted)',
    ],
  ] as const)('%s with exit code %i', (mode, exitCode, hosts, expected) => {
    expect(finished(mode, exitCode, hosts)).toBe(expected);
  });
});

describe('plain progress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says every 15 s what takes long, for whom, and what it printed last', () => {
    const { out, written, forget } = sink();
    const view = createReport({
      out,
      format: 'text',
      live: false,
      colour: false,
      verbose: false,
    });
    const java = task(0, 'Java');
    view.emit(started('run'));
    view.emit(play);
    view.emit({ event: 'task_started', task: java, hosts: ALL });
    view.emit(result(java, MASTER, 'ok'));
    view.emit({ event: 'output', task: java, host: 'spark-worker1', line: '10%\r\u001b[1mUnpacking java' });
    forget();
    vi.advanceTimersByTime(14_000);
    expect(written()).toBe('');
    vi.advanceTimersByTime(17_000);
    expect(written().split('\n')).toEqual([
      '    … Java · 15 s · spark-worker[1:3] · spark-worker1: Unpacking java',
      '    … Java · 30 s · spark-worker[1:3] · spark-worker1: Unpacking java',
      '',
    ]);
    view.close();
    forget();
    vi.advanceTimersByTime(60_000);
    expect(written()).toBe('');
  });
});
