import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type LabStatus, labDown, labReset, labSsh, labStatus, labUp } from '../../lab/index.ts';
import { parseReleases } from '../../lab/release.ts';
import { mirrorServer } from '../../lab/serve.ts';

const EXAMPLES = `
Examples:
  hailbook lab up --install                  four hosts, and the packages that this needs here
  hailbook lab up --hosts 6 --subnet 10.80.0.0/24
  hailbook lab up --hosts 2 --release bookworm,trixie
  hailbook run playbooks/cluster.yml         uses the running lab when there is no inventory.yml
  hailbook lab ssh spark-worker1 -- systemctl status spark-worker
  hailbook lab reset                         fresh hosts in seconds, downloads kept
  hailbook lab down                          nothing of it is left running
`;

/** `hailbook lab up|down|status|reset|ssh`. Errors are thrown as HailbookError; progress goes to stderr. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .description('real throw-away Debian hosts on this machine, with systemd, sshd and apt (needs root)')
    .addHelpText('after', EXAMPLES);

  lab
    .command('up')
    .description('raise the lab, or what of it is not running')
    .option('--hosts <number>', 'a master and this many less one workers (4)', hostCount)
    .option('--subnet <cidr>', 'addresses of the hosts (10.77.0.0/24)')
    .addOption(releaseOption())
    .option('--install', 'install the packages that this machine lacks')
    .option('--mirror', 'with a mirror of Spark and Hail for the hosts (the default)')
    .option('--no-mirror', 'without the mirror: hosts fetch Spark and Hail from the internet')
    .addHelpText('after', EXAMPLES)
    .action(async ({ release, ...asked }: UpOptions) => {
      await shown((progress) => labUp({ ...asked, releases: release, self: ownCommand(), progress }));
    });

  lab
    .command('reset')
    .description('give every host a fresh disk; names, addresses, keys and downloaded packages stay')
    .addOption(releaseOption())
    .action(async ({ release }: Pick<UpOptions, 'release'>) => {
      await shown((progress) => labReset({ releases: release, self: ownCommand(), progress }));
    });

  lab
    .command('down')
    .description('take the lab down: no process, mount, bridge or firewall rule of it is left')
    .action(async () => {
      const taken = await timed((progress) => labDown({ progress }));
      process.stderr.write(taken ? 'the lab is down\n' : 'no lab is running\n');
    });

  lab
    .command('status')
    .description('what runs, and where')
    .action(() => {
      const status = labStatus();
      process.stdout.write(describe(status));
      if (!isWhole(status)) process.exitCode = 1;
    });

  lab
    .command('ssh')
    .description('log in to a host as its administrator, or run a command there')
    .argument('<host>')
    .argument('[command...]', 'after --')
    .action(async (host: string, command: string[]) => {
      process.exitCode = await attached('ssh', [...labSsh(host), ...command]);
    });

  lab
    .command('serve-mirror', { hidden: true })
    .requiredOption('--folder <path>')
    .requiredOption('--address <address>')
    .requiredOption('--port <port>')
    .action(async ({ folder, address, port }: { folder: string; address: string; port: string }) => {
      const server = mirrorServer(folder);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).once('close', resolve).listen(Number(port), address);
      });
    });

  return lab;
}

interface UpOptions {
  readonly hosts?: number;
  readonly subnet?: string;
  readonly release?: readonly string[];
  readonly install?: boolean;
  readonly mirror?: boolean;
}

function releaseOption(): Option {
  return new Option('--release <name>', "the hosts' Debian, bookworm or trixie; of several they take turns").argParser(
    parseReleases,
  );
}

function hostCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 32) throw new InvalidArgumentError('a number from 1 to 32');
  return count;
}

/** How the mirror's process is started: the CLI as it is built, also when these sources run without having been built. */
function ownCommand(): string[] {
  const built = import.meta.url.endsWith('.js') ? '../../cli.js' : '../../dist/cli.js';
  return [process.execPath, fileURLToPath(new URL(built, import.meta.url))];
}

async function shown(work: (progress: (message: string) => void) => Promise<LabStatus>): Promise<void> {
  process.stdout.write(describe(await timed(work)));
}

/** Reports what is being done and how long it has taken, and every 15 seconds that it still is. */
async function timed<T>(work: (progress: (message: string) => void) => Promise<T>): Promise<T> {
  const start = performance.now();
  let current = '';
  const say = (message: string) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stderr.write(`${seconds.padStart(6)} s  ${message}\n`);
  };
  const timer = setInterval(() => say(`… still ${current}`), 15_000);
  try {
    const result = await work((message) => {
      current = message;
      say(message);
    });
    say('done');
    return result;
  } finally {
    clearInterval(timer);
  }
}

function isWhole({ hosts, mirror }: LabStatus): boolean {
  return hosts.every((host) => host.up) && (mirror?.up ?? true);
}

function describe(status: LabStatus): string {
  const { hosts, mirror, inventory, subnet, bridge } = status;
  const width = Math.max(...hosts.map((host) => host.name.length));
  const state = (up: boolean) => (up ? 'running' : 'stopped');
  return [
    ...hosts.map(({ name, address, release, up }) =>
      [name.padEnd(width), address.padEnd(15), state(up), release].join('  '),
    ),
    `${'mirror'.padEnd(width)}  ${mirror ? `${mirror.url}  ${state(mirror.up)}` : 'none'}`,
    `${'network'.padEnd(width)}  ${subnet} on ${bridge}`,
    `${'inventory'.padEnd(width)}  ${inventory}`,
    ...(isWhole(status) ? [] : ['', 'hailbook lab up   raises what is stopped']),
    '',
  ].join('\n');
}

/** Runs a command on this terminal and gives its exit code. */
function attached(file: string, argv: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    spawn(file, argv, { stdio: 'inherit' })
      .on('error', reject)
      .on('close', (code) => resolve(code ?? 130));
  });
}
