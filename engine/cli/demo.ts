import { Command, Option } from 'commander';
import { labStatus } from '../../lab/index.ts';
import { EXIT } from '../run/index.ts';
import { attached, ownCommand } from './attached.ts';
import { hostCount } from './lab.ts';
import { examples } from './options.ts';
import { bundledPlaybook } from './package.ts';
import { say } from './standard-out.ts';

interface DemoFlags {
  readonly hosts?: number;
  readonly subnet?: string;
  readonly down?: boolean;
}

/** `hailbook demo`: from a fresh Debian machine to a proven Hail-on-Spark cluster, by the commands that a user would type. */
export function demoCommand(): Command {
  const demo = new Command('demo')
    .description('raise throw-away hosts here, build a Hail-on-Spark cluster on them and prove it (needs root)')
    .option('--hosts <number>', 'a master and this many less one workers (4)', hostCount)
    .option('--subnet <cidr>', 'addresses of the hosts (10.77.0.0/24)')
    .addOption(new Option('--keep', 'leave the cluster running afterwards (the default)').conflicts('down'))
    .option('--down', 'take the hosts down afterwards, also when something failed')
    .action(async (flags: DemoFlags) => {
      process.exitCode = await perform(flags);
    });
  return examples(
    demo,
    ['hailbook demo', 'four hosts; about 6 minutes the first time, 10 GB of disk'],
    ['hailbook demo --hosts 2 --down', 'the smallest cluster, and nothing of it left running'],
  );
}

async function perform({ hosts, subnet, down }: DemoFlags): Promise<number> {
  const start = performance.now();
  const lab = [...(hosts ? ['--hosts', String(hosts)] : []), ...(subnet ? ['--subnet', subnet] : [])];
  say('Bare Debian hosts on this machine, a Hail-on-Spark cluster on them, and a Hail job that proves it.');
  let code = await step('bare hosts: real systemd, sshd and apt', ['lab', 'up', '--install', ...lab]);
  if (code === EXIT.ok) code = await build();
  if (code === EXIT.ok) conclude(start, down ?? false);
  else
    say(
      `\nThe demo stopped: the last command ended with exit code ${code}. What it did stays; the same again goes on.`,
    );
  if (down) await step('nothing is left running', ['lab', 'down']);
  return code;
}

/** The cluster and its proof. @returns the exit code of the first command that failed */
async function build(): Promise<number> {
  // Named, because an inventory.yml in this folder (somebody's own cluster) would win over the lab; the same with playbooks.
  const inventory = ['-i', labStatus().inventory];
  const master = ['exec', ...inventory, '--become', 'spark_master', '--'];
  const steps: [what: string, argv: string[]][] = [
    ['the cluster', ['run', ...inventory, bundledPlaybook('cluster.yml')]],
    ['the proof: a Hail job of which every worker does a part', ['run', ...inventory, bundledPlaybook('verify.yml')]],
    ['what it found', [...master, 'cat', '/opt/hailbook/verify/report.json']],
  ];
  for (const [what, argv] of steps) {
    const code = await step(what, argv);
    if (code !== EXIT.ok) return code;
  }
  return EXIT.ok;
}

/** One command, shown as one would type it, on this terminal. */
function step(what: string, argv: readonly string[]): Promise<number> {
  say(`\n== ${what}\n$ ${name()} ${argv.join(' ')}`);
  const [file, ...rest] = ownCommand();
  return attached(file, [...rest, ...argv]);
}

function conclude(start: number, down: boolean): void {
  const seconds = Math.round((performance.now() - start) / 1000);
  const took = `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  say(`\nProven: from bare hosts to a verified cluster in ${took}. Every worker completed some of the tasks above.`);
  if (down) return;
  const next: [argv: string, what: string][] = [
    ['check playbooks/cluster.yml', 'nothing to change: exit code 0'],
    ['lab ssh spark-master', 'log in; then: sudo -iu hail, python, import hail as hl; hl.init()'],
    ['exec spark_workers -- sudo systemctl stop spark-worker', 'break something'],
    ['check playbooks/cluster.yml --diff', 'finds it; run mends it'],
    ['lab snapshot cluster', 'keep it as it is; lab reset --to cluster sets it back'],
    ['lab down', 'leaves nothing running'],
  ];
  const width = Math.max(...next.map(([argv]) => argv.length));
  say(`What to try next:\n\n${next.map(([argv, what]) => `  ${name()} ${argv.padEnd(width)}   # ${what}`).join('\n')}`);
}

/** How hailbook was called, for commands to copy: by npx, by `npm run demo` in a checkout, or by its name. */
function name(): string {
  if (process.env.npm_lifecycle_event === 'npx') return 'npx hailbook';
  return process.env.npm_lifecycle_event === 'demo' ? 'node dist/cli.js' : 'hailbook';
}
