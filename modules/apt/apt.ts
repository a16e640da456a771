import { HailbookError } from '../../engine/errors.ts';
import { defineResource, type Key, type ModuleFailure, type Output } from '../../engine/plan/contract.ts';
import { refusal } from '../_refusal/refusal.ts';
import { type Args, args } from './args.ts';
import { look } from './look.ts';
import { type Packages, parse } from './state.ts';
import { wanted } from './version.ts';
import { steps, wantedPins } from './work.ts';

/** Debian packages, by apt-get. */
export const apt = defineResource<typeof args, Packages>({
  name: 'apt',
  description:
    'Debian packages that are installed in the wanted versions, or are not; and a host that is brought up to date.',
  args,
  touches: (given) => ({ reads: readsOf(given), writes: ['*'] }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  warnings: (current) => current?.notes ?? [],
  failure,
});

function readsOf({ names = [], deb = [], state, upgrade }: Args): Key[] {
  return [
    ...names.flat().map((item) => `package:${wanted(item).name}` as const),
    ...deb.map((path) => `file:${path}` as const),
    // Which versions there are depends on the package sources.
    ...(state === 'latest' || upgrade !== undefined ? ['file:/etc/apt' as const] : []),
  ];
}

/** Only what is asked for; but what dpkg left in the middle is always finished. */
function desired(given: Args): Partial<Packages> {
  const { names, state, deb, src, hold, pin, upgrade, autoremove, clean, cache_valid_time, restart_services } = given;
  if (state !== 'present' && names === undefined) {
    throw new HailbookError('ARGS_INVALID', `apt: \`state: ${state}\` without \`names\``, {
      hint: 'name the packages; all that the host has are brought up to date by `upgrade: safe` or `upgrade: full`',
    });
  }
  const versioned = names?.flat().find((item) => wanted(item).relation !== '');
  if (state === 'absent' && versioned !== undefined) {
    throw new HailbookError('ARGS_INVALID', `apt: what is absent has no version: ${versioned}`);
  }
  return {
    unfinished: [],
    ...(names === undefined
      ? {}
      : state === 'absent'
        ? { packages: [] }
        : { missing: [], other_version: [], automatic: [] }),
    ...(state === 'latest' ? { outdated: [] } : {}),
    ...(pin === undefined && state !== 'absent' ? {} : { pins: wantedPins(given) }),
    ...(deb === undefined && src === undefined ? {} : { missing_debs: [] }),
    ...(hold === undefined || state === 'absent' ? {} : hold ? { not_held: [] } : { held: [] }),
    ...(upgrade === undefined ? {} : { upgradable: [] }),
    ...(autoremove ? { unneeded: [] } : {}),
    ...(cache_valid_time === undefined ? {} : { fresh: true }),
    ...(clean ? { archives: [] } : {}),
    ...(restart_services ? { outdated_services: [] } : {}),
  };
}

/** What apt-get itself refuses, by its own words. */
const REFUSALS: readonly (readonly [RegExp, string, string])[] = [
  [
    /^E: Packages need to be removed but remove is disabled/m,
    'other packages would have to be removed first, which is not done silently',
    'Remove them by a task with `state: absent`, or choose other packages.',
  ],
  [
    /^E: Packages were downgraded and -y was used without --allow-downgrades/m,
    'a newer version is installed than the one that is asked for',
    'Say `allow_downgrade: true` if the older one may take its place.',
  ],
  [
    /^E: Held packages were changed and -y was used without --allow-change-held-packages/m,
    'a package is held that would have to change',
    'Say `allow_change_held_packages: true` if it may.',
  ],
];

function failure(output: Output): ModuleFailure | null {
  for (const [said, message, hint] of REFUSALS) {
    if (said.test(output.stderr)) return { code: 'PACKAGE_REFUSED', message, hint };
  }
  const [, file, holder] = /^E: Could not get lock (\S+)\. It is held by (process .*)$/m.exec(output.stderr) ?? [];
  if (file !== undefined) {
    return { code: 'WAIT_TIMEOUT', message: `${file} is locked by ${holder}`, hint: LOCKED };
  }
  return refusal(output, {
    PACKAGE_REFUSED: 'They need what is to be removed. Name them in `names` as well if they may go.',
    PACKAGE_UNAVAILABLE: 'Is the name right for this release, and is the package source that has it configured?',
    WAIT_TIMEOUT: LOCKED,
    SERVICE_FAILED: 'The lines above are the last that it wrote.',
  });
}

const LOCKED = 'Look at that process on the host; when it is done, run again.';
