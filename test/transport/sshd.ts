import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../engine/plan/playbook.ts';
import type { Connection } from '../../engine/transport/connection.ts';
import { type ConnectOptions, createConnect } from '../../engine/transport/index.ts';

export const LOGIN_PASSWORD = "it's a «long» pass $word";

/** Accounts that exist for this sshd only: it runs in a mount namespace with an /etc/passwd of its own. */
const ACCOUNTS = [
  { name: 'robot', uid: 61001, shell: '/bin/sh', sudo: 'robot ALL=(ALL:ALL) NOPASSWD: ALL' },
  { name: 'person', uid: 61002, shell: '/bin/bash', sudo: 'person ALL=(ALL:ALL) ALL' },
  { name: 'guest', uid: 61003, shell: '/bin/sh', sudo: '' },
  { name: 'closed', uid: 61004, shell: '/usr/sbin/nologin', sudo: '' },
  { name: 'hail', uid: 61005, shell: '/bin/sh', sudo: '' },
];

/** For connections that must get by without a person. */
export const noPassphrase = (): Promise<string> => Promise.reject(new Error('a passphrase was asked for'));

function requireTools(): void {
  if (spawnSync('/usr/sbin/sshd', ['-V']).error)
    throw new Error('these tests need a real sshd: apt-get install openssh-server');
  if (spawnSync('sudo', ['-V']).error) throw new Error('these tests need sudo: apt-get install sudo');
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0)
    throw new Error('these tests need root: unshare --mount failed');
}

/** A real sshd on loopback with real sudo behind it; everything that it has is in a temp folder. */
export class Sshd {
  readonly dir = mkdtempSync(join(tmpdir(), 'hailbook-sshd-'));
  port = 0;
  #process: ChildProcess | undefined;
  #connections: Connection[] = [];

  /** @param extra lines of sshd_config */
  async start(extra: readonly string[] = []): Promise<this> {
    requireTools();
    chmodSync(this.dir, 0o755);
    this.port = await freePort();
    for (const type of ['ed25519', 'rsa', 'ecdsa']) this.keygen(`host_${type}`, type);
    this.keygen('id', 'ed25519');
    mkdirSync(this.path('keys'));
    for (const name of ['root', ...ACCOUNTS.map((account) => account.name)]) this.authorize(name, 'id');
    this.#writeAccounts();
    this.#writeConfig(extra);
    // The script only mounts and then becomes sshd, so that its process is the one to end.
    this.#process = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', MOUNT, 'sh', this.dir], {
      stdio: 'ignore',
    });
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (tries > 200) throw new Error(`sshd did not start:\n${this.log()}`);
      await sleep(25);
    }
    return this;
  }

  async stop(): Promise<void> {
    this.hangUp();
    const process = this.#process;
    if (process && process.exitCode === null) {
      const gone = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGTERM');
      await gone;
    }
    rmSync(this.dir, { recursive: true });
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  keygen(name: string, type: string, passphrase = '', extra: readonly string[] = []): string {
    const path = this.path(name);
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      type,
      ...(type === 'rsa' ? ['-b', '2048'] : []),
      '-N',
      passphrase,
      '-C',
      '',
      '-f',
      path,
      ...extra,
    ]);
    return path;
  }

  authorize(user: string, key: string): void {
    appendFileSync(this.path(`keys/${user}`), readFileSync(this.path(`${key}.pub`)));
  }

  /** A known_hosts file with the given host keys. */
  knownHosts(
    name: string,
    types: readonly string[] = ['ed25519'],
    hosts = `[127.0.0.1]:${this.port}`,
    marker = '',
  ): string {
    const path = this.path(name);
    writeFileSync(
      path,
      types.map((type) => `${marker}${hosts} ${readFileSync(this.path(`host_${type}.pub`), 'utf8')}`).join(''),
    );
    return path;
  }

  fingerprint(type: string): string {
    return execFileSync('ssh-keygen', ['-lf', this.path(`host_${type}.pub`)], { encoding: 'utf8' }).split(' ')[1] ?? '';
  }

  log(): string {
    return readFileSync(this.path('log'), 'utf8');
  }

  /** Processes that serve logged-in connections. */
  sessions(): number[] {
    const found = spawnSync('pgrep', ['-P', String(this.#process?.pid)], { encoding: 'utf8' });
    return found.stdout.split('\n').filter(Boolean).map(Number);
  }

  host(user: string, rest: Partial<Host> = {}): Host {
    return { name: 'node', address: '127.0.0.1', port: this.port, user, connection: 'ssh', vars: {}, ...rest };
  }

  /** Connects with the test's key and known hosts, unless told otherwise; a question to a person is an error. */
  async connect(user: string, options: Partial<ConnectOptions> = {}): Promise<Connection> {
    const connect = createConnect({
      key: this.path('id'),
      knownHosts: [this.knownHosts('known_hosts')],
      hostKeys: 'strict',
      connectTimeout: 10,
      prompts: { passphrase: noPassphrase },
      ...options,
    });
    const connection = await connect(this.host(user));
    this.#connections.push(connection);
    return connection;
  }

  /** Closes what `connect` opened. */
  hangUp(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
  }

  #writeAccounts(): void {
    const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
      input: `${LOGIN_PASSWORD}\n`,
      encoding: 'utf8',
    }).trim();
    const homes = this.path('home');
    mkdirSync(homes);
    for (const { name } of ACCOUNTS) mkdirSync(join(homes, name), { mode: 0o755 });
    const passwd = ACCOUNTS.map(({ name, uid, shell }) => `${name}:x:${uid}:${uid}::${homes}/${name}:${shell}\n`).join(
      '',
    );
    const shadow = ACCOUNTS.map(({ name }) => `${name}:${hash}:19700:0:99999:7:::\n`).join('');
    const group = ACCOUNTS.map(({ name, uid }) => `${name}:x:${uid}:\n`).join('');
    writeFileSync(this.path('passwd'), readFileSync('/etc/passwd', 'utf8') + passwd);
    writeFileSync(this.path('shadow'), readFileSync('/etc/shadow', 'utf8') + shadow, { mode: 0o600 });
    writeFileSync(this.path('group'), readFileSync('/etc/group', 'utf8') + group);
    // The lecture and use_pty as an old habit and Debian 12's default have them.
    const defaults = 'Defaults env_reset, use_pty, lecture=always\nroot ALL=(ALL:ALL) ALL\n';
    const rules = ACCOUNTS.map(({ sudo }) => `${sudo}\n`).join('');
    writeFileSync(this.path('sudoers'), defaults + rules, { mode: 0o440 });
  }

  #writeConfig(extra: readonly string[]): void {
    const lines = [
      ...extra,
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      ...['ed25519', 'rsa', 'ecdsa'].map((type) => `HostKey ${this.path(`host_${type}`)}`),
      `AuthorizedKeysFile ${this.dir}/keys/%u`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'PidFile none',
      'LogLevel DEBUG1',
    ];
    writeFileSync(this.path('sshd_config'), `${lines.join('\n')}\n`);
    writeFileSync(this.path('log'), '');
  }
}

const MOUNT = `
for file in passwd shadow group sudoers; do mount --bind "$1/$file" "/etc/$file"; done
mount -t tmpfs tmpfs /run; mkdir /run/sshd
mount -t tmpfs tmpfs /var/lib/sudo
exec /usr/sbin/sshd -D -f "$1/sshd_config" -E "$1/log"`;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
