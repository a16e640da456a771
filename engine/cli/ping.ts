import { Command } from 'commander';
import { sh } from '../plan/sh.ts';
import { paintWith, pingLine, troubleLine } from '../report/index.ts';
import { askHosts, failedHosts } from './ask-hosts.ts';
import { examples, type HostOptions, hostOptions } from './options.ts';
import { hasColour } from './standard-out.ts';

interface PingFlags extends HostOptions {
  readonly become?: boolean;
  readonly json?: boolean;
}

/** Seconds for `id -un`: a host that takes longer is stuck. */
const TIMEOUT = 20;

export function pingCommand(): Command {
  const command = hostOptions(new Command('ping'))
    .description('log in to hosts and say as whom and how fast')
    .argument('[pattern]', 'hosts, groups', 'all')
    .option('-b, --become', 'become root there as well')
    .option('--json', 'one line of JSON for each host')
    .action(async (pattern: string, flags: PingFlags) => {
      const paint = paintWith(hasColour());
      await askHosts(
        { pattern, script: sh`id -un`, user: flags.become ? 'root' : null, timeout: TIMEOUT, label: 'ping' },
        flags,
        {
          each: (answer, all) => [pingLine(answer, Math.max(...all.map((name) => name.length)), paint)],
          end: (answers) => troubleLine(answers, failedHosts(answers)),
        },
      );
    });
  return examples(
    command,
    ['hailbook ping', 'every host of the inventory'],
    ['hailbook ping spark_workers --become', 'a group; also tries sudo'],
  );
}
