import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildCli } from './built.ts';

const { hailbook, folder } = buildCli('current-folder');

const NOBODY = 65534;

/** A folder with an inventory; the one who runs this owns both until told otherwise. */
function project(name: string): string {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'inventory.yml'), 'hosts: { evil: { connection: local } }\n');
  return cwd;
}

describe('nothing is taken from a folder of somebody else (CVE-2018-10874)', () => {
  it.each<[string, (cwd: string) => void, RegExp]>([
    ['the folder is', (cwd) => chownSync(cwd, NOBODY, NOBODY), /belongs to another account \(uid 65534\)/],
    ['the inventory is', (cwd) => chownSync(join(cwd, 'inventory.yml'), NOBODY, NOBODY), /inventory.yml belongs to an/],
    ['everybody may write to the folder', (cwd) => chmodSync(cwd, 0o777), /everybody may write to /],
    ['a folder like /tmp', (cwd) => chmodSync(cwd, 0o1777), /everybody may write to /],
    ['everybody may write to the inventory', (cwd) => chmodSync(join(cwd, 'inventory.yml'), 0o666), /everybody may/],
    [
      'a link that leads to somebody’s',
      (cwd) => {
        writeFileSync(join(cwd, 'theirs'), '');
        chownSync(join(cwd, 'theirs'), NOBODY, NOBODY);
        execFileSync('ln', ['-sfn', 'theirs', join(cwd, 'inventory.yml')]);
      },
      /inventory.yml belongs to another/,
    ],
  ])('%s: its inventory is refused, and accepted when it is named', async (what, spoil, why) => {
    const cwd = project(what.replaceAll(/\W/g, '-'));
    spoil(cwd);
    const { code, stdout, stderr } = await hailbook(['inventory'], { cwd });
    expect(stderr).toMatch(/^INVENTORY_UNTRUSTED /);
    expect(stderr).toMatch(why);
    expect(stderr).toContain('-i inventory.yml');
    expect([code, stdout]).toEqual([4, '']);
    if (!what.startsWith('a link'))
      expect((await hailbook(['inventory', '-i', 'inventory.yml'], { cwd })).stdout).toContain('evil');
  });

  it.each([[['ping']], [['check', 'site.yml']], [['run', 'site.yml']], [['exec', 'all', '--', 'touch canary']]])(
    'by no command: %j',
    async (command) => {
      const cwd = project(`commands-${command[0]}`);
      chmodSync(cwd, 0o777);
      expect(await hailbook(command, { cwd })).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/^INVENTORY_UNTRUSTED/),
      });
      expect(existsSync(join(cwd, 'canary'))).toBe(false);
    },
  );

  it('one’s own counts, also behind a link, and for who became root by sudo', async () => {
    const cwd = project('own');
    chmodSync(cwd, 0o775);
    symlinkSync(cwd, join(folder, 'own-link'));
    expect((await hailbook(['inventory'], { cwd: join(folder, 'own-link') })).stdout).toContain('evil');
    chownSync(cwd, NOBODY, NOBODY);
    expect((await hailbook(['inventory'], { cwd })).code).toBe(4);
    expect((await hailbook(['inventory'], { cwd, env: { SUDO_UID: String(NOBODY) } })).stdout).toContain('evil');
  });

  it('and no other file of it is even opened', async () => {
    const cwd = join(folder, 'decoys');
    // Whoever opens a pipe that nobody writes to waits for ever.
    const decoys = [
      ...['.env', '.npmrc', '.hailbookrc', 'hailbook.yml', 'hailbook.config.js', 'ansible.cfg', 'package.json'],
      ...['group_vars/all.yml', 'host_vars/evil.yml', 'vars.yml', 'library/file.py', 'modules/file/file.js', 'hosts'],
      ...['node_modules/yaml/package.json', 'node_modules/ssh2/package.json', 'node_modules/hailbook/package.json'],
      ...['id_ed25519', 'known_hosts', '.ssh/config', '.ssh/known_hosts', 'templates/x.hbs', 'playbooks/index.js'],
    ];
    for (const decoy of decoys) {
      mkdirSync(dirname(join(cwd, decoy)), { recursive: true });
      execFileSync('mkfifo', [join(cwd, decoy)]);
    }
    const site = join(folder, 'site.yml');
    writeFileSync(site, '- hosts: all\n  tasks:\n    - command: { shell: "true", changes: always }\n');
    const inventory = join(project('elsewhere'), 'inventory.yml');
    const { code, stdout, stderr } = await hailbook(['run', site, '-i', inventory], { cwd });
    expect(code, stdout + stderr).toBe(0);
  });
});
