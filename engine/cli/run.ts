import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { MODULES } from '../../modules/index.ts';
import { HailbookError } from '../errors.ts';
import { loadPlaybooks, matchHosts, parseExtraVars } from '../load/index.ts';
import type { Playbook } from '../plan/playbook.ts';
import { clean, compressNames } from '../report/index.ts';
import { run } from '../run/index.ts';
import { interruptible } from './interrupt.ts';
import { chooseInventory } from './inventory-choice.ts';
import { examples, type HostOptions, hostOptions, type ReportFlags, repeated, wholeNumberFrom } from './options.ts';
import { findPlaybooks } from './package.ts';
import { openConnect } from './reach.ts';
import { reportOut, say } from './standard-out.ts';

interface RunFlags extends HostOptions, ReportFlags {
  readonly limit?: string;
  readonly extraVars: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly lockTimeout?: number;
  readonly forgetHandlers?: boolean;
  readonly listHosts?: boolean;
  readonly listTasks?: boolean;
}

export function runCommand(): Command {
  const command = playbookCommand('run', 'bring hosts to the state that playbooks describe')
    .option(
      '--lock-timeout <seconds>',
      'how long to wait for another run that is changing a host',
      wholeNumberFrom(0),
      60,
    )
    .option('--forget-handlers', 'strike out the handlers that hosts remember from an earlier run, and do not run them')
    .option('--check', 'look only: tell what would change (the same as `hailbook check`)')
    .action((files: string[], flags: RunFlags) => converge(files, flags, flags.check ? 'check' : 'run'));
  return examples(
    command,
    ['hailbook run playbooks/cluster.yml', 'the whole cluster'],
    ['hailbook run site.yml --limit spark-worker1 --diff', 'one host only, files as diffs'],
    ["hailbook run site.yml -e version=3.5.9 -e '{cores: 4}' -e @mine.yml", 'variables: a text, YAML, a file'],
  );
}

export function checkCommand(): Command {
  const command = playbookCommand('check', 'tell what a run would change, and change nothing').action(
    (files: string[], flags: RunFlags) => converge(files, flags, 'check'),
  );
  return examples(
    command,
    ['hailbook check playbooks/cluster.yml', 'exit code 0: as desired, 2: a run would change something'],
    ['hailbook check site.yml --diff', 'with the files that would change as diffs'],
  );
}

function playbookCommand(name: string, description: string): Command {
  return hostOptions(new Command(name))
    .description(description)
    .argument('<file...>', 'playbooks, run one after the other')
    .option('-l, --limit <pattern>', 'write only to these of the hosts')
    .option('-e, --extra-vars <vars>', 'variables that win over all others: name=value, {YAML}, @file', repeated, [])
    .option('--diff', 'show changed files as unified diffs')
    .option('--json', 'every event as one line of JSON on stdout')
    .option('-v, --verbose', 'every item, note and value in full')
    .option('--list-hosts', 'show the hosts of each play and contact none')
    .option('--list-tasks', 'show the tasks of each play and contact no host');
}

async function converge(files: readonly string[], flags: RunFlags, mode: 'run' | 'check'): Promise<void> {
  const inventory = chooseInventory(flags.inventory);
  const hosts = flags.limit === undefined ? [...inventory.hosts.keys()] : matchHosts(flags.limit, inventory);
  const playbook = loadPlaybooks(findPlaybooks(files, say), {
    inventory,
    modules: MODULES,
    extraVars: parseExtraVars(flags.extraVars),
  });
  if (flags.listHosts || flags.listTasks) {
    say(`inventory: ${inventory.source}`);
    process.stdout.write(clean(listing(playbook, hosts, flags)));
    return;
  }
  const writable = played(playbook, hosts, flags.limit);
  const report = reportOut(flags);
  try {
    const connect = await openConnect(flags, inventory, report.pause);
    const { exitCode } = await interruptible((signal) =>
      run(playbook, {
        inventory,
        hosts: writable,
        mode,
        diff: flags.diff ?? false,
        forks: flags.forks,
        connect,
        forgetHandlers: flags.forgetHandlers ?? false,
        lock: { holder: `${userInfo().username}@${hostname()}`, wait: flags.lockTimeout ?? 0 },
        signal,
        emit: report.emit,
      }),
    );
    process.exitCode = exitCode;
  } finally {
    report.close();
  }
}

/**
 * Of the hosts that may be written those that a play is for.
 * @throws HailbookError PATTERN_EMPTY when --limit leaves none
 */
function played(playbook: Playbook, hosts: readonly string[], limit: string | undefined): string[] {
  const left = hosts.filter((host) => playbook.plays.some((play) => play.hosts.includes(host)));
  if (left.length > 0 || limit === undefined) return left;
  throw new HailbookError('PATTERN_EMPTY', `--limit "${limit}" leaves no host of any play`);
}

function listing(playbook: Playbook, hosts: readonly string[], { listHosts, listTasks }: RunFlags): string {
  const lines = playbook.plays.flatMap((play) => {
    const here = play.hosts.filter((host) => hosts.includes(host));
    const tasks = [...play.tasks, ...play.handlers];
    return [
      `PLAY ${play.name}  (${play.place.file}:${play.place.line})`,
      ...(listHosts ? here.map((host) => `  host  ${host}`) : [`  hosts ${compressNames(here) || '(none)'}`]),
      ...(listTasks
        ? tasks.map((task) => `  task  ${task.name}  ${task.module.name}  (${task.place.file}:${task.place.line})`)
        : []),
    ];
  });
  return `${lines.join('\n')}\n`;
}
