import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HailbookError } from '../../engine/errors.ts';
import type { Module } from '../../engine/plan/contract.ts';
import { MODULES } from '../../modules/index.ts';
import { type Case, loadCases, prepareArgs } from '../modules/cases.ts';
import { TempHost } from '../modules/host.ts';
import { plain } from '../modules/judge.ts';
import { BusyboxHost, findBusybox } from './busybox.ts';

/** Module → what its probe comes to where every program is busybox's. */
const rows: string[] = [];

/**
 * The states that the module's cases make with {tmp}, looked at by this machine's programs and by busybox's: the same answer, or none.
 * A probe that cannot see says so; it never takes what it cannot see for absent.
 */
it.each([...MODULES])('%s: busybox sees the same, or fails', async (name, module) => {
  const here = new TempHost(false);
  const there = new BusyboxHost(findBusybox(), here.tmp);
  let [same, fails] = [0, ''];
  try {
    for (const { args, setup, local } of situations(name, module, here.tmp)) {
      const probe = module.kind === 'resource' ? module.probe(args) : module.guard?.(args);
      if (!probe) continue;
      if (setup) await here.run(setup);
      const seen = (stdout: string): unknown => unlessRefused(() => plain(probe.parse(stdout)));
      const [ours, theirs] = [await here.run(probe.script), await there.run(probe.script)];
      if (theirs.code !== 0) fails ||= whyFailed(theirs.stderr);
      else if (local) {
        expect(seen(theirs.stdout), probe.script).toEqual(seen(ours.stdout));
        same++;
      }
    }
  } finally {
    await there.close();
    here.close();
  }
  const guarded = module.kind === 'resource' || module.guard !== undefined;
  const told = fails || (same > 0 ? 'the same' : guarded ? 'nothing to compare' : 'looks at nothing');
  rows.push(`| \`${name}\` | ${told} |`);
});

function whyFailed(stderr: string): string {
  const program = /([\w-]+): not found/.exec(stderr)?.[1];
  return program ? `fails: no \`${program}\`` : 'fails';
}

interface Situation {
  readonly args: Record<string, unknown>;
  readonly setup: string | undefined;
  /** Only of the shared folder, so both see the same. */
  readonly local: boolean;
}

function* situations(name: string, module: Module, tmp: string): Generator<Situation> {
  const cases: Case[] = loadCases(new URL(`../../modules/${name}/cases.yaml`, import.meta.url), { tmp });
  for (const one of cases) {
    if (!one.args || one.invalid || one.isolated) continue;
    for (const phase of one.run ?? [{ args: {}, setup: undefined }]) {
      const prepared = prepareArgs(module, { ...one.args, ...phase.args });
      if ('args' in prepared) {
        yield { args: prepared.args, setup: phase.setup, local: JSON.stringify(prepared.args).includes(tmp) };
      }
    }
  }
}

function unlessRefused(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof HailbookError) return error.code;
    throw error;
  }
}

const TEXT = `# Looking at a host with busybox

A host's \`/bin/sh\`, awk, sed, grep, find and stat may be busybox's. Every state that the modules' own cases make in a folder is looked at twice,
by Debian's programs and by those of Debian's \`busybox-static\` in a place where there are no others; the answers are the same, or the
probe fails. None takes what it cannot see for absent. Written by \`test/e2e/busybox.test.ts\`.

Only looking is compared. To change such a host, and to reach it at all, takes what busybox does not have: \`sudo\`, \`runuser\`, \`flock\`,
\`getent\`. Install those, or Debian's own packages, first.

| module | its probe |
| --- | --- |
`;

it('what that comes to is in the docs', async () => {
  await expect(`${TEXT}${rows.join('\n')}\n`).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/busybox.md'));
});
