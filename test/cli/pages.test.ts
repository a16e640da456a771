import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { program } from '../../engine/cli/main.ts';
import { ERROR_CODES } from '../../engine/errors.ts';
import { FACTS } from '../../engine/plan/facts.ts';

/** Pages that are made from the program itself. Stale? `npx vitest run --project unit test/cli/pages.test.ts -u` writes them anew. */

it('docs/errors.md lists every error code with what it means', async () => {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  const page = [
    '# Errors',
    '',
    'Every error has a code from this list, a place where there is one (`file:line:column`), a message, and where it helps a line on what',
    'to do. Made from `engine/errors.ts`.',
    '',
    '| code | what it means |',
    '|---|---|',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/errors.md');
});

it('docs/facts.md says what each fact is', async () => {
  const rows = Object.entries(FACTS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  const page = [
    '# Facts',
    '',
    'What expressions and templates find in `facts`, and of another host in `hosts["name"].facts`. They are looked up when something names',
    'them. Made from `engine/plan/facts.ts`.',
    '',
    '| fact | what it is |',
    '|---|---|',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/facts.md');
});

it('docs/cli.md shows the help of every command', async () => {
  const root = program();
  const page = [
    '# The command line',
    '',
    'What `--help` says, for every command. Made from `engine/cli/`.',
    '',
    ...helpOf(root, root.name(), 2),
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/cli.md');
});

function helpOf(command: Command, name: string, level: number): string[] {
  // The width is that of a terminal unless it is said.
  let text = '';
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
    getOutHelpWidth: () => 120,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  const shown = command.createHelp().visibleCommands(command);
  return [
    `${'#'.repeat(level)} \`${name}\``,
    '',
    '```',
    text.trimEnd(),
    '```',
    '',
    ...shown.flatMap((inner) => helpOf(inner, `${name} ${inner.name()}`, Math.min(level + 1, 4))),
  ];
}
