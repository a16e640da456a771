import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { TemplateFile } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { PathOnHost } from '../_file/args.ts';
import { StableSeconds, StartTimeout, UnitAccount, UnitName } from '../_systemd/unit.ts';

/** What can be asked of a unit: without any of it a task would ask nothing. */
const ASKED = ['state', 'enabled', 'masked', 'linger', 'unit', 'unit_src', 'restart_on'];

const has = (...names: readonly string[]) => ({ required: names });

export const args = Type.Object(
  {
    name: UnitName(
      'The unit; without a suffix it is a service. Timers, sockets and others are named in full: `backup.timer`.',
    ),
    state: Type.Optional(
      Type.Enum(['started', 'stopped'], {
        description: 'Does it run? Not given: as it is.',
        'x-hints': {
          restarted:
            'for a restart after a change of a file name it in `restart_on`; in a handler use the module `restart`',
          reloaded: 'in a handler use the module `restart` with `mode: reload`',
          running: 'write `started`',
          enabled: 'write `enabled: true`',
          masked: 'write `masked: true`',
        },
      }),
    ),
    enabled: Type.Optional(Type.Boolean({ description: 'Does it start when the host boots? Not given: as it is.' })),
    masked: Type.Optional(
      Type.Boolean({ description: 'Is it masked, so that nothing and nobody can start it? Not given: as it is.' }),
    ),
    user: UnitAccount,
    linger: Type.Optional(
      Type.Boolean({
        description: 'Does the account `user` have its systemd also while it is not logged in? Not given: as it is.',
      }),
    ),
    unit: Type.Optional(
      Type.String({
        description:
          'The text of its unit file, which is written to `/etc/systemd/system` (of a `user` to `~/.config/systemd/user`).',
        pattern: '^[^\\0]*\\[[A-Za-z-]+\\][^\\0]*$',
      }),
    ),
    unit_src: Type.Optional(TemplateFile({ description: 'The same as a Handlebars template on the controller.' })),
    restart_on: Type.Optional(
      Type.Array(PathOnHost(''), {
        description:
          'Files that it reads when it starts (of a folder the files right in it). It is restarted when it runs with other content than they have now.',
      }),
    ),
    stable_seconds: StableSeconds,
    timeout: StartTimeout,
  },
  {
    allOf: [
      { anyOf: ASKED.map((name) => has(name)), 'x-message': `needs one of ${ASKED.join(', ')}` },
      { not: has('unit', 'unit_src') },
      { anyOf: [has('user'), { not: has('linger') }], 'x-message': 'linger is about an account: it needs user' },
      {
        anyOf: [
          { not: { properties: { masked: { const: true } }, required: ['masked'] } },
          {
            properties: { state: { const: 'stopped' }, enabled: { const: false } },
            not: { anyOf: [has('unit'), has('unit_src')] },
          },
        ],
        'x-message': 'what is masked cannot be started, enabled or have a text of its own',
      },
    ],
  },
);
export type Args = Static<typeof args>;

/**
 * The text that its unit file has to have, or undefined when a task does not ask for one.
 * @throws HailbookError ARGS_INVALID when a secret went into it
 */
export function textOf({
  unit,
  unit_src,
}: Args): { readonly text: string | Uint8Array; readonly sha256: string } | undefined {
  if (unit !== undefined) return { text: unit, sha256: createHash('sha256').update(unit).digest('hex') };
  if (unit_src === undefined) return undefined;
  if (unit_src.content instanceof Secret)
    // systemd itself says so of a file that only root may read: "configuration data is accessible via APIs without restrictions".
    throw new HailbookError('ARGS_INVALID', 'service.unit_src: a secret in a unit is everybody’s on the host', {
      hint: 'put it in a file of its own with mode 0600, and name that by `LoadCredential=` or `EnvironmentFile=`',
    });
  return { text: unit_src.content, sha256: unit_src.sha256 };
}
