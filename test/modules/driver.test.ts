import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { defineResource, type Resource } from '../../engine/plan/contract.ts';
import { type Sh, sh } from '../../engine/plan/sh.ts';
import { type Case, loadCases } from './cases.ts';
import { applyResource } from './converge.ts';
import { TempHost } from './host.ts';
import { hostileArgs, scriptsOf, shellComplaint } from './hostile.ts';
import { judge } from './judge.ts';

type Named = { readonly name: string };
const args = Type.Object({ name: Type.String({ description: 'a name' }) });

/** A module with one script, to see that the driver finds what is wrong with it. */
const moduleOf = (probe: (name: string) => Sh, step: (name: string) => Sh = (name) => sh`: ${name}`): Resource =>
  defineResource<typeof args, Named>({
    name: 'wrong',
    description: 'A module.',
    args,
    touches: () => ({ writes: ['*'] }),
    probe: ({ name }) => ({ script: probe(name), parse: (stdout) => (stdout.trim() ? { name: stdout.trim() } : null) }),
    desired: ({ name }) => ({ name }),
    steps: (_, { name }) => [{ script: step(name) }],
  }) as unknown as Resource;

const complaint = (module: Resource): string | undefined =>
  shellComplaint(
    [...hostileArgs(module, { name: 'x' })].flatMap((given) => {
      const { probes, steps } = scriptsOf(module, given);
      return [...probes, ...steps];
    }),
  );

describe('the law of hostile names', () => {
  it.each<[string, (name: string) => Sh]>([
    ['a word', (name) => sh`echo ${name}`],
    ['a part of a word', (name) => sh`echo /tmp/${name}.new "$h/"${name}`],
    ['a word in a substitution', (name) => sh`x="$(cat ${name})"`],
    ['a script as a word', (name) => sh`/bin/sh -c ${sh`cat ${name}`} sh`],
  ])('lets pass: %s', (_, probe) => expect(complaint(moduleOf(probe))).toBeUndefined());

  it.each<[string, (name: string) => Sh]>([
    ['within double quotes', (name) => sh`echo "${name}"`],
    ['within single quotes', (name) => sh`awk '/${name}/'`],
    ['in a comment', (name) => sh`# ${name}`],
    ['in a here-document', (name) => sh`cat <<E\n${name}\nE`],
    ['in a script in a script', (name) => sh`/bin/sh -c ${sh`echo "${name}"`}`],
  ])('finds a value %s', (_, probe) => expect(complaint(moduleOf(probe))).toBeDefined());
});

describe('a case', () => {
  const module = moduleOf(() => sh`:`);
  const base: Case = { name: 'a', from: 'debian-12', args: { name: 'x' }, stdout: 'x' };

  it('that asserts nothing is refused', () => {
    expect(() => judge(module, base)).toThrow('what the case asserts');
    expect(() => judge(module, { ...base, state: { name: 'x' } })).not.toThrow();
  });
  it('is from a release that there is', () =>
    expect(() => judge(module, { ...base, from: 'debian', state: { name: 'x' } })).toThrow('a release that there is'));
  it('that is wrong fails', () => {
    expect(() => judge(module, { ...base, state: { name: 'y' } })).toThrow();
    expect(() => judge(module, { ...base, change: 'create' })).toThrow();
    expect(() => judge(module, { ...base, stdout: 'y', steps: [': y'] })).toThrow();
    expect(() => judge(module, { ...base, warnings: ['a'] })).toThrow();
    expect(() => judge(module, { ...base, trial: [':'] })).toThrow();
  });
  it('has no misspelt key', () => {
    const file = join(tmpdir(), `hailbook-cases-${process.pid}.yaml`);
    writeFileSync(file, '- name: a\n  stat: null\n');
    expect(() => loadCases(pathToFileURL(file))).toThrow('unknown key stat');
    rmSync(file);
  });
});

describe('a run', () => {
  const apply = async (module: Resource): Promise<unknown> => {
    const host = new TempHost(false);
    try {
      return await applyResource(module, { name: 'x' }, host);
    } finally {
      host.close();
    }
  };

  it('fails when the probe writes', () =>
    expect(apply(moduleOf(() => sh`date >>seen`))).rejects.toThrow('the probe changed something'));
  it('fails when the change does not hold', () =>
    expect(apply(moduleOf(() => sh`:`))).rejects.toThrow('not converged'));
  it('fails when a step fails', () =>
    expect(
      apply(
        moduleOf(
          () => sh`:`,
          () => sh`exit 3`,
        ),
      ),
    ).rejects.toMatchObject({ code: 'STEP_FAILED' }));
  it('passes when all is well', () =>
    expect(
      apply(
        moduleOf(
          () => sh`cat made 2>/dev/null || :`,
          (name) => sh`echo ${name} >made`,
        ),
      ),
    ).resolves.toEqual({ outcome: 'changed', state: { name: 'x' } }));
});

it('an isolated host leaves no trace on this machine', async () => {
  const [inside, outside] = [new TempHost(true), new TempHost(false)];
  const name = `hailbook-${process.pid}`;
  expect(await inside.run(`useradd -m ${name} && id -un ${name} && touch /etc/${name}`)).toMatchObject({ code: 0 });
  const { stdout } = await outside.run(`getent passwd ${name}; ls -d /home/${name} /etc/${name} 2>/dev/null`);
  expect(stdout).toBe('');
  inside.close();
  outside.close();
});
