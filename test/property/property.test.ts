import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODULES } from '../../engine/index.ts';
import { labPlace, readRecord } from '../../lab/state.ts';
import { addressIn, parseSubnet } from '../../lab/subnet.ts';
import { isAction } from './action.ts';
import { holds, type Outcome, printed } from './case.ts';
import { LabHost, oneOfEachRelease, releaseOf } from './host.ts';
import { openLab } from './serve.ts';
import type { Lab, Spec } from './spec.ts';

const { HAILBOOK_FULL, HAILBOOK_CASES, HAILBOOK_SEED, HAILBOOK_PATH, HAILBOOK_HOSTS, HAILBOOK_TALLY } = process.env;
const CASES = Number(HAILBOOK_CASES ?? (HAILBOOK_FULL ? 200 : 25));
const SEED = Number(HAILBOOK_SEED ?? Date.now() % 0x7fffffff);

const specs = join(import.meta.dirname, 'specs');
const makers = await Promise.all(
  readdirSync(specs).map(async (file) => ({
    name: file.replace(/\.ts$/, ''),
    make: (await import(join(specs, file))).default as (lab: Lab) => Spec,
  })),
);

const hosts = HAILBOOK_HOSTS?.split(',') ?? oneOfEachRelease();

it('each spec is of a module that there is, and stands in a file of its name', () => {
  expect(makers.filter(({ name }) => !MODULES.has(name)).map(({ name }) => name)).toEqual([]);
  expect(makers.filter(({ name, make }) => make({ origin: '', serve: () => {} }).module !== name)).toEqual([]);
});

describe.each(hosts)('on %s', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-property-'));
  const host = new LabHost(name);
  let lab: Awaited<ReturnType<typeof openLab>>;

  beforeAll(async () => {
    lab = await openLab(addressIn(parseSubnet(readRecord(labPlace())?.subnet ?? ''), 1));
  });
  afterAll(async () => {
    lab?.close();
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(makers)(
    '$name: what a check predicts is what a run does, twice is clean, and another tool sees it',
    async ({ make }) => {
      const spec = make(lab);
      if (spec.prepare) await host.sh(spec.prepare);
      try {
        await everyCase(spec, host, folder);
      } finally {
        if (spec.cleanup) await host.sh(spec.cleanup);
      }
    },
  );
});

async function everyCase(spec: Spec, host: LabHost, folder: string): Promise<void> {
  const counts: Record<Outcome, number> = { changed: 0, ok: 0, refused: 0 };
  const started = performance.now();
  const property = fc.asyncProperty(spec.before, spec.args, async (before, args) => {
    counts[await holds(spec, host, folder, before, args)]++;
  });
  const found = await fc.check(property, {
    numRuns: CASES,
    seed: SEED,
    ...(HAILBOOK_PATH === undefined ? {} : { path: HAILBOOK_PATH, endOnFailure: true }),
    // Of the shrinking, should it not come to an end.
    interruptAfterTimeLimit: CASES * 15_000,
    markInterruptAsFailure: true,
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const outcomes = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  console.log(
    `${spec.module} on ${host.name}: ${CASES} cases, seed ${found.seed}, ${outcomes.join(', ')}, ${seconds} s`,
  );
  if (HAILBOOK_TALLY !== undefined) {
    const release = releaseOf(host.name);
    const tally = { module: spec.module, release, cases: CASES, seed: found.seed, ...counts, seconds };
    appendFileSync(HAILBOOK_TALLY, `${JSON.stringify(tally)}\n`);
  }
  if (found.failed) {
    const [before, args] = found.counterexample ?? ['', {}];
    const again = `HAILBOOK_SEED=${found.seed} HAILBOOK_PATH=${found.counterexamplePath} HAILBOOK_CASES=${CASES}`;
    const why = found.errorInstance instanceof Error ? found.errorInstance.message : 'it took too long';
    throw new Error(
      `${spec.module} does not hold: ${why}\n\n${printed(spec, host.name, before, args)}\nagain: ${again} npx vitest run --project property -t ${spec.module}`,
    );
  }
  if (HAILBOOK_PATH !== undefined) return;
  // Otherwise the cases say nothing.
  expect(counts.changed, 'cases with a change').toBeGreaterThan(CASES / 10);
  // Of an action a refusal says something, too: that the other tool does not see it either.
  expect(counts.refused, 'cases that are refused').toBeLessThan(CASES * (isAction(spec) ? 0.8 : 0.5));
}
