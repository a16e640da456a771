import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HailbookError } from '../../engine/errors.ts';
import type { Module } from '../../engine/plan/contract.ts';
import { MODULES } from '../../modules/index.ts';
import { withArgumentTable } from './argument-table.ts';
import { type Case, loadCases } from './cases.ts';
import { applyAction, applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { hostileArgs, runAll, scriptsOf, shellComplaint } from './hostile.ts';
import { judge, plain, prepared } from './judge.ts';

const folder = new URL('../../modules/', import.meta.url);
const fileOf = (name: string, file: string): URL => new URL(`${name}/${file}`, folder);

it('modules/ and the registry name the same modules', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('_'),
  );
  expect([...MODULES.keys()].sort()).toEqual(folders.map((entry) => entry.name).sort());
});

describe.each([...MODULES])('%s', (name, module) => {
  const cases = loadCases(fileOf(name, 'cases.yaml'));

  it('is described: its name, every argument, and a README that fits its schema', async () => {
    expect(module.name).toBe(name);
    expect(module.description).toMatch(/^[A-Z].*\.$/s);
    for (const [argument, schema] of Object.entries(module.args.properties)) {
      expect(schema, `${name}.${argument}`).toHaveProperty('description', expect.stringMatching(/\S/));
    }
    const file = fileOf(name, 'README.md');
    await expect(withArgumentTable(readFileSync(file, 'utf8'), module)).toMatchFileSnapshot(fileURLToPath(file));
  });

  it('has a case in which a check finds a change and one in which it finds none', () => {
    expect(cases.filter(findsChange), 'a case with a change').not.toEqual([]);
    if (module.kind === 'resource' || module.guard)
      expect(cases.filter(findsNone), 'a case without one').not.toEqual([]);
  });

  it('keeps hostile names one shell word each, in every argument', () => {
    const [example] = cases.flatMap((one) => (one.args && !one.invalid ? [one.args] : []));
    expect(example, 'a case with arguments').toBeDefined();
    const cwd = mkdtempSync(join(tmpdir(), 'hailbook-hostile-'));
    const scripts = [...hostileArgs(module, placed(example ?? {}, cwd))].map((args) => scriptsOf(module, args));
    const all = new Set(scripts.flatMap(({ probes, steps }) => [...probes, ...steps]));
    expect(shellComplaint([...all])).toBeUndefined();
    runAll([...new Set(scripts.flatMap(({ probes }) => probes))], cwd);
    expect(readdirSync(cwd), 'a probe ran a part of a name').not.toContain('canary');
    rmSync(cwd, { recursive: true });
  }, 120_000);

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    if (one.run) await runCase(name, module, one);
    else judge(module, one);
  });
});

const findsChange = (one: Case): boolean =>
  one.run?.some(({ expect }) => expect === 'changed' || expect === 'done') ||
  Boolean(one.change) ||
  one.steps !== undefined;
const findsNone = (one: Case): boolean =>
  one.run?.some(({ expect }) => ['changed', 'ok', 'already'].includes(String(expect))) ||
  one.change === null ||
  one.guard?.done === true;

const placed = (args: Record<string, unknown>, tmp: string): Record<string, unknown> =>
  JSON.parse(JSON.stringify(args).replaceAll('{tmp}', tmp));

/** Each phase really runs; `changed` also asserts that two more looks find nothing to do. */
async function runCase(name: string, module: Module, { name: title, isolated = false }: Case): Promise<void> {
  const host = new TempHost(isolated);
  try {
    const one = loadCases(fileOf(name, 'cases.yaml'), { tmp: host.tmp }).find((candidate) => candidate.name === title);
    for (const phase of one?.run ?? []) {
      if (phase.setup) await must(host, phase.setup);
      const args = prepared(module, { ...one?.args, ...phase.args });
      const applied = await attempt(() =>
        (module.kind === 'action' ? applyAction : applyResource)(module as never, args, host),
      );
      if (typeof phase.expect === 'string') {
        if (applied instanceof HailbookError) throw applied;
        expect(applied.outcome).toBe(phase.expect);
        expect(plain(applied.state)).toMatchObject((plain(phase.state) as object | undefined) ?? {});
      } else {
        expect(applied, 'no error').toBeInstanceOf(HailbookError);
        expect(applied).toMatchObject({
          code: phase.expect.code,
          message: expect.stringContaining(phase.expect.message ?? ''),
        });
      }
      if (phase.after) await must(host, phase.after);
    }
  } finally {
    host.close();
  }
}

async function must(host: TempHost, script: string): Promise<void> {
  const { code, stdout, stderr } = await host.run(`set -ex\n${script}`);
  if (code !== 0) throw new Error(`exit ${code} of the case's own script:\n${stderr}${stdout}`);
}

async function attempt<T>(work: () => Promise<T>): Promise<T | HailbookError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HailbookError) return error;
    throw error;
  }
}
