import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory, loadPlaybooks } from '../../engine/load/index.ts';
import type { Module } from '../../engine/plan/contract.ts';
import type { RunEvent, Status } from '../../engine/run/events.ts';
import { type RunOptions, run } from '../../engine/run/index.ts';
import { createConnect } from '../../engine/transport/index.ts';
import { MODULES } from '../../modules/index.ts';

export interface Played {
  readonly exitCode: number;
  readonly events: readonly RunEvent[];
  /** `task name`: status by host (of a loop: joined by commas). */
  readonly status: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly requests: Readonly<Record<string, number>>;
}

/** Hosts that are this machine, each with a folder of its own (`{{ dir }}`): real shells, real files, no network. */
export class Playground {
  readonly root = mkdtempSync(join(tmpdir(), 'hailbook-run-'));
  readonly #hosts: readonly string[];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    const described = hosts.map((name) => {
      mkdirSync(this.dir(name));
      return `  ${name}: { address: 127.0.0.1, connection: local, vars: { dir: ${this.dir(name)} } }`;
    });
    writeFileSync(
      this.#path('inventory.yml'),
      `hosts:\n${described.join('\n')}\ngroups: { some: [${hosts.join(', ')}] }\n`,
    );
  }

  dir(host: string): string {
    return this.#path(host);
  }

  #path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.#path(name), text);
  }

  async play(text: string, options: Partial<RunOptions> & { modules?: readonly Module[] } = {}): Promise<Played> {
    this.write('playbook.yml', text);
    const inventory = loadInventory(this.#path('inventory.yml'));
    const modules = new Map(MODULES);
    for (const module of options.modules ?? []) modules.set(module.name, module);
    const playbook = loadPlaybooks([this.#path('playbook.yml')], { inventory, modules, extraVars: {} });
    const events: RunEvent[] = [];
    const { exitCode } = await run(playbook, {
      inventory,
      hosts: this.#hosts,
      mode: 'run',
      diff: false,
      forks: 8,
      stateFolder: (host) => join(this.dir(host), 'state'),
      connect: createConnect({ knownHosts: [], hostKeys: 'strict', connectTimeout: 5, prompts: {} as never }),
      ...options,
      emit: (event) => events.push(event),
    });
    return { exitCode, events, status: statusOf(events), requests: requestsOf(events) };
  }
}

function statusOf(events: readonly RunEvent[]): Record<string, Record<string, string>> {
  const status: Record<string, Record<string, string>> = {};
  for (const event of events) {
    if (event.event !== 'result') continue;
    status[event.task.name] ??= {};
    const ofTask = status[event.task.name] ?? {};
    const before = ofTask[event.host];
    ofTask[event.host] = before === undefined ? event.status : `${before},${event.status}`;
  }
  return status;
}

function requestsOf(events: readonly RunEvent[]): Record<string, number> {
  const finished = events.find((event) => event.event === 'run_finished');
  if (finished?.event !== 'run_finished') return {};
  return Object.fromEntries(Object.entries(finished.hosts).map(([name, { requests }]) => [name, requests]));
}

/** The same status for each of these hosts. */
export function all(hosts: readonly string[], status: Status | string): Record<string, string> {
  return Object.fromEntries(hosts.map((host) => [host, status]));
}
