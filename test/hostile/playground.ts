import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ErrorReport, RunEvent, Status } from '../../engine/index.ts';
import { LabHost } from '../property/host.ts';

/** What one task of a run came to, and everything that was told of it. */
interface Task {
  readonly status: Status;
  readonly error?: ErrorReport;
}

/** A lab host with an account `mallory` that means no good, and a folder on this side for playbooks. */
export class Playground {
  readonly host: LabHost;
  readonly folder = mkdtempSync(join(tmpdir(), 'hailbook-hostile-'));

  constructor(name: string) {
    this.host = new LabHost(name);
  }

  /** Mallory's home as it is when nobody has done anything yet. */
  async freshMallory(): Promise<void> {
    await this.host.sh(`getent passwd mallory >/dev/null || useradd -s /bin/sh mallory
rm -rf /home/mallory; install -d -m 755 -o mallory -g mallory /home/mallory`);
  }

  /** As mallory, who may do what an ordinary account may. */
  async asMallory(script: string): Promise<string> {
    const word = `'${script.replaceAll("'", "'\\''")}'`;
    return this.host.sh(`runuser -u mallory -- /bin/sh -c ${word} </dev/null`);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** Runs tasks, each a line `module: {…}` of YAML, as root; each is tried, whatever came of the one before. */
  async run(tasks: readonly string[], options: { diff?: boolean; vars?: string } = {}): Promise<Told> {
    const body = tasks.map((task) => `    - ${task}\n      ignore_errors: true\n`).join('');
    const vars = options.vars ? `  vars: ${options.vars}\n` : '';
    this.write({ 'site.yml': `- hosts: ${this.host.name}\n  become: true\n${vars}  tasks:\n${body}` });
    const events = await this.host.events(join(this.folder, 'site.yml'), 'run', options.diff);
    return { events, tasks: events.flatMap((event) => (event.event === 'result' ? [event] : [])) };
  }

  async close(): Promise<void> {
    await this.host.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Told {
  readonly events: readonly RunEvent[];
  readonly tasks: readonly Task[];
}
