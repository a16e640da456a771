import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { follow } from './follow.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What the page needs of the project, beside its dependencies. */
const PARTS = [
  ...['cli.ts', 'engine', 'lab', 'modules', 'test'],
  ...['biome.json', 'package.json', 'tsconfig.build.json', 'tsconfig.json', 'vitest.config.ts'],
];

describe.each(['docs/writing-a-module.md', 'CONTRIBUTING.md'])('%s, followed in a copy of the project', (page) => {
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-module-'));

  beforeAll(() => {
    for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  // What npm itself has to say (a new version, a setting that it does not know) is no part of the page.
  const env = { npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
  follow(page, { folder, env, timeout: 120_000 });
});
