import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type LabStatus,
  labDown,
  labForget,
  labReset,
  labSnapshot,
  labSnapshots,
  labSsh,
  labStatus,
  labUp,
  type SnapshotStatus,
} from '../../lab/index.ts';
import { parseReleases } from '../../lab/release.ts';
import { mirrorServer } from '../../lab/serve.ts';
import { compressNames } from '../report/index.ts';
import { attached, ownCommand } from './attached.ts';

const EXAMPLES = `
Examples:
  hailbook lab up --install                  four hosts, and the packages that this needs here
  hailbook lab up --hosts 6 --subnet 10.80.0.0/24
  hailbook lab up --hosts 2 --release bookworm,trixie
  hailbook run playbooks/cluster.yml         uses the running lab when there is no inventory.yml
  hailbook lab ssh spark-worker1 -- systemctl status spark-worker
  hailbook lab reset                         fresh hosts in seconds, downloads kept
  hailbook lab snapshot clean                keep the disks as they are; hailbook lab reset --to clean
  hailbook lab down                          nothing of it is left running
`;

/** `hailbook lab up|reset|snapshot|snapshots|down|status|ssh`. Errors are thrown as HailbookError; progress goes to stderr. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .description('real throw-away Debian hosts on this machine, with systemd, sshd and apt (needs root)')
    .addHelpText('after', EXAMPLES);
  for (const add of [up, reset, snapshot, listSnapshots, down, status, ssh, serveMirror]) add(lab);
  return lab;
}

function up(lab: Command): void {
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
}

function reset(lab: Command): void {
  lab
    .command('reset')
    .description('give every host a fresh disk; names, addresses, keys and downloaded packages stay')
    .option('--to <snapshot>', 'not an empty disk, but what was on it then')
    .addOption(releaseOption().conflicts('to'))
    .action(async ({ release, to }: { release?: readonly string[]; to?: string }) => {
      await shown((progress) => labReset({ releases: release, to, self: ownCommand(), progress }));
    });
}

function snapshot(lab: Command): void {
  lab
    .command('snapshot')
    .description('keep the disks of all hosts as they are now, for `lab reset --to`; hosts that run are restarted')
    .argument('<name>')
    .action(async (name: string) => {
      process.stdout.write(table([await timed((progress) => labSnapshot(name, { self: ownCommand(), progress }))]));
    });
}

function listSnapshots(lab: Command): void {
  lab
    .command('snapshots')
    .description('the snapshots that there are, with what each has for itself on the disk')
    .option('--remove <name>', 'forget a snapshot; a host that stands on it keeps its disk')
    .action(async ({ remove }: { remove?: string }) => {
      if (remove !== undefined) await labForget(remove);
      process.stdout.write(table(await labSnapshots()));
    });
}

function down(lab: Command): void {
  lab
    .command('down')
    .description('take the lab down: no process, mount, bridge or firewall rule of it is left')
    .action(async () => {
      const taken = await timed((progress) => labDown({ progress }));
      process.stderr.write(taken ? 'the lab is down\n' : 'no lab is running\n');
    });
}

function status(lab: Command): void {
  lab
    .command('status')
    .description('what runs, and where')
    .action(() => {
      const found = labStatus();
      process.stdout.write(describe(found));
      if (!isWhole(found)) process.exitCode = 1;
    });
}

function ssh(lab: Command): void {
  lab
    .command('ssh')
    .description('log in to a host as its administrator, or run a command there')
    .argument('<host>')
    .argument('[command...]', 'after --')
    .action(async (host: string, command: string[]) => {
      process.exitCode = await attached('ssh', [...labSsh(host), ...command]);
    });
}

/** The mirror's own process: `lab up` starts it. */
function serveMirror(lab: Command): void {
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

/** The argument of `--hosts`. */
export function hostCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 32) throw new InvalidArgumentError('a number from 1 to 32');
  return count;
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

/** One line for each snapshot; sizes in millions of bytes, as disks are sold. */
function table(all: readonly SnapshotStatus[]): string {
  if (all.length === 0) return 'no snapshots\n';
  const width = Math.max(...all.map(({ name }) => name.length));
  const line = ({ name, taken, hosts, bytes }: SnapshotStatus) => {
    const names = compressNames(Object.keys(hosts));
    return `${name.padEnd(width)}  ${taken.slice(0, 19)}Z  ${Math.ceil(bytes / 1e6)
      .toString()
      .padStart(5)} MB  ${names}\n`;
  };
  return all.map(line).join('');
}
