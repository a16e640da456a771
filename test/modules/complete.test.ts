import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Module } from '../../engine/plan/contract.ts';
import { MODULES } from '../../modules/index.ts';
import { loadCases } from './cases.ts';

const LEAST = 15;

/** While modules are being completed, what they lack is told; then it is a failure. */
const STRICT = false;

it('every module has enough cases, of both releases, and every resource a property that it holds', () => {
  const lacking = [...MODULES].flatMap(([name, module]) => lacks(name, module));
  if (STRICT) expect(lacking).toEqual([]);
  else if (lacking.length > 0) console.log(`still lacking\n  ${lacking.join('\n  ')}`);
});

function lacks(name: string, module: Module): string[] {
  const cases = loadCases(new URL(`../../modules/${name}/cases.yaml`, import.meta.url));
  const from = new Set(cases.flatMap((one) => one.from ?? []));
  // An action that reads nothing of what a tool prints is from no release.
  const releases = module.kind === 'action' && from.size === 0 ? [] : ['debian-12', 'debian-13'];
  const spec = new URL(`../property/specs/${name}.ts`, import.meta.url);
  return [
    ...(cases.length < LEAST ? [`${name}: ${LEAST - cases.length} cases`] : []),
    ...releases.filter((release) => !from.has(release)).map((release) => `${name}: output of ${release}`),
    ...(module.kind === 'resource' && !existsSync(spec) ? [`${name}: test/property/specs/${name}.ts`] : []),
  ];
}
