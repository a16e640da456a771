import { FILE_SHELL } from '../../modules/_file/shell.ts';

/** Shell functions that many steps begin with, and the line that stands for them in a `cases.yaml`. */
const SHARED: Readonly<Record<string, string>> = { '<_file>': FILE_SHELL };

export function nameShared(script: string): string {
  return Object.entries(SHARED).reduce((text, [name, shell]) => text.replaceAll(shell, name), script);
}
