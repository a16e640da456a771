import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labPlace } from '../../lab/state.ts';
import { oneOfEachRelease } from '../property/host.ts';
import { Playground } from './playground.ts';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
/** Long enough to be a secret, and nothing else on any host. */
const SECRET = `canary-${'0123456789abcdef'.repeat(4)}`;

describe.each(oneOfEachRelease())('%s', (name) => {
  const ground = new Playground(name);
  const { host } = ground;

  beforeAll(async () => {
    await ground.freshMallory();
    await host.sh('rm -rf /srv/open /srv/secret; mkdir -p /srv/open /srv/secret; chmod 700 /srv/secret');
  });
  afterAll(async () => {
    await host.sh(
      'userdel -r mallory 2>/dev/null; userdel eyesuser 2>/dev/null; rm -rf /srv/open /srv/secret /root/pattern /root/seen',
    );
    await ground.close();
  });

  /** Lets `watch` (sh) go round and round as an account while work is done, and gives what it printed, each line once. */
  async function watching(as: 'root' | 'mallory', watch: string, work: () => Promise<unknown>): Promise<string[]> {
    const home = as === 'root' ? '/root' : '/home/mallory';
    const script = `cd ${home}; rm -f stop seen rounds; (while [ ! -e stop ]; do echo >>rounds; ${watch}; done >seen 2>/dev/null; touch over) >/dev/null 2>&1 &`;
    await (as === 'root' ? host.sh(script) : ground.asMallory(script));
    try {
      await work();
    } finally {
      await host.sh(
        `touch ${home}/stop; for i in 1 2 3 4 5 6 7 8 9 10; do [ -e ${home}/over ] && break; sleep 0.2; done; rm -f ${home}/over`,
      );
    }
    expect(Number(await host.sh(`wc -l <${home}/rounds`)), 'rounds of the one who watches').toBeGreaterThan(10);
    return [...new Set((await host.sh(`cat ${home}/seen`)).split('\n').filter((line) => line !== ''))];
  }

  it('a file that is to be private is at no moment readable by others (CVE-2020-1736)', async () => {
    const look = 'for f in /srv/open/* /srv/open/.[!.]*; do cat "$f"; done | grep -o "canary-[a-z]*"';
    const write = (mode: string) => (_: unknown, n: number) =>
      `copy: { content: "canary-${mode === '0600' ? 'closed' : 'open'} ${n}\\n", dest: /srv/open/f${n % 3}, mode: "${mode}" }`;
    const seen = await watching('mallory', look, () => ground.run(Array.from({ length: 20 }, write('0600'))));
    expect(seen).toEqual([]);
    // Who watches would have seen it.
    expect(await watching('mallory', look, () => ground.run(Array.from({ length: 20 }, write('0644'))))).toEqual([
      'canary-open',
    ]);
    // From readable to private: no other text with the old mode, no old text with the new one.
    expect(await watching('mallory', look, () => ground.run(Array.from({ length: 20 }, write('0600'))))).toEqual([
      'canary-open',
    ]);
  });

  it('nothing is put where its name could be guessed or made before (CVE-2020-1733, CVE-2013-4437)', async () => {
    const places = '/tmp /var/tmp /dev/shm /srv/open /run';
    const look = `find ${places} -maxdepth 1 -printf '%p %M %u\\n'`;
    const before = new Set((await host.sh(look)).split('\n').map((line) => line.split(' ')[0]));
    const tasks = (user: string): string[] => [
      `copy: { content: "for ${user}\\n", dest: /srv/open/x }`,
      'hosts_entry: { address: 10.6.6.6, names: [a], path: /srv/open/hosts }',
      'secret: { path: /srv/open/s }',
      'file: { path: /srv/open/link, state: link, target: x }',
      'wait_for: { url: "http://127.0.0.1:1/", timeout: 1 }',
      ...(user === 'root' ? ['apt: { names: [hailbook-no-such-package] }'] : []),
      'command: { shell: "sleep 0.3", changes: always }',
      'service: { name: cron, state: started }',
    ];
    const seen = async (): Promise<string[]> => {
      const lines = await watching('mallory', look, async () => {
        await ground.run(tasks('root'));
        await ground.run(tasks('nobody').map((task) => `${task}\n      become_user: nobody`));
      });
      await host.sh('rm -rf /srv/open; mkdir /srv/open');
      return lines.filter((line) => !before.has(line.split(' ')[0] ?? ''));
    };
    const [first, second] = [await seen(), await seen()];
    const wanted = /^\/srv\/open\/(x|hosts|s|link) /;
    for (const line of [...first, ...second].filter((one) => !wanted.test(one))) {
      const [path = '', mode = ''] = line.split(' ');
      // A file that will be for all to read may be that a moment before it has its name; a folder for working in may not.
      expect(line, 'nobody else may write').toMatch(
        path.startsWith('/srv/open/') ? / (-rw-[r-]--[r-]--|l.*) / : / [-d]rw.------ | l/,
      );
      // /run is root's alone, so a fixed name in it is safe. apt has six of mkstemp's own.
      if (path.startsWith('/run/')) continue;
      expect(path, mode).toMatch(/\.[A-Za-z0-9]{6}([A-Za-z0-9]{4})?$/);
      expect(first.includes(line) && second.includes(line), `${path} has the same name twice`).toBe(false);
    }
  });

  it('a secret is in no argument list, environment, log, temp file, report or error', async () => {
    await host.sh(
      `printf '%s\\n' ${SECRET} >/root/pattern; printf '%s\\n' ${SECRET} >/srv/secret/s; chmod 600 /srv/secret/s`,
    );
    mkdirSync(join(ground.folder, 'home'));
    ground.write({
      't.hbs': 'key = {{s.value}}\n',
      'site.yml': `- hosts: ${name}
  become: true
  tasks:
    - secret: { path: /srv/secret/s }
      register: s
    - template: { src: t.hbs, dest: /srv/secret/by-template }
    - template: { src: t.hbs, dest: /srv/secret/again, mode: "0640" }
    - command: { shell: "read x; sleep 0.5; [ $x ]", stdin: "{{ s.value }}", changes: always }
    - command: { shell: "read x; printf 'it is %s' $x", stdin: "{{ s.value }}", changes: always }
      register: said
    - say: { message: "{{ said.stdout }}" }
    - command: { shell: "read x; echo wrong $x; echo $x >&2; exit 3", stdin: "{{ s.value }}", changes: always }
      ignore_errors: true
    - template: { src: t.hbs, dest: /srv/no/such/folder }
      ignore_errors: true
    - file: { path: "/srv/secret/{{ s.value }}", state: directory }
      ignore_errors: true
    - copy: { content: "{{ s.value }}", dest: /srv/secret/by-copy }
    - user: { name: eyesuser, create_home: false, password: "$6$saltsalt\${{ s.value }}" }
    - user: { name: eyesuser, create_home: false, password: "no hash {{ s.value }}" }
      ignore_errors: true
`,
    });
    const told: string[] = [];
    const here: string[] = [];
    const hailbook = (...args: string[]): Promise<void> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [CLI, ...args, '-i', labPlace().inventory, 'site.yml'], {
          cwd: ground.folder,
          env: { PATH: process.env.PATH, HOME: join(ground.folder, 'home'), TMPDIR: join(ground.folder, 'home') },
        });
        const look = setInterval(() => {
          for (const file of ['cmdline', 'environ']) {
            try {
              here.push(readFileSync(`/proc/${child.pid}/${file}`, 'utf8'));
            } catch {
              // It has ended.
            }
          }
        }, 20);
        child.stdout.on('data', (text) => told.push(String(text)));
        child.stderr.on('data', (text) => told.push(String(text)));
        child.on('exit', () => clearInterval(look));
        child.on('close', () => resolve());
      });
    const look = 'grep -alF -f /root/pattern /proc/[0-9]*/cmdline /proc/[0-9]*/environ';
    const since = (await host.sh("touch /root/seen; date '+%F %T'")).trim();
    const seen = await watching('root', look, async () => {
      await hailbook('check', '--diff', '-v');
      await hailbook('run', '--json', '--diff');
      await hailbook('run', '-v', '--diff');
    });
    expect(seen).toEqual([]);
    const text = told.join('');
    expect(text).toContain('‹secret›');
    expect(text).toContain('it is ‹secret›');
    expect(text).toContain('"event":"run_finished"');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 40));
    expect(here.length).toBeGreaterThan(10);
    expect(here.join('')).not.toContain(SECRET);
    expect(readdirSync(join(ground.folder, 'home'))).toEqual([]);
    // On the host: in the files that were asked for and in nothing else, on disk or in memory.
    const files = await host.sh(
      'grep -rlF -f /root/pattern /etc /var /srv /home /tmp /run /dev/shm /opt /usr/local 2>/dev/null | grep -v ^/run/log/ || :',
    );
    expect(files.trim().split('\n').sort()).toEqual([
      '/etc/shadow',
      '/srv/secret/again',
      '/srv/secret/by-copy',
      '/srv/secret/by-template',
      '/srv/secret/s',
    ]);
    expect(await host.sh(`journalctl --since '${since}' | grep -cF -f /root/pattern || :`)).toBe('0\n');
    expect(await host.sh('stat -c %a /srv/secret/by-copy /srv/secret/by-template /srv/secret/again')).toBe(
      '600\n600\n640\n',
    );
  });
});
