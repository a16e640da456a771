import { type Static, Type } from 'typebox';
import { LocalFile } from '../../engine/plan/contract.ts';
import { PathOnHost } from '../_file/args.ts';

// Names: Debian policy 5.6.1. An ending `-` is left out: apt-get would take `name-` for "remove name". Versions: 5.6.12.
const Package = Type.String({
  pattern: '^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9-]*[a-z0-9])?(=[0-9][A-Za-z0-9.+:~*-]*|>=[0-9][A-Za-z0-9.+:~-]*)?$',
  'x-hints': { '*': 'to bring all packages up to date write `upgrade: safe` or `upgrade: full`' },
});

export const args = Type.Object({
  names: Type.Optional(
    Type.Array(Type.Union([Package, Type.Array(Package, { minItems: 1 })]), {
      minItems: 1,
      description:
        'Packages: `name`, `name=1.2-3`, `name=1.2*` (the newest that fits), `name>=1.2`, `name:arch`. An item that is itself a list names alternatives: one of them that is installed will do, else the first that the release offers is installed.',
    }),
  ),
  state: Type.Enum(['present', 'latest', 'absent'], {
    default: 'present',
    description:
      '`latest`: also the newest version that the package lists know. `absent` removes every package that is named; configuration files stay unless `purge`.',
    'x-hints': { installed: 'write `present`', removed: 'write `absent`', purged: 'write `absent` and `purge: true`' },
  }),
  deb: Type.Optional(
    Type.Array(PathOnHost(''), { minItems: 1, description: 'Package files on the host that are installed.' }),
  ),
  src: Type.Optional(LocalFile({ description: 'A package file beside the playbook (`.deb`) that is installed.' })),
  default_release: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9.+~/_-]*$',
      description: 'The release that new versions come from, as `bookworm-backports`: apt-get’s `-t`.',
    }),
  ),
  install_recommends: Type.Optional(
    Type.Boolean({ description: 'Do recommended packages come along? Not given: as the host is configured.' }),
  ),
  hold: Type.Optional(
    Type.Boolean({ description: 'Are the packages held, so that no upgrade changes them? Not given: as it is.' }),
  ),
  pin: Type.Optional(
    Type.Integer({
      minimum: -32768,
      maximum: 32767,
      description:
        'The priority of the versions that are given by `=`, for everything that apt does later: above 1000 also a downgrade. 0: no pin. Not given: as it is.',
    }),
  ),
  upgrade: Type.Optional(
    Type.Enum(['safe', 'full', 'dist'], {
      description:
        'All packages of the host are brought up to date: `safe` removes none, `full` (also called `dist`) also removes what stands in the way.',
      'x-hints': { yes: 'write `safe`', true: 'write `safe`' },
    }),
  ),
  autoremove: Type.Boolean({
    default: false,
    description: 'Packages are removed that came along with others and that nothing needs any more.',
  }),
  purge: Type.Boolean({ default: false, description: 'What is removed goes with its configuration files.' }),
  clean: Type.Boolean({ default: false, description: 'The package files that were downloaded are deleted.' }),
  cache_valid_time: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'How old the package lists may be, in seconds; older ones are refreshed. Not given: as they are.',
    }),
  ),
  allow_downgrade: Type.Boolean({ default: false, description: 'May an older version take the place of a newer one?' }),
  allow_change_held_packages: Type.Boolean({
    default: false,
    description: 'May the version of a package change that is held?',
  }),
  restart_services: Type.Boolean({
    default: false,
    description:
      'Are the services restarted that still use files which an upgrade has replaced? Otherwise they are only named.',
  }),
  lock_timeout: Type.Integer({
    minimum: 0,
    maximum: 86400,
    default: 1200,
    description: 'How many seconds to wait for another apt or dpkg that is at work.',
  }),
});
export type Args = Static<typeof args>;

/** apt's settings for this task, for its simulations and for its work. */
export const optionsOf = ({ default_release, install_recommends }: Args): string[] => [
  ...(default_release === undefined ? [] : ['-o', `APT::Default-Release=${default_release}`]),
  ...(install_recommends === undefined ? [] : ['-o', `APT::Install-Recommends=${install_recommends}`]),
];

/** apt-get's own words for an upgrade. */
export const upgradeWords = (upgrade: Args['upgrade']): string[] =>
  upgrade === 'safe' ? ['upgrade', '--with-new-pkgs'] : ['dist-upgrade'];

/** Of a package's pin, below `/etc/apt/preferences.d`: apt skips a file with any other ending, or with a `+` in its name. */
export const pinFile = (name: string): string => `hailbook-${name.replaceAll('+', '_')}.pref`;
