import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../run/index.ts';

/** The command that runs hailbook itself: the CLI as it is built, also when these sources run without having been built. */
export function ownCommand(): [string, ...string[]] {
  const built = import.meta.url.endsWith('.js') ? '../../cli.js' : '../../dist/cli.js';
  return [process.execPath, fileURLToPath(new URL(built, import.meta.url))];
}

/**
 * Runs a command on this terminal and gives its exit code. Ctrl-C is for the command, which the terminal tells of it as well:
 * it ends in its own order, and only then do we.
 */
export function attached(file: string, argv: readonly string[]): Promise<number> {
  const leave = () => {};
  process.on('SIGINT', leave);
  return new Promise<number>((resolve, reject) => {
    spawn(file, argv, { stdio: 'inherit' })
      .on('error', reject)
      .on('close', (code) => resolve(code ?? EXIT.interrupted));
  }).finally(() => process.off('SIGINT', leave));
}
