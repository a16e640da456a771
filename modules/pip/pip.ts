import { HailbookError } from '../../engine/errors.ts';
import { defineResource, type ModuleFailure, type Output } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { asUser } from '../_file/steps.ts';
import { refusal } from '../_refusal/refusal.ts';
import { type Args, args } from './args.ts';
import { LOOK, NEWER, NOTED } from './shell.ts';
import { asked, type Environment, parse } from './state.ts';
import { sourceOf, steps } from './work.ts';

/** Python packages in a virtual environment. */
export const pip = defineResource<typeof args, Environment>({
  name: 'pip',
  description: 'A Python virtual environment with the wanted versions of packages in it.',
  args,
  touches: ({ venv, owner }) => ({
    reads: owner === undefined ? [] : [`user:${owner}`],
    writes: [`file:${venv}`],
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure,
});

function look(given: Args): Sh {
  const { venv, python, requirements, state, owner } = given;
  const wanted = asked(given);
  // What packages need is looked at only when it is to be upgraded in any case.
  const depth = given.upgrade_strategy === 'eager' ? ['--upgrade-strategy', 'eager'] : ['--no-deps'];
  const newest = sh`${raw(NEWER)}\nnewer ${[venv, ...sourceOf(given), ...depth, '--', ...wanted.map(({ text }) => text)]}`;
  return lines(
    sh`${raw(LOOK)}\n( look ${[venv, python, owner ?? '', ...wanted.map(({ name }) => pattern(name))]} ) || exit`,
    requirements !== undefined && sh`${raw(NOTED)}\nnoted_file ${[venv, requirements.path]}`,
    state === 'latest' &&
      wanted.length > 0 &&
      (owner === undefined ? sh`( ${raw(newest)}\n)` : asOwner(owner, venv, newest)),
  );
}

/** Not as an account that is not there yet. */
const asOwner = (owner: string, venv: string, script: Sh): Sh => sh`if [ -x ${venv}/bin/python ]; then
${raw(asUser(owner, script))}
fi`;

/** A shell pattern for the folder of a package's metadata. */
function pattern(name: string): string {
  const letters = [...name].map((c) => (c === '-' ? '[-_.]' : /[a-z]/.test(c) ? `[${c}${c.toUpperCase()}]` : c));
  return `${letters.join('')}-*.dist-info`;
}

function desired(given: Args, current: Environment | null): Partial<Environment> | null {
  const { packages, requirements, state, system_site_packages } = given;
  if (packages !== undefined && requirements !== undefined) {
    throw wrong('`packages` and `requirements` are two tasks');
  }
  if (state === 'absent') {
    if (requirements !== undefined) throw wrong('what is absent is named in `packages`');
    const versioned = asked(given).find(({ specifiers }) => specifiers !== '');
    if (versioned !== undefined) throw wrong(`what is absent has no version: ${versioned.text}`);
    return packages === undefined || current === null ? null : { packages: [] };
  }
  if (state === 'latest' && packages === undefined) throw wrong('`state: latest` without `packages`');
  return {
    missing: [],
    other_version: [],
    damaged: [],
    unfinished: false,
    ...(state === 'latest' ? { outdated: [] } : {}),
    ...(requirements === undefined ? {} : { requirements: requirements.sha256, unverified: [] }),
    ...(system_site_packages === undefined ? {} : { system_site_packages }),
    ...(current === null ? {} : { python: current.python_wanted }),
  };
}

const wrong = (message: string): HailbookError => new HailbookError('ARGS_INVALID', `pip: ${message}`);

function failure({ stdout, stderr, ...rest }: Output, given: Args): ModuleFailure | null {
  const [, missing] = /^ERROR: No matching distribution found for (.*)$/m.exec(stderr) ?? [];
  if (missing) {
    const where = given.wheelhouse || given.index_url || 'the index';
    return {
      code: 'PACKAGE_UNAVAILABLE',
      message: `${where} has no ${missing} for this Python`,
      hint: 'The output above names the versions that it has.',
    };
  }
  if (stderr.includes('THESE PACKAGES DO NOT MATCH THE HASHES')) {
    const [, what = 'a package'] = /^\s+(\S.*?)(?: from .*)?:\s*\n\s+Expected sha256/m.exec(stderr) ?? [];
    return {
      code: 'CHECKSUM_MISMATCH',
      message: `${what} is not what the requirements file says`,
      hint: 'Nothing of it was installed. Compare the hash with the one that the publisher states.',
    };
  }
  if (stderr.includes('In --require-hashes mode') || stderr.includes('Hashes are required in --require-hashes mode')) {
    return {
      code: 'ARGS_INVALID',
      message: 'some lines of the requirements file have hashes, so every package needs one and an exact version',
      hint: 'The output above names those that have none; `pip-compile --generate-hashes` writes such files.',
    };
  }
  if (stdout.includes('ensurepip is not available')) {
    return {
      code: 'STEP_FAILED',
      message: `${given.python} cannot make virtual environments`,
      hint: 'On Debian this is in the package python3-venv.',
    };
  }
  return refusal({ stdout, stderr, ...rest });
}
