import { HailbookError } from '../../engine/errors.ts';
import type { Change, Step } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { removePath, writeFile } from '../_file/steps.ts';
import { type Args, optionsOf, pinFile, upgradeWords } from './args.ts';
import { APT_SHELL, DEBS_SHELL, HOLD_SHELL, INSTALL_SHELL, REMOVE_SHELL, SERVICES_SHELL } from './shell.ts';
import { alternatives, nameOf, type Packages } from './state.ts';
import { wanted } from './version.ts';

/** Seconds for the work itself; waiting for another apt comes on top. */
const LONGEST = 3600;

/**
 * All that the task asks for, whatever of it was found to differ: what is there already costs next to nothing, and only when dpkg has
 * finished or the lists are fresh is it known what else there is to do.
 */
export function steps(change: Change<Packages>, given: Args): Step[] {
  if (change.kind !== 'update') return [];
  const { before } = change;
  if (before.refused.length > 0) {
    throw new HailbookError('PACKAGE_REFUSED', before.refused.join('; '), { hint: REFUSED_HINT });
  }
  const nothing = given.deb?.filter((path) => before.missing_debs.includes(path)) ?? [];
  if (nothing.length > 0) {
    throw new HailbookError('PACKAGE_UNAVAILABLE', `no Debian package on the host: ${nothing.join(', ')}`);
  }
  const removes = given.state === 'absent';
  const all = given.names?.flat() ?? [];
  const script = lines(
    APT_SHELL,
    sh`wait=${given.lock_timeout}`,
    settings(given),
    sh`mend`,
    given.cache_valid_time !== undefined && !before.fresh && sh`refresh strictly`,
    (given.hold !== undefined || before.automatic.length > 0) && !removes && HOLD_SHELL,
    given.hold === false && !removes && sh`unhold ${itemsOf(given)}`,
    removes && all.length > 0 && sh`${raw(REMOVE_SHELL)}\ndiscard ${[given.purge ? 'purge' : 'remove', ...all]}`,
    !removes && given.names !== undefined && provide(before, given),
    before.automatic.length > 0 && !removes && sh`keep ${['manual', ...itemsOf(given)]}`,
    (given.deb !== undefined || given.src !== undefined) && DEBS_SHELL,
    given.src !== undefined && sh`bring ${given.src.sha256}`,
    given.deb !== undefined && sh`install_debs ${given.deb}`,
    given.upgrade !== undefined && sh`apt_get ${upgradeRights(given)} ${upgradeWords(given.upgrade)} || exit`,
    given.autoremove && sh`apt_get ${given.purge ? ['--purge'] : []} autoremove || exit`,
    given.hold && !removes && sh`keep ${['hold', ...itemsOf(given)]}`,
    given.clean && sh`apt_get clean || exit`,
    given.restart_services && sh`${raw(SERVICES_SHELL)}\nrestart_stale`,
    sh`refreshed`,
  );
  const stdin = given.src === undefined ? {} : { stdin: given.src.content };
  return [...pinSteps(before, given), { script, ...stdin, timeout: LONGEST + given.lock_timeout }];
}

const REFUSED_HINT =
  'Say that it may (`allow_downgrade: true`, `allow_change_held_packages: true`), name what may go as well, or ask for what is there.';

/** What apt-get does only when it is told so. */
const rightsOf = ({ allow_downgrade, allow_change_held_packages }: Args): string[] => [
  ...(allow_downgrade ? ['--allow-downgrades'] : []),
  ...(allow_change_held_packages ? ['--allow-change-held-packages'] : []),
];
const upgradeRights = (given: Args): string[] => [
  ...rightsOf(given),
  ...(given.upgrade === 'safe' ? ['--no-remove'] : []),
];

/** `tuned PROGRAM WORD...` runs it with the task's settings. */
const settings = (given: Args): Sh => sh`tuned() {
  program=$1
  shift
  "$program" ${optionsOf(given)} "$@"
}
rights() { "$@" ${rightsOf(given)}; }`;

const itemsOf = ({ names = [] }: Args): string[] => names.map((item) => alternatives(item).join(' '));

function provide(before: Packages, given: Args): Sh | undefined {
  const { names = [], state } = given;
  // What is there in the wanted version stays as it is, unless it is to be the latest.
  const items = names.filter(
    (item) =>
      state === 'latest' ||
      before.missing.includes(nameOf(item)) ||
      before.other_version.some((entry) => entry.startsWith(`${nameOf(item)} (`)),
  );
  if (items.length === 0) return undefined;
  return sh`${raw(INSTALL_SHELL)}\nprovide ${items.map((item) => alternatives(item).join(' '))}`;
}

/** `foo 1.2* 1001` for each version that is given by `=`. */
export const wantedPins = ({ names = [], pin = 0, state }: Args): string[] =>
  pin === 0 || state === 'absent'
    ? []
    : [
        ...new Set(
          names
            .flat()
            .map(wanted)
            .flatMap(({ name, relation, version }) => (relation === '=' ? [`${name} ${version} ${pin}`] : [])),
        ),
      ];

function pinSteps(before: Packages, given: Args): Step[] {
  if (given.pin === undefined && given.state !== 'absent') return [];
  const pins = wantedPins(given);
  const nameIn = (pin: string): string => pin.replace(/ .*/, '');
  const kept = new Set(pins.map(nameIn));
  return [
    ...before.pins.filter((pin) => !kept.has(nameIn(pin))).map((pin) => removePath(pathOf(nameIn(pin)))),
    ...pins.filter((pin) => !before.pins.includes(pin)).map((pin) => writePin(pin)),
  ];
}

const pathOf = (name: string): string => `/etc/apt/preferences.d/${pinFile(name)}`;

function writePin(pin: string): Step {
  const [name = '', version = '', priority = ''] = pin.split(' ');
  const text = `Package: ${name}\nPin: version ${version}\nPin-Priority: ${priority}\n`;
  return writeFile(pathOf(name), text, { owner: 'root', group: 'root', mode: '0644' });
}
