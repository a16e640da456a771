import { readFileSync } from 'node:fs';
import { command } from './command.ts';

/** The mount points at or below a folder, the innermost first. */
export function mountsUnder(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/** Deletes a folder with all in it, but never what is mounted there. */
export async function discardFolder(folder: string): Promise<void> {
  await unmount(folder);
  // --one-file-system: a mount that appears now is left alone. `rm` is also much faster than fs.rm on a large tree.
  await command(['rm', '-rf', '--one-file-system', folder]);
}

export async function unmount(folder: string): Promise<void> {
  for (const path of mountsUnder(folder)) await command(['umount', path]);
}
