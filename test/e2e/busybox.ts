import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output } from '../../engine/plan/contract.ts';

/** @throws where there is none */
export function findBusybox(): string {
  return execFileSync('/bin/sh', ['-c', 'command -v busybox || { echo "install busybox-static" >&2; exit 1; }'], {
    encoding: 'utf8',
  }).trim();
}

/** A place in which every program is busybox's: a chroot with nothing else in it but one folder of this machine, at its own path. */
export class BusyboxHost {
  readonly #root = mkdtempSync(join(tmpdir(), 'hailbook-busybox-'));
  readonly #argv: readonly string[];
  #namespace: Promise<ChildProcess> | undefined;

  constructor(busybox: string, shared: string) {
    this.#argv = ['/bin/sh', '-c', ROOM, 'room', this.#root, busybox, shared];
  }

  async run(script: string): Promise<Output> {
    this.#namespace ??= enter(this.#argv);
    const mount = `--mount=/proc/${(await this.#namespace).pid}/ns/mnt`;
    const child = spawn('nsenter', [mount, 'chroot', this.#root, '/bin/sh', '-c', script], {
      env: { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const code = await new Promise<number>((resolve) => child.on('close', (exit) => resolve(exit ?? 128)));
    return { code, stdout, stderr };
  }

  async close(): Promise<void> {
    const namespace = await this.#namespace;
    if (namespace) {
      namespace.stdin?.end();
      await new Promise((resolve) => namespace.once('exit', resolve));
    }
    rmSync(this.#root, { recursive: true });
  }
}

function enter(argv: readonly string[]): Promise<ChildProcess> {
  const child = spawn('unshare', ['--mount', '--propagation', 'private', ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve(child));
    child.once('exit', (code) => reject(new Error(`no room for busybox (exit ${code})`)));
  });
}

const ROOM = `set -e
root=$1; mount -t tmpfs room "$root"; chmod 755 "$root"
mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/proc" "$root/dev" "$root/etc" "$root/root" "$root$3"
cp "$2" "$root/bin/busybox"
ldd "$2" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do mkdir -p "$root\${library%/*}"; cp -L "$library" "$root$library"; done
chroot "$root" /bin/busybox --install -s
cp /etc/passwd /etc/group "$root/etc/"
mount -t proc proc "$root/proc"
for d in null zero urandom; do : >"$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
mount --bind "$3" "$root$3"
echo ready
exec cat`;
