import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, command } from '../../lab/command.ts';
import { mountsUnder } from '../../lab/mounts.ts';
import { collectPackages, seedPackages } from '../../lab/packages.ts';
import { endProcesses, processesWith, startOf, until } from '../../lab/processes.ts';
import { inPath } from '../../lab/requirements.ts';
import { labPlace, locked, readRecord, writeRecord } from '../../lab/state.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hailbook-lab-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the folder of a lab', () => {
  it('gives names that fit an interface, and others for another folder', () => {
    const [one, other] = [labPlace('/var/lib/a'), labPlace('/var/lib/b')];
    expect(`vb-${one.bridge}-31`.length).toBeLessThanOrEqual(15);
    expect(one.bridge).not.toBe(other.bridge);
  });

  it.each(['relative', '/with space', '/with:colon', '/with,comma'])('is refused as "%s"', (path) => {
    expect(() => labPlace(path)).toThrow(/HAILBOOK_LAB_DIR/);
  });

  it('keeps a record', () => {
    const place = labPlace(folder);
    expect(readRecord(place)).toBeUndefined();
    const record = {
      subnet: '10.77.0.0/24',
      hosts: ['spark-master'],
      mirror: true,
      releases: ['trixie'],
      boot: 'x',
      ipForward: '0',
    };
    writeRecord(place, record);
    expect(readRecord(place)).toEqual(record);
  });
});

describe('the lock', () => {
  it('lets one command at a time change a lab', async () => {
    const place = labPlace(folder);
    await locked(place, async () => {
      await expect(locked(place, async () => {})).rejects.toThrow(/another command is changing the lab/);
    });
    await expect(locked(place, async () => 'after')).resolves.toBe('after');
  });

  it('is taken over from a command that died, though its number may live again', async () => {
    const place = labPlace(folder);
    writeFileSync(join(folder, 'lock'), `${process.pid} ${Number(startOf(process.pid)) - 1}\n`);
    await expect(locked(place, async () => 'mine')).resolves.toBe('mine');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });
});

describe('processes', () => {
  const start = (mark: string, script: string) => spawn('/bin/sh', ['-c', script, 'sh', mark], { stdio: 'ignore' });

  it('are known by a whole argument', async () => {
    const child = start(`--directory=${folder}/one`, 'sleep 60; true');
    await until(() => processesWith(`--directory=${folder}/one`).length > 0, 5);
    // A shell that is about to start `sleep` is there twice for a moment.
    expect(processesWith(`--directory=${folder}/one`)).toContain(child.pid);
    expect(processesWith(`--directory=${folder}/on`)).toEqual([]);
    await endProcesses([`--directory=${folder}/one`], 5);
    expect(processesWith(`--directory=${folder}/one`)).toEqual([]);
  });

  it('that do not go when they are asked are ended', async () => {
    const child = start(`--directory=${folder}/two`, 'trap "" TERM; while :; do sleep 0.1; done');
    const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
    await until(() => processesWith(`--directory=${folder}/two`).length > 0, 5);
    // The trap is set a moment after the process is there.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await endProcesses([`--directory=${folder}/two`], 0.3);
    expect(await ended).toBe('SIGKILL');
  });

  it('are none when there is nothing to end', async () => {
    await expect(endProcesses([`--directory=${folder}/none`], 5)).resolves.toBeUndefined();
  });
});

describe('commands', () => {
  it('fail with what they said last', async () => {
    await expect(command(['sh', '-c', 'echo first >&2; echo last >&2; exit 3'])).rejects.toMatchObject({
      code: 'LAB_FAILED',
      message: expect.stringContaining('exit code 3'),
      hint: 'first\n  last',
    });
  });

  it('that are not there exit 127', async () => {
    expect((await attempt(['hailbook-no-such-program'])).code).toBe(127);
  });
});

it('a program is found only where it can be run', () => {
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/tool'), '', { mode: 0o755 });
  expect(inPath('tool', `/nowhere:${join(folder, 'bin')}`)).toBe(true);
  expect(inPath('tool', '/nowhere')).toBe(false);
});

it('a folder that is not mounted has no mounts below it, the root of all has', () => {
  expect(mountsUnder(folder)).toEqual([]);
  expect(mountsUnder('/proc')).toContain('/proc');
});

it('downloaded packages go from one host to the next, and only whole ones', () => {
  const place = labPlace(join(folder, 'pool'));
  const [first, next] = [join(folder, 'first'), join(folder, 'next')];
  const archives = 'var/cache/apt/archives';
  mkdirSync(join(first, archives, 'partial'), { recursive: true });
  writeFileSync(join(first, archives, 'ufw_0.36.2-1_all.deb'), 'package');
  writeFileSync(join(first, archives, 'lock'), '');
  writeFileSync(join(first, archives, 'partial/openjdk.deb'), 'half');
  collectPackages(place, first);
  collectPackages(place, join(folder, 'never-booted'));
  rmSync(first, { recursive: true });
  seedPackages(place, next);
  const seeded = join(next, archives, 'ufw_0.36.2-1_all.deb');
  expect(readFileSync(seeded, 'utf8')).toBe('package');
  expect(statSync(seeded).nlink).toBe(2);
  expect(existsSync(join(next, archives, 'lock'))).toBe(false);
  expect(existsSync(join(next, archives, 'partial'))).toBe(false);
});
