import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labPlace } from '../../lab/state.ts';
import { labUp, must } from './hailbook.ts';
import { Installed } from './installed.ts';

describe('the package, installed in an empty folder', () => {
  let installed: Installed;
  beforeAll(async () => {
    installed = new Installed();
    await labUp();
    await must(['lab', 'reset']);
  });
  afterAll(() => installed.remove());

  it('has the command, its playbooks and their templates: a check of the whole cluster works from there', async () => {
    expect((await installed.npx('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const inventory = labPlace().inventory;
    const check = await installed.npx('check', '-i', inventory, 'playbooks/cluster.yml', 'playbooks/verify.yml');
    expect(check.stderr).toContain('the one that hailbook brings along');
    expect(check.stdout).toContain('Settings of the daemons');
    expect(check.code).toBe(2);
  });

  it('has the lab, and says what the demo does', async () => {
    expect((await installed.npx('lab', 'status')).stdout).toMatch(/^spark-master .* running/);
    expect((await installed.npx('demo', '--help')).stdout).toContain('hailbook demo --hosts 2 --down');
    const both = await installed.npx('demo', '--keep', '--down');
    expect([both.code, both.stderr]).toEqual([
      4,
      expect.stringContaining("'--keep' cannot be used with option '--down'"),
    ]);
  });

  it('has no tests, sources or what only its authors need', () => {
    expect(readdirSync(join(installed.folder, 'node_modules/hailbook')).sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'NOTICE',
        'README.md',
        'dist',
        'docs',
        'modules',
        'package.json',
        'playbooks',
        'schemas',
      ].sort(),
    );
  });
});
