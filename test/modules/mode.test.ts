import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyMode, MODE_PATTERN } from '../../modules/_file/mode.ts';

const who = fc.array(fc.constantFrom('u', 'g', 'o', 'a'), { minLength: 1, maxLength: 2 });
const bits = fc.array(fc.constantFrom('r', 'w', 'x', 'X', 's', 't'), { maxLength: 3 }).map((all) => all.join(''));
const what = fc.oneof({ arbitrary: bits, weight: 3 }, fc.constantFrom('u', 'g', 'o'));
const actions = fc.array(fc.tuple(fc.constantFrom('-', '+', '='), what), { minLength: 1, maxLength: 2 });
const clause = fc.tuple(who, actions).map(([names, parts]) => names.join('') + parts.flat().join(''));
const symbolic = fc.array(clause, { minLength: 1, maxLength: 2 }).map((clauses) => clauses.join(','));
const octal = fc.nat(0o7777).map((mode) => mode.toString(8).padStart(4, '0'));

it('a symbolic mode makes of any mode what chmod makes of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-mode-'));
  const cases = fc.sample(fc.record({ mode: symbolic, present: octal, place: fc.constantFrom('f', 'd') }), {
    numRuns: 1000,
    seed: 20261121,
  });
  const script = cases.map(
    ({ mode, present, place }) => `chmod 00${present} ${place}; chmod -- ${mode} ${place}; stat -c %a ${place}`,
  );
  const out = execFileSync('/bin/sh', ['-ec', `cd "$1"; touch f; mkdir d\n${script.join('\n')}`, 'modes', folder], {
    encoding: 'utf8',
  });
  const seen = out.trim().split('\n');
  rmSync(folder, { recursive: true });
  const made = cases.map((one) => ({ ...one, made: applyMode(one.mode, one.present, one.place === 'd') }));
  expect(made).toEqual(cases.map((one, index) => ({ ...one, made: seen[index]?.padStart(4, '0') })));
  for (const { mode } of cases) expect(mode).toMatch(new RegExp(MODE_PATTERN));
});

it.each(['+x', 'rwx', 'u', 'u+x,', '8', '77', '077777', 'u+q', 'u+xg', "u+x'"])('%s is no mode', (mode) => {
  expect(mode).not.toMatch(new RegExp(MODE_PATTERN));
});

it.each([
  ['644', '0644'],
  ['0644', '0644'],
  ['04755', '4755'],
  ['000', '0000'],
])('%s is %s', (mode, digits) => {
  expect(applyMode(mode, '0777', false)).toBe(digits);
});
