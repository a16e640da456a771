import { type Static, Type } from 'typebox';
import { LocalFile } from '../../engine/plan/contract.ts';
import { Account, PathOnHost } from '../_file/args.ts';

// PEP 508 and PEP 440, as far as a list of packages needs them.
const SPECIFIER = '(===?|!=|~=|<=|>=|<|>)[A-Za-z0-9.!+_*-]+';

export const args = Type.Object({
  packages: Type.Optional(
    Type.Array(
      Type.String({
        pattern: `^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\\[[A-Za-z0-9._, -]+\\])?(${SPECIFIER}(,${SPECIFIER})*)?$`,
      }),
      {
        minItems: 1,
        description:
          'Packages: `hail==0.2.139`, `numpy>=2,<3`, `scipy`. What they need comes along. Exact versions are the same tomorrow.',
      },
    ),
  ),
  requirements: Type.Optional(
    LocalFile({
      description:
        'A requirements file beside the playbook, in place of `packages`. Where it has hashes (`--hash=sha256:…`), pip takes nothing that does not fit.',
    }),
  ),
  state: Type.Enum(['present', 'latest', 'absent'], {
    default: 'present',
    description:
      '`latest`: the newest versions that fit, for which the index is asked at every look. `absent`: without these packages, or, when none are named, without the whole environment.',
    'x-hints': { forcereinstall: 'damaged packages are found and installed again by themselves; write `present`' },
  }),
  upgrade_strategy: Type.Enum(['only-if-needed', 'eager'], {
    default: 'only-if-needed',
    description: 'With `latest`: what the packages need is upgraded when they need it, or in any case (`eager`).',
  }),
  venv: PathOnHost('The virtual environment; made if it is not there.'),
  python: Type.String({
    default: 'python3',
    pattern: '^(python[0-9.]*|/[^\\n\\0]+)$',
    description: 'The Python of the environment: a name or an absolute path on the host.',
  }),
  system_site_packages: Type.Optional(
    Type.Boolean({ description: 'Does it see the packages of the host’s own Python too? Not given: as it is, or no.' }),
  ),
  wheelhouse: Type.String({
    default: '',
    pattern: '^(|https?://\\S+|/[^\\n\\0]+)$',
    description: 'A page of links to wheels or a folder of them on the host; pip then asks no index. Empty: an index.',
  }),
  index_url: Type.String({
    default: '',
    pattern: '^(|https?://\\S+)$',
    description: 'The index. Empty: the one that pip on the host is configured for.',
  }),
  owner: Type.Optional(Account('Whose environment it is; pip runs as this account. Not given: the acting account.')),
});
export type Args = Static<typeof args>;
