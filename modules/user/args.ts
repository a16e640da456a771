import { type Static, Type } from 'typebox';
import type { Secret } from '../../engine/plan/secret.ts';
import { Account, Id, PathOnHost } from '../_file/args.ts';
import { KEY_TYPES } from './key.ts';

const needs = (argument: string, other: string) => ({
  anyOf: [{ not: { required: [argument] } }, { required: [other] }],
  'x-message': `${argument} needs ${other}`,
});

export const args = Type.Object(
  {
    name: Account('The name of the account.'),
    uid: Type.Optional(Id('Its number. Not given: the next free one.')),
    group: Type.Optional(Account('Its own group, made when missing. Not given: one with the name of the account.')),
    gid: Type.Optional(Id('The number of its own group. Not given: the next free one.')),
    groups: Type.Optional(
      Type.Array(Account('The name of a group.'), {
        description: 'The other groups that it is in, and no more than these. Not given: as it is.',
      }),
    ),
    append: Type.Optional(Type.Boolean({ description: 'It may be in more groups than `groups`.' })),
    comment: Type.Optional(
      Type.String({
        description: 'What passwd says of it (GECOS), such as a full name. Not given: as it is.',
        pattern: '^[^:\\u0000-\\u001f\\u007f]*$',
        maxLength: 200,
      }),
    ),
    system: Type.Optional(
      Type.Boolean({ description: 'Of the system: a new one gets a number below those of people.' }),
    ),
    shell: Type.Optional(PathOnHost("Its login shell. Not given: the system's default.")),
    home: Type.Optional(PathOnHost('Its home. Not given: the system decides, `/home/NAME` on Debian.')),
    create_home: Type.Optional(
      Type.Boolean({
        description:
          'Is its home made when missing? Not given: yes, but for one of the system only when `ssh_key` needs it.',
      }),
    ),
    password: Type.Optional(
      Type.Unsafe<string | Secret>({
        type: 'string',
        description: 'The hash of its password, or `*` for none. Not given: as it is; a new account has none.',
        'x-secret': true,
      }),
    ),
    update_password: Type.Optional(
      Type.Enum(['always', 'on_create'], {
        description: 'Is a password that somebody has set meanwhile replaced? Not given: `always`.',
      }),
    ),
    password_lock: Type.Optional(
      Type.Boolean({ description: 'Does its password open nothing? Keys still do. Not given: as it is.' }),
    ),
    expires: Type.Optional(
      Type.String({
        description: 'The day from which nobody can log in to it, by a key neither: `YYYY-MM-DD`, or `never`.',
        // Some programs take the day 0 for "never" (shadow(5)).
        pattern: '^(never|(?!1970-01-01)(19[7-9]\\d|2\\d{3})-\\d\\d-\\d\\d)$',
      }),
    ),
    ssh_key: Type.Optional(
      Type.Enum([...KEY_TYPES], {
        description: 'The kind of SSH key that it has for itself, made once, without a passphrase.',
      }),
    ),
    state: Type.Enum(['present', 'absent'], { description: 'Is there such an account?', default: 'present' }),
    remove_home: Type.Optional(
      Type.Boolean({ description: 'With an account that goes, its home and its mail go too.' }),
    ),
  },
  {
    allOf: [
      needs('append', 'groups'),
      needs('update_password', 'password'),
      {
        anyOf: [
          { not: { required: ['remove_home'] } },
          { properties: { state: { const: 'absent' } }, required: ['state'] },
        ],
        'x-message': 'remove_home needs state: absent',
      },
    ],
  },
);
export type Args = Static<typeof args>;
