import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildCli } from './built.ts';

const { hailbook, folder } = buildCli('cli-test');

/** A project of its own: an inventory with this machine as its only host, and a playbook that writes within the folder. */
function project(name: string, tasks: string, inventory = 'hosts: { here: { connection: local } }\n'): string {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'inventory.yml'), inventory);
  writeFileSync(join(cwd, 'site.yml'), `- name: Site\n  hosts: all\n  tasks:\n${tasks}`);
  return cwd;
}
const writes = (path: string): string =>
  `    - name: A folder\n      file: { path: ${path}, state: directory, mode: "0750" }\n`;

describe('words', () => {
  it("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await hailbook(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([[], ['run'], ['check'], ['ping'], ['exec'], ['inventory'], ['schema'], ['lab']])(
    '--help of %s has examples',
    async (...command) => {
      const { code, stdout } = await hailbook([...command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:');
      expect(stdout).toContain('hailbook');
    },
  );

  it.each([
    ['an unknown command', ['rnu', 'x.yml'], 'did you mean "run"?'],
    ['an unknown command of the lab', ['lab', 'dwon'], 'did you mean "down"?'],
    ['an unknown flag', ['run', 'x.yml', '--limti', 'a'], 'did you mean "--limit"?'],
    ['a number that is none', ['run', 'x.yml', '--forks', 'many'], 'a whole number from 1 is needed'],
    ['a policy that is none', ['ping', '--host-keys', 'off'], 'strict, accept-new'],
    ['no playbook', ['run'], "missing required argument 'file'"],
    ['nothing at all', [], 'a command is missing'],
  ])('%s is USAGE, exit code 4', async (_what, argv, message) => {
    const { code, stdout, stderr } = await hailbook(argv);
    expect(stderr).toContain('USAGE ');
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });
});

describe('the inventory', () => {
  it('is missing: exit code 4 and what to do', async () => {
    const { code, stderr } = await hailbook(['inventory']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^INVENTORY_MISSING .*\n {2}.*-i FILE.*hailbook lab up/);
  });

  it('is ./inventory.yml, over which -i wins; which one is always said', async () => {
    const cwd = project('choice', writes('x'));
    writeFileSync(join(cwd, 'other.yml'), 'hosts: { there: { connection: local } }\n');
    expect(await hailbook(['inventory'], { cwd })).toMatchObject({ code: 0, stderr: 'inventory: inventory.yml\n' });
    const other = await hailbook(['inventory', '-i', 'other.yml'], { cwd });
    expect(other).toMatchObject({ code: 0, stderr: 'inventory: other.yml\n' });
    expect(other.stdout).toContain('there');
  });

  it('--json is one document with hosts, groups and variables', async () => {
    const cwd = project(
      'json',
      writes('x'),
      'hosts: { w1: { address: 10.0.0.1, user: admin, vars: { a: 1 } }, w2: {} }\ngroups: { w: ["w[1:2]"] }\n',
    );
    const { stdout, stderr } = await hailbook(['inventory', '--json'], { cwd });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'inventory.yml',
      hosts: { w1: { address: '10.0.0.1', user: 'admin', groups: expect.arrayContaining(['w', 'all']) } },
      groups: { w: ['w1', 'w2'], all: ['w1', 'w2'] },
    });
  });

  it('a pattern that matches nothing is exit code 4', async () => {
    const cwd = project('pattern', writes('x'));
    const { code, stderr } = await hailbook(['ping', 'heree'], { cwd });
    expect(stderr).toContain('PATTERN_EMPTY');
    expect(stderr).toContain('did you mean "here"?');
    expect(code).toBe(4);
  });
});

