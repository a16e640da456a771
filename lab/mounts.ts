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

export async function unmount(folder: string): Promise<void> {
  for (const path of mountsUnder(folder)) await command(['umount', path]);
}
