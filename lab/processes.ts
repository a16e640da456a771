import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HailbookError } from '../engine/errors.ts';

/**
 * The processes that have exactly this argument. A lab's processes are known by an argument with a path of the lab's
 * own folder, and looked for in /proc: unlike a recorded pid this cannot be lost in a crash, nor mean another process later.
 */
export function processesWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => argumentsOf(pid).includes(argument));
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** When a process started, in ticks since the machine did; with the pid it names a process for good. */
export function startOf(pid: number): string | undefined {
  try {
    // The second field is the name in brackets, which may hold spaces and brackets itself; the start is field 22.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}

export function isRunning(pid: number, start: string | undefined): boolean {
  return start !== undefined && startOf(pid) === start;
}

/**
 * Ends the processes that have one of these arguments: asks first, and after `grace` seconds does not.
 * @throws HailbookError LAB_FAILED when one is still there after that
 */
export async function endProcesses(wanted: readonly string[], grace: number): Promise<void> {
  const remaining = () => wanted.flatMap(processesWith);
  if (grace > 0) {
    signal(remaining(), 'SIGTERM');
    await until(() => remaining().length === 0, grace);
  }
  const killed = () => {
    signal(remaining(), 'SIGKILL');
    return remaining().length === 0;
  };
  if (await until(killed, 10)) return;
  throw new HailbookError('LAB_FAILED', `processes of the lab do not end: ${remaining().join(' ')}`);
}

function signal(pids: readonly number[], name: 'SIGTERM' | 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself.
    }
  }
}

/** Asks every 50 ms; false when the answer has not become true in `seconds`. */
export async function until(condition: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) return false;
    await sleep(50);
  }
  return true;
}
