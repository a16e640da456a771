import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HostKeyPolicy } from '../transport/known_hosts.ts';

/** Which hosts, and how they are reached: what every command that contacts hosts understands. */
export interface HostOptions {
  readonly inventory?: string;
  readonly forks: number;
  readonly user?: string;
  readonly key?: string;
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
  readonly hostKeys: HostKeyPolicy;
  readonly knownHosts?: string;
  readonly connectTimeout: number;
}

export interface ReportFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function inventoryOption(command: Command): Command {
  return command.option('-i, --inventory <file>', 'the inventory; else ./inventory.yml, else the running lab');
}

export function hostOptions(command: Command): Command {
  return inventoryOption(command)
    .option('--forks <n>', 'hosts at the same time', wholeNumber, 32)
    .option('-u, --user <name>', 'log in as this user')
    .option('--key <file>', 'log in with this private key')
    .option('--ask-pass', 'ask for the login password')
    .option('--ask-become-pass', 'ask for the sudo password')
    .addOption(
      new Option('--host-keys <policy>', 'what to do with a host key that is not known')
        .choices(['strict', 'accept-new'])
        .default('strict'),
    )
    .option('--known-hosts <file>', "the known_hosts file; else the lab's, else ~/.ssh/known_hosts")
    .option('--connect-timeout <seconds>', 'time to connect and log in', wholeNumber, 10);
}

/** Gathers a flag that may be given several times. */
export function repeated(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

export const wholeNumber = wholeNumberFrom(1);

/** Reads an option's value. */
export function wholeNumberFrom(least: 0 | 1): (text: string) => number {
  return (text) => {
    if (!/^(0|[1-9]\d{0,5})$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`a whole number from ${least} is needed.`);
    return Number(text);
  };
}

/** Examples below the options of a command's help. */
export function examples(command: Command, ...rows: readonly (readonly [line: string, what: string])[]): Command {
  const width = Math.max(...rows.map(([line]) => line.length));
  const text = rows.map(([line, what]) => `  ${line.padEnd(width)}   ${what}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${text}`);
}
