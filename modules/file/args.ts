import { type Static, Type } from 'typebox';
import { Account, Mode, PathOnHost } from '../_file/args.ts';

export const args = Type.Object(
  {
    path: PathOnHost('The path on the host.'),
    state: Type.Enum(['directory', 'file', 'touch', 'link', 'hard', 'absent'], {
      description:
        '`directory`: a folder, made with its parents. `file`: a file that is there. `touch`: a file, made empty where there is none. `link`: a symbolic link. `hard`: another name of the file `target`. `absent`: nothing at all (a folder goes with all in it).',
    }),
    target: Type.Optional(
      Type.String({
        minLength: 1,
        pattern: '^[^\\n\\0]+$',
        description:
          'Where the link leads, as it is written into it; for `hard` the absolute path of the file that gets another name.',
      }),
    ),
    owner: Type.Optional(Account('The account that owns it. Not given: as it is; the acting account for a new one.')),
    group: Type.Optional(Account('Its group. Not given: as it is.')),
    mode: Type.Optional(
      Mode(
        'The permissions of a folder or file, a quoted octal number, or as chmod has it (`u=rwX,go-w`). Not given: as it is; for a new folder 0755, for a new file 0644.',
      ),
    ),
    recurse: Type.Boolean({
      default: false,
      description:
        'Gives `owner`, `group` and `mode` to everything in the folder as well. The mode is then no number, which would make every file executable or no folder one that can be entered.',
    }),
    follow: Type.Boolean({
      default: false,
      description:
        'What a link at the path leads to is meant, and not the link itself. For `directory`, `file` and `touch`.',
    }),
  },
  {
    allOf: [
      {
        if: { properties: { state: { enum: ['link', 'hard'] } } },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: { required: ['target'], not: { required: ['mode'] }, properties: { follow: { const: false } } },
        else: { not: { required: ['target'] } },
      },
      {
        if: { properties: { state: { const: 'hard' } } },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: {
          properties: { target: { pattern: '^/' } },
          not: { anyOf: [{ required: ['owner'] }, { required: ['group'] }] },
        },
      },
      {
        if: { properties: { recurse: { const: true } }, required: ['recurse'] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: { properties: { state: { const: 'directory' }, mode: { pattern: '[a-z]' } } },
      },
    ],
  },
);
export type Args = Static<typeof args>;
