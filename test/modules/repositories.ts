import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git } from '../../modules/git/git.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { prepared } from './judge.ts';

/** Gives what is below a folder, as any web server does; git can clone from that. Every request is counted. */
export class Web {
  readonly asked: string[] = [];
  #folder = '/nowhere';
  readonly #server: Server = createServer((request, response) => {
    this.asked.push(request.url ?? '');
    readFile(`${this.#folder}${(request.url ?? '').replace(/\?.*/, '')}`).then(
      (bytes) => response.writeHead(200).end(bytes),
      () => response.writeHead(404).end(),
    );
  });

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  serve(folder: string): void {
    this.#folder = folder;
    this.asked.length = 0;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** `somebody` is git as a person; `commit FILE TEXT` in work, `publish` to repo.git. */
const AS = `export HOME=$PWD/home GIT_CONFIG_GLOBAL=/dev/null
somebody() { command git -c user.name=x -c user.email=x@example -c init.defaultBranch=main -c protocol.file.allow=always "$@"; }
publish() { somebody -C work push -q --all ../repo.git && somebody -C work push -q --tags ../repo.git && somebody -C repo.git update-server-info; }
commit() { echo "$2" >"work/$1" && somebody -C work add . && somebody -C work commit -q -m "$1 $2"; }`;

/** Two branches, a tag and an annotated one. */
const MAKE = `somebody init -q --bare repo.git; somebody init -q work; commit a 1; somebody -C work tag plain; commit a 2
somebody -C work tag -m x annotated; commit a 3; somebody -C work checkout -q -b other; commit b 1
somebody -C work checkout -q main; publish`;

let made: string | undefined;

/** A host with a repository `repo.git`, its author's checkout `work`, and what is made of it, in `here`. */
export class Repositories {
  readonly host = new TempHost(false);

  constructor() {
    if (made === undefined) {
      made = mkdtempSync(join(tmpdir(), 'hailbook-case-repository-'));
      execFileSync('/bin/sh', ['-ec', `${AS}\n${MAKE}`], { cwd: made });
      const folder = made;
      process.on('exit', () => execFileSync('rm', ['-rf', folder]));
    }
    execFileSync('cp', ['-a', `${made}/.`, this.tmp]);
  }

  get tmp(): string {
    return this.host.tmp;
  }

  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.host.run(`set -e\n${AS}\n${script}`);
    if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
    return stdout.trim();
  }

  args(more: Record<string, unknown> = {}): Record<string, unknown> {
    return prepared(git, { repo: `${this.tmp}/repo.git`, dest: `${this.tmp}/here`, ...more });
  }

  apply(more: Record<string, unknown> = {}) {
    return applyResource(git, this.args(more), this.host);
  }

  /** The script that a run would send now to make it. */
  script(more: Record<string, unknown> = {}): string {
    const given = this.args(more) as Parameters<typeof git.steps>[1];
    return git
      .steps({ kind: 'create', after: {} }, given)
      .map((step) => step.script)
      .join('\n');
  }

  hash(name: string): Promise<string> {
    return this.sh(`git -C work rev-parse '${name}^{commit}'`);
  }

  close(): void {
    this.host.close();
  }
}
