import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, satisfies as fits, wanted } from '../../modules/apt/version.ts';
import { satisfies } from '../../modules/pip/version.ts';

describe('versions of Debian packages', () => {
  const letters = fc.constantFrom('0', '1', '2', '9', '10', '00', '.', '+', '~', '-', 'a', 'rc', 'deb12u1', '~bpo12+');
  const version = fc
    .tuple(fc.constantFrom('', '0:', '1:', '12:'), fc.array(letters, { maxLength: 7 }))
    .map(([epoch, parts]) => `${epoch}1${parts.join('')}`.replace(/-+$/, ''));

  it('come in the order that dpkg has them in', () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 200, seed: 13 });
    const script =
      'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo -1 || { dpkg --compare-versions "$a" eq "$b" && echo 0 || echo 1; }; done';
    const input = pairs.map(([a, b]) => `${a} ${b}\n`).join('');
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { input, encoding: 'utf8' });
    const told = stdout.trim().split('\n').map(Number);
    expect(pairs.map(([a, b]) => [a, b, Math.sign(compareVersions(a, b))])).toEqual(
      pairs.map(([a, b], index) => [a, b, told[index]]),
    );
  });

  it.each([
    ['foo', '1.0-1', true],
    ['foo=1.0-1', '1.0-1', true],
    ['foo=1.0', '1.0-1', false],
    ['foo=1.0*', '1.0-1', true],
    ['foo=1.0*', '1x0-1', false],
    ['foo=1.0+b*', '1.0+b1', true],
    ['foo>=1.0', '1.0~rc1', false],
    ['foo>=1.0', '1:0.1', true],
    ['foo:i386>=2', '2', true],
  ] as const)('%s is met by %s: %s', (item, version, met) => expect(fits(version, wanted(item))).toBe(met));
});

/** Which of these versions meet a specifier, as `packaging` 23 says it, which pip decides by. */
const VERSIONS =
  '1.0 1.0.0 1.0a1 1.0rc1 1.0.dev1 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10 2 2.0 1!0.5 0.9 1.0a1.dev1'.split(' ');
const MET: readonly (readonly [string, string])[] = [
  ['==1.0', '1.0 1.0.0 1.0+local.1'],
  ['==1.0+local.1', '1.0+local.1'],
  ['==1.*', '1.0 1.0.0 1.0a1 1.0rc1 1.0.dev1 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10 1.0a1.dev1'],
  ['!=1.*', '2 2.0 1!0.5 0.9'],
  ['!=1.0', '1.0a1 1.0rc1 1.0.dev1 1.0.post1 1.0.post1.dev1 1.1 1.10 2 2.0 1!0.5 0.9 1.0a1.dev1'],
  ['<1.0', '0.9'],
  ['<=1.0', '1.0 1.0.0 1.0a1 1.0rc1 1.0.dev1 1.0+local.1 0.9 1.0a1.dev1'],
  ['>1.0', '1.1 1.10 2 2.0 1!0.5'],
  ['>=1.0', '1.0 1.0.0 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10 2 2.0 1!0.5'],
  ['~=1.0', '1.0 1.0.0 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10'],
  ['~=1.0.0', '1.0 1.0.0 1.0.post1 1.0.post1.dev1 1.0+local.1'],
  ['<1.0rc1', '1.0a1 1.0.dev1 0.9 1.0a1.dev1'],
  ['>=1.0a1', '1.0 1.0.0 1.0a1 1.0rc1 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10 2 2.0 1!0.5'],
  ['>1.0a1', '1.0 1.0.0 1.0rc1 1.1 1.10 2 2.0 1!0.5'],
  ['<1.1,>=1.0', '1.0 1.0.0 1.0.post1 1.0.post1.dev1 1.0+local.1'],
  ['==1!0.5', '1!0.5'],
  ['>1.0.post1', '1.1 1.10 2 2.0 1!0.5'],
  ['===1.0', '1.0'],
  ['<2', '1.0 1.0.0 1.0a1 1.0rc1 1.0.dev1 1.0.post1 1.0.post1.dev1 1.0+local.1 1.1 1.10 0.9 1.0a1.dev1'],
  ['>=1.10', '1.10 2 2.0 1!0.5'],
];

describe('versions of Python packages', () => {
  it.each(MET)('%s is met by %s', (specifier, met) =>
    expect(VERSIONS.filter((version) => satisfies(version, specifier))).toEqual(met.split(' ')),
  );

  it('are the same in all spellings', () => {
    expect(satisfies('1.0.0rc1', '==1.0-C1')).toBe(true);
    expect(satisfies('1.0.post2', '==1.0-2')).toBe(true);
    expect(satisfies('not a version', '==1.0')).toBe(false);
  });
});
