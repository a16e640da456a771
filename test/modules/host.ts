import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output, Step } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';

/**
 * A place where a module's scripts really run: this machine's /bin/sh and a temp folder. `isolated` also gives it
 * throw-away overlays over the folders in which accounts live (a private mount namespace), so that real useradd,
 * runuser and ssh-keygen work without a trace on this machine.
 */
export class TempHost {
  readonly tmp = mkdtempSync(join(tmpdir(), 'hailbook-case-'));
  readonly #isolated: boolean;
  #namespace: ChildProcess | undefined;

  constructor(isolated: boolean) {
    this.#isolated = isolated;
  }

  async run(script: string, stdin: Step['stdin'] = ''): Promise<Output> {
    const [command = '', ...argv] = [...(await this.#enter()), '/bin/sh', '-c', script];
    const child = spawn(command, argv, { cwd: this.tmp, env: ENVIRONMENT, stdio: 'pipe' });
    const streams = [collect(child.stdout), collect(child.stderr)] as const;
    // A script that does not read its stdin may be gone before it is written.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin instanceof Secret ? stdin.reveal() : stdin);
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exit) => resolve(exit ?? 128));
    });
    return { code, stdout: await streams[0], stderr: await streams[1] };
  }

  /** All files that a script could have changed here, with what shows that one was (ctime covers content, owner, mode). */
  async footprint(): Promise<string> {
    const { stdout } = await this.run(
      `find ${this.tmp} ! -path '*/.own/*/w*' -printf '%p %y %m %u %g %s %C@ %l\\n' | sort`,
    );
    return stdout;
  }

  close(): void {
    this.#namespace?.stdin?.end();
    rmSync(this.tmp, { recursive: true, force: true });
  }

  async #enter(): Promise<string[]> {
    if (!this.#isolated) return [];
    this.#namespace ??= await isolate(this.tmp);
    return ['nsenter', `--mount=/proc/${this.#namespace.pid}/ns/mnt`, `--wd=${this.tmp}`];
  }
}

const ENVIRONMENT = {
  LC_ALL: 'C',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};

const OVERLAYS = `set -e
own=$1/.own; mkdir "$own"; chmod 755 "$1"; mount -t tmpfs own "$own"
for d in etc home opt root srv var; do
  mkdir -p "$own/$d/u" "$own/$d/w"
  mount -t overlay own -o "lowerdir=/$d,upperdir=$own/$d/u,workdir=$own/$d/w" "/$d"
done
echo ready
exec cat`;

async function isolate(tmp: string): Promise<ChildProcess> {
  const child = spawn('unshare', ['--mount', '--propagation', 'private', '/bin/sh', '-c', OVERLAYS, 'isolate', tmp], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const complaint = collect(child.stderr);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', async (code) =>
      reject(new Error(`no private mount namespace (exit ${code}): ${await complaint}`)),
    );
  });
  return child;
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
