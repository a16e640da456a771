import { Command, CommanderError } from 'commander';
import { asHailbookError, type ErrorCode, formatError, HailbookError, InvalidInput, isLoss } from '../errors.ts';
import { clean, EXIT_MEANING } from '../report/index.ts';
import { EXIT } from '../run/index.ts';
import { demoCommand } from './demo.ts';
import { execCommand } from './exec.ts';
import { Interrupted } from './interrupt.ts';
import { inventoryCommand } from './inventory.ts';
import { labCommand } from './lab.ts';
import { examples } from './options.ts';
import { packageVersion } from './package.ts';
import { pingCommand } from './ping.ts';
import { checkCommand, runCommand } from './run.ts';
import { schemaCommand } from './schema.ts';

/** The command line as a whole; `argv` is Node's. Never rejects: what goes wrong is said on stderr and by the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) must not kill a run between two steps.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = complain(error);
  }
}

/** Every command with its flags: what `--help` and docs/cli.md show. */
export function program(): Command {
  const root = new Command('hailbook')
    .description('Brings hosts to the state that playbooks describe, over SSH, with nothing but /bin/sh on them.')
    .version(packageVersion())
    .usage('<command> [options]')
    .helpCommand(false);
  for (const command of [
    runCommand(),
    checkCommand(),
    pingCommand(),
    execCommand(),
    inventoryCommand(),
    schemaCommand(),
    labCommand(),
    demoCommand(),
  ]) {
    root.addCommand(command);
  }
  const codes = [EXIT.invalid, EXIT.interrupted, EXIT.failed, EXIT.unreachable, EXIT.changes, EXIT.ok];
  examples(
    root,
    ['hailbook lab up', 'four throw-away hosts on this machine'],
    ['hailbook check playbooks/cluster.yml', 'what would change'],
    ['hailbook run playbooks/cluster.yml', 'make it so'],
    ['hailbook exec cluster -- uptime', 'one command on every host of a group'],
  ).addHelpText(
    'after',
    `\nExit codes, the first that applies:\n${codes.map((code) => `  ${String(code).padEnd(3)}  ${EXIT_MEANING[code]}`).join('\n')}`,
  );
  strict(root);
  return root;
}

/** Errors are thrown to `main`, from every command of every depth, instead of printed and exited with. */
function strict(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const inner of command.commands) strict(inner);
}

function complain(error: unknown): number {
  if (error instanceof CommanderError) return complainOfUsage(error);
  if (error instanceof Interrupted) return EXIT.interrupted;
  const problems = error instanceof InvalidInput ? error.problems : [asHailbookError(error)];
  const text = problems.map(formatError).join('\n');
  process.stderr.write(`${clean(text)}\n`);
  for (const { code, cause } of problems) {
    if (code === 'INTERNAL' && cause instanceof Error) process.stderr.write(`${clean(cause.stack ?? '')}\n`);
  }
  if (problems.length > 1) process.stderr.write(`${problems.length} problems\n`);
  return error instanceof InvalidInput ? EXIT.invalid : exitOf(asHailbookError(error));
}

/** Help and version are no errors, though commander ends by throwing them. */
function complainOfUsage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok;
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (?:one of )?(.*)\?\)$/, '; did you mean "$1"?');
  const asked = error.code === 'commander.help' ? 'a command is missing' : message;
  const usage = new HailbookError('USAGE', asked, {
    hint: '`hailbook --help` and `hailbook COMMAND --help` show what there is.',
  });
  process.stderr.write(`${clean(formatError(usage))}\n`);
  return EXIT.invalid;
}

/** Errors of what a person wrote that come one at a time; the others come together, as InvalidInput. */
const WRITTEN: readonly ErrorCode[] = [
  'USAGE',
  'ARGS_INVALID',
  'FILE_MISSING',
  'INVENTORY_MISSING',
  'INVENTORY_UNTRUSTED',
  'PATTERN_EMPTY',
];

/** The exit code of an error that ended a command: only one that is known to be the input's may say that nothing was contacted. */
function exitOf(error: HailbookError): number {
  if (WRITTEN.includes(error.code)) return EXIT.invalid;
  return isLoss(error) ? EXIT.unreachable : EXIT.failed;
}