describe('run and check', () => {
  it('check says what would change and changes nothing: 2; run does it: 0; both again: 0', async () => {
    const path = join(folder, 'cycle', 'made');
    const cwd = project('cycle', writes(path));
    const before = await hailbook(['check', 'site.yml'], { cwd });
    expect(before.code, before.stdout + before.stderr).toBe(2);
    expect(before.stdout).toContain('~ would change A folder');
    expect(before.stdout).toContain('inventory inventory.yml');
    expect(existsSync(path)).toBe(false);
    const first = await hailbook(['run', 'site.yml'], { cwd });
    expect(first.code, first.stdout + first.stderr).toBe(0);
    expect(existsSync(path)).toBe(true);
    const second = await hailbook(['run', 'site.yml'], { cwd });
    expect(second.stdout).toContain('Converged: nothing had to be changed.');
    expect(second.code).toBe(0);
    expect(await hailbook(['run', '--check', 'site.yml'], { cwd })).toMatchObject({ code: 0 });
  });

  it('--json prints events and nothing else on stdout', async () => {
    const cwd = project('events', writes(join(folder, 'events', 'made')));
    const { stdout, code } = await hailbook(['run', 'site.yml', '--json'], { cwd });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events[0]).toMatchObject({ event: 'run_started', version: 1, mode: 'run', inventory: 'inventory.yml' });
    expect(events.at(-1)).toMatchObject({ event: 'run_finished', exitCode: 0 });
    expect(code).toBe(0);
  });

  it('a failed task is exit code 1, told again at the end with its place', async () => {
    mkdirSync(join(folder, 'failing'), { recursive: true });
    writeFileSync(join(folder, 'failing', 'a-file'), '');
    const cwd = project('failing', writes(join(folder, 'failing', 'a-file', 'below')));
    const { code, stdout } = await hailbook(['run', 'site.yml'], { cwd });
    expect(stdout).toMatch(/FAILED\n {2}✖ here · A folder {2}site\.yml:\d+\n/);
    expect(stdout).toContain('(exit code 1: a task failed)');
    expect(code).toBe(1);
  });

  it('an invalid playbook is exit code 4 with every problem, and nothing is contacted', async () => {
    const path = join(folder, 'invalid', 'made');
    const cwd = project(
      'invalid',
      `${writes(path)}    - name: B\n      filee: { path: /x }\n    - name: C\n      file: { pth: /x }\n`,
    );
    const { code, stdout, stderr } = await hailbook(['run', 'site.yml'], { cwd });
    expect(stderr).toMatch(/site\.yml:\d+:\d+ MODULE_UNKNOWN .*did you mean "file"\?/);
    expect(stderr).toMatch(/site\.yml:\d+:\d+ ARGS_INVALID .*did you mean "path"\?/);
    expect(stdout).toBe('');
    expect(existsSync(path)).toBe(false);
    expect(code).toBe(4);
  });

  it('a host that cannot be reached is exit code 3', async () => {
    const cwd = project('lost', writes('/x'), 'hosts: { gone: { address: 127.0.0.1, port: 1 } }\n');
    const { code, stdout } = await hailbook(['run', 'site.yml'], { cwd });
    expect(stdout).toContain('HOST_UNREACHABLE');
    expect(stdout).toContain('Not reached: gone');
    expect(code).toBe(3);
  });

  it('--list-hosts and --list-tasks contact nobody', async () => {
    const cwd = project('list', writes('/x'), 'hosts: { gone: { address: 127.0.0.1, port: 1 } }\n');
    const { code, stdout } = await hailbook(['run', 'site.yml', '--list-hosts', '--list-tasks'], { cwd });
    expect(stdout).toMatch(
      /^PLAY Site {2}\(site\.yml:1\)\n {2}host {2}gone\n {2}task {2}A folder {2}file {2}\(site\.yml:\d+\)\n$/,
    );
    expect(code).toBe(0);
  });

  it('a password cannot be asked for without a terminal: a clear error, exit code 4', async () => {
    const cwd = project('asking', writes('/x'));
    const { code, stderr } = await hailbook(['run', 'site.yml', '--ask-become-pass'], { cwd });
    expect(stderr).toMatch(
      /USAGE sudo password is needed, and there is no terminal to ask on\n {2}Allow sudo without a password/,
    );
    expect(code).toBe(4);
  });

  it('a bundled playbook is found from anywhere, and that is said', async () => {
    const cwd = project('bundled', writes('/x'));
    const { stderr } = await hailbook(['run', 'playbooks/cluster.yml', '--list-tasks'], { cwd });
    expect(stderr).toContain('the one that hailbook brings along');
  });
});

describe('ping and exec', () => {
  const inventory =
    'hosts: { a1: { connection: local }, a2: { connection: local }, gone: { address: 127.0.0.1, port: 1 } }\ngroups: { a: ["a[1:2]"] }\n';

  it('ping says as whom, and 3 when a host is lost', async () => {
    const cwd = project('ping', writes('/x'), inventory);
    expect(await hailbook(['ping', 'a'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/✔ a1 {2}as \w+ {2}\d+ ms/),
    });
    const all = await hailbook(['ping'], { cwd });
    expect(all.stdout).toMatch(/✖ gone {2}HOST_UNREACHABLE/);
    expect(all.stdout).toContain('1 of 3 failed: gone');
    expect(all.code).toBe(3);
  });

  it('exec shows equal answers once, takes words as they are, and one word as a line for the shell', async () => {
    const cwd = project('exec', writes('/x'), inventory);
    const words = await hailbook(['exec', 'a', '--', 'printf', '%s\\n', "o'brien; $HOME", '-x'], { cwd });
    expect(words.stdout).toBe("✔ all 2 hosts\n  o'brien; $HOME\n  -x\n");
    const line = await hailbook(['exec', 'a', '--', 'echo one | tr o O; exit 3'], { cwd });
    expect(line.stdout).toBe('✖ all 2 hosts · exit code 3\n  One\n2 of 2 failed: a[1:2]\n');
    expect(line.code).toBe(1);
  });

  it('exec lets no output of a host move the cursor', async () => {
    const cwd = project('evil', writes('/x'), inventory);
    const { stdout } = await hailbook(['exec', 'a', '--', "printf 'a\\033[2Jb\\r\\n'"], { cwd });
    expect(stdout).toBe('✔ all 2 hosts\n  ab\n');
  });

  it('--json is a line for each host', async () => {
    const cwd = project('execjson', writes('/x'), inventory);
    const { stdout } = await hailbook(['exec', 'all', '--json', '--', 'echo', 'hi'], { cwd });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { host: string });
    expect(answers.find(({ host }) => host === 'a1')).toMatchObject({ exitCode: 0, stdout: 'hi\n', stderr: '' });
    expect(answers.find(({ host }) => host === 'gone')).toMatchObject({ error: { code: 'HOST_UNREACHABLE' } });
  });
});

describe('schema', () => {
  it('is JSON, and --write writes both', async () => {
    const { stdout } = await hailbook(['schema', 'playbook']);
    expect(JSON.parse(stdout)).toHaveProperty('$schema');
    const to = join(folder, 'schemas');
    expect((await hailbook(['schema', '--write', to])).code).toBe(0);
    for (const name of ['playbook', 'inventory'])
      expect(readFileSync(join(to, `${name}.schema.json`), 'utf8')).toBe(
        readFileSync(`schemas/${name}.schema.json`, 'utf8'),
      );
  });
});
