import { Command } from 'commander';
import { STEP_TIMEOUT } from '../plan/contract.ts';
import { sh } from '../plan/sh.ts';
import { answerLines, paintWith, troubleLine } from '../report/index.ts';
import { askHosts, failedHosts } from './ask-hosts.ts';
import { examples, type HostOptions, hostOptions, wholeNumber } from './options.ts';
import { hasColour } from './standard-out.ts';

interface ExecFlags extends HostOptions {
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

export function execCommand(): Command {
  const command = hostOptions(new Command('exec'))
    .description('run one command on hosts; equal answers are shown once')
    .argument('<pattern>', 'hosts, groups')
    .argument(
      '<command...>',
      'after --; several words: a program and its arguments, each as it is; one word: a line for the shell',
    )
    .option('-b, --become', 'as root')
    .option('--become-user <name>', 'as this user')
    .option('--timeout <seconds>', 'time for the command on a host', wholeNumber, STEP_TIMEOUT)
    .option('--json', 'one line of JSON for each host')
    .action(async (pattern: string, words: string[], flags: ExecFlags) => {
      const [line] = words;
      const script = words.length === 1 && line !== undefined ? sh`exec /bin/sh -c ${line}` : sh`${words}`;
      const user = flags.becomeUser ?? (flags.become ? 'root' : null);
      await askHosts({ pattern, script, user, timeout: flags.timeout, label: words.join(' ') }, flags, {
        end: (answers) => [
          ...answerLines(answers, paintWith(hasColour())),
          ...troubleLine(answers, failedHosts(answers)),
        ],
      });
    });
  return examples(
    command,
    ['hailbook exec cluster -- uptime', 'a program on every host of a group'],
    ["hailbook exec spark_workers -- 'df -h / | tail -n 1'", 'a line for the shell'],
    ['hailbook exec spark-master --become -- systemctl restart spark-master', 'as root'],
  );
}
