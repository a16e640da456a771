import { type Static, Type } from 'typebox';
import { type Change, defineResource, type ModuleFailure, type Output, type Step } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { refusal } from '../_refusal/refusal.ts';
import { APT_SHELL } from './shell.ts';

// Debian policy 5.6.1. An ending `-` is left out: apt-get would take `name-` for "remove name".
const Name = Type.String({ pattern: '^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$' });

const args = Type.Object({
  names: Type.Array(Type.Union([Name, Type.Array(Name, { minItems: 1 })]), {
    minItems: 1,
    description:
      'Packages. An item that is itself a list names alternatives: one of them that is installed will do, else the first that the release offers is installed.',
  }),
  state: Type.Enum(['present', 'absent'], {
    default: 'present',
    description: '`absent` removes every package that is named; configuration files stay.',
  }),
});
type Args = Static<typeof args>;

type Packages = {
  /** Of each item the one that is installed, in the order of the items. */
  readonly packages: readonly string[];
  /** Items of which nothing is installed: a name, or alternatives as `a | b`. */
  readonly missing: readonly string[];
};

/** Debian packages, by apt-get. */
export const apt = defineResource<typeof args, Packages>({
  name: 'apt',
  description: 'Debian packages that are installed, or are not.',
  args,
  touches: ({ names }) => ({ reads: names.flat().map((name) => `package:${name}` as const), writes: ['*'] }),
  probe: (given) => ({
    // Exit 1 is "some are unknown here", which is an answer; 2 is a real failure.
    script: sh`dpkg-query -W -f '\${Package} \${db:Status-Status}\n' -- ${given.names.flat()} 2>/dev/null || [ $? = 1 ]`,
    parse: (stdout) => parse(stdout, given),
  }),
  desired: ({ state }) => (state === 'present' ? { missing: [] } : { packages: [] }),
  steps,
  failure,
});

function parse(stdout: string, { names, state }: Args): Packages {
  const installed = new Set(
    stdout.split('\n').flatMap((line) => {
      const [name = '', status] = line.split(' ');
      return status === 'installed' ? [name] : [];
    }),
  );
  if (state === 'absent') return { packages: names.flat().filter((name) => installed.has(name)), missing: [] };
  const items = names.map((item) => (typeof item === 'string' ? [item] : item));
  return {
    packages: items.flatMap((item) => item.find((name) => installed.has(name)) ?? []),
    missing: items.filter((item) => !item.some((name) => installed.has(name))).map((item) => item.join(' | ')),
  };
}

function steps(change: Change<Packages>, { names, state }: Args): Step[] {
  const before = change.kind === 'update' ? change.before : parse('', { names, state });
  if (state === 'absent') return [{ script: sh`${raw(APT_SHELL)}\ndiscard ${before.packages}`, timeout: 3600 }];
  const items = before.missing.map((item) => item.replaceAll(' | ', ' '));
  return [{ script: sh`${raw(APT_SHELL)}\nprovide ${items}`, timeout: 3600 }];
}

function failure(output: Output): ModuleFailure | null {
  if (output.stderr.includes('Packages need to be removed but remove is disabled')) {
    return {
      code: 'STEP_FAILED',
      message: 'other packages would have to be removed first, which is not done silently',
      hint: 'Remove them by a task with `state: absent`, or choose other packages.',
    };
  }
  return refusal(output, {
    STEP_FAILED: 'They need what is to be removed. Name them in `names` as well if they may go.',
    PACKAGE_UNAVAILABLE: 'Is the name right for this release, and is the package source that has it configured?',
    WAIT_TIMEOUT: 'Look at that process on the host; when it is done, run again.',
  });
}
