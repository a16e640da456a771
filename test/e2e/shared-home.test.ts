import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { processesWith } from '../../lab/processes.ts';
import { labPlace } from '../../lab/state.ts';
import { labUp, onHost, play } from './hailbook.ts';

const HOSTS = ['spark-master', 'spark-worker1', 'spark-worker2', 'spark-worker3'];
const AT = '/srv/homes';
const NAME = 'nfshail';
const ROUNDS = 3;

const work = mkdtempSync(join(tmpdir(), 'hailbook-shared-'));
const folder = mkdtempSync(join(tmpdir(), 'hailbook-homes-'));
const home = join(folder, NAME);

/** Gives a folder of this machine to a running host, where it is a mount of the host's own: open_tree(2), then move_mount(2) over there. */
const SHARE = `my ($folder, $init, $at) = @ARGV;
my $tree = syscall(428, -100, $folder, 1);
die "open_tree: $!" if $tree < 0;
my $move = 'my ($tree, $at) = @ARGV; my $no = ""; syscall(429, $tree + 0, $no, -100, $at, 4) == 0 or die "move_mount: $!"';
exec 'nsenter', "--mount=/proc/$init/ns/mnt", 'perl', '-e', $move, $tree, $at;`;

function share(host: string): void {
  const outside = processesWith(`--directory=${join(labPlace().hosts, host)}/root`);
  const children = outside.flatMap((pid) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' '),
  );
  const init = children.find((pid) => pid !== '' && !outside.includes(Number(pid))) ?? '';
  execFileSync('perl', ['-e', SHARE, folder, init, AT]);
}

/** Each host has a key of its own to bring, and a name to make known, so all four write other lines into the same two files. */
const playbook = join(work, 'shared.yml');
const gone = join(work, 'gone.yml');
const KEYS = HOSTS.map((host) => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', host, '-f', join(work, host)]);
  return readFileSync(join(work, `${host}.pub`), 'utf8').trim();
});

beforeAll(async () => {
  await labUp();
  execFileSync('chmod', ['755', folder]);
  for (const host of HOSTS) {
    await onHost(host, `mkdir -p ${AT}`);
    share(host);
  }
  const keys = Object.fromEntries(HOSTS.map((host, index) => [host, KEYS[index]]));
  writeFileSync(
    playbook,
    `
- hosts: [${HOSTS.join(', ')}]
  become: true
  vars: { keys: ${JSON.stringify(keys)} }
  tasks:
    - name: account
      user: { name: ${NAME}, uid: 59010, gid: 59010, home: ${AT}/${NAME}, ssh_key: ed25519 }
      register: account
    - name: its own
      authorized_key: { user: ${NAME}, key: "{{ keys[host.name] }}" }
    - name: its name
      known_host: { user: ${NAME}, names: ["{{ host.name }}"], keys: "{{ facts.ssh_host_keys }}" }
    - name: the key that all share
      authorized_key: { user: ${NAME}, key: "{{ item.results.account.ssh_public_key }}" }
      loop: groups.all.map(h, hosts[h])
`,
  );
  writeFileSync(
    gone,
    `
- hosts: [${HOSTS.join(', ')}]
  become: true
  tasks:
    - { name: gone, user: { name: ${NAME}, state: absent, remove_home: true } }
`,
  );
});

afterAll(async () => {
  for (const host of HOSTS) await onHost(host, `umount ${AT}; userdel ${NAME} 2>/dev/null; true`);
  for (const path of [work, folder]) rmSync(path, { recursive: true, force: true });
});

it('four hosts at once on one home, as on NFS (here a bind mount of one folder): one ~/.ssh, one key, nothing lost, and gone again', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const ran = await play(['run', playbook]);
    expect(ran.errors).toEqual([]);
    expect(ran.code).toBe(0);

    expect(readdirSync(folder)).toEqual([NAME]);
    expect(readdirSync(join(home, '.ssh')).sort()).toEqual([
      'authorized_keys',
      'id_ed25519',
      'id_ed25519.pub',
      'known_hosts',
    ]);
    expect(statSync(join(home, '.ssh')).mode & 0o7777).toBe(0o700);
    const shared = readFileSync(join(home, '.ssh/id_ed25519.pub'), 'utf8').trim();
    const derived = execFileSync('ssh-keygen', ['-y', '-P', '', '-f', join(home, '.ssh/id_ed25519')], {
      encoding: 'utf8',
    });
    expect(derived.trim()).toBe(shared);
    const lines = readFileSync(join(home, '.ssh/authorized_keys'), 'utf8').trim().split('\n');
    expect(lines.sort()).toEqual([...KEYS, shared].sort());
    const known = readFileSync(join(home, '.ssh/known_hosts'), 'utf8');
    expect(
      [
        ...new Set(
          known
            .trim()
            .split('\n')
            .map((line) => line.split(' ')[0]),
        ),
      ].sort(),
    ).toEqual([...HOSTS].sort());
    expect((await play(['check', playbook])).code).toBe(0);

    // All four remove it at once, too.
    const removed = await play(['run', gone]);
    expect(removed.errors).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  }
});
