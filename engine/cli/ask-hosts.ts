import { HailbookError, isLoss } from '../errors.ts';
import { matchHosts } from '../load/index.ts';
import type { Sh } from '../plan/sh.ts';
import { answerJson, compressNames, duration, jsonLine, type Screen } from '../report/index.ts';
import { type AdhocAnswer, adhoc } from '../run/adhoc.ts';
import { EXIT } from '../run/index.ts';
import { interruptible } from './interrupt.ts';
import { chooseInventory } from './inventory-choice.ts';
import type { HostOptions } from './options.ts';
import { openConnect } from './reach.ts';
import { say, screenOut } from './standard-out.ts';

export interface Question {
  readonly pattern: string;
  readonly script: Sh;
  /** Null: as the one who logged in. */
  readonly user: string | null;
  /** Seconds that a host may take to answer. */
  readonly timeout: number;
  /** What is going on, for the live view. */
  readonly label: string;
}

/** Asks the hosts of a pattern one thing, shows the answers by `show` (or as JSON lines) and sets the exit code. */
export async function askHosts(
  { pattern, script, user, timeout, label }: Question,
  flags: HostOptions & { readonly json?: boolean },
  show: {
    each?(answer: AdhocAnswer, all: readonly string[]): string[];
    end(answers: readonly AdhocAnswer[]): string[];
  },
): Promise<void> {
  const inventory = chooseInventory(flags.inventory);
  say(`inventory: ${inventory.source}`);
  const names = matchHosts(pattern, inventory);
  const hosts = names.flatMap((name) => inventory.hosts.get(name) ?? []);
  const screen: Screen = screenOut();
  const connect = await openConnect(flags, inventory, (work) => screen.pause(work));
  const waiting = new Set(names);
  const started = performance.now();
  const onAnswer = (answer: AdhocAnswer): void => {
    waiting.delete(answer.host);
    if (flags.json) screen.print([jsonLine(answerJson(answer))]);
    else screen.print(show.each?.(answer, names) ?? []);
  };
  const status = (): string[] => [
    `${label} · ${duration((performance.now() - started) / 1000)} · ${compressNames([...waiting])}`,
  ];
  try {
    if (!flags.json) screen.watch(status);
    const answers = await interruptible(async (signal) => {
      const all = await adhoc(hosts, script, { connect, user, forks: flags.forks, timeout, signal, onAnswer });
      signal.throwIfAborted();
      return all;
    });
    screen.watch(null);
    if (!flags.json) screen.print(show.end(answers));
    process.exitCode = exitCodeOf(answers);
  } finally {
    screen.watch(null);
  }
}

/** The hosts that did not do it, or could not be asked. */
export function failedHosts(answers: readonly AdhocAnswer[]): string[] {
  return answers.flatMap(({ host, reply }) => (reply instanceof HailbookError || reply.code !== 0 ? host : []));
}

function exitCodeOf(answers: readonly AdhocAnswer[]): number {
  const lost = answers.filter(({ reply }) => reply instanceof HailbookError && isLoss(reply));
  if (failedHosts(answers).length > lost.length) return EXIT.failed;
  return lost.length > 0 ? EXIT.unreachable : EXIT.ok;
}
