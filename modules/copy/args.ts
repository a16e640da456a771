import { type Static, Type } from 'typebox';
import { LocalPath } from '../../engine/plan/contract.ts';
import type { Secret } from '../../engine/plan/secret.ts';
import { Mode, PathOnHost } from '../_file/args.ts';
import { DESTINATION } from '../_file/content.ts';
import { MODE_PATTERN } from '../_file/mode.ts';

export const args = Type.Object(
  {
    src: Type.Optional(
      LocalPath({
        description:
          'A file beside the playbook, whose bytes are not looked at, or a folder: `dest` gets what is in it.',
      }),
    ),
    content: Type.Optional(
      Type.Unsafe<string | Secret>({
        type: 'string',
        description: 'The text itself, instead of `src`.',
        'x-secret': true,
      }),
    ),
    remote_src: Type.Optional(PathOnHost('A file that is on the host already, instead of `src`.')),
    ...DESTINATION,
    dest: PathOnHost('The file or folder on the host. The folder that it is in must exist.'),
    mode: Type.Optional(
      Type.String({
        pattern: `^preserve$|${MODE_PATTERN}`,
        description:
          "The permissions of a file, a quoted octal number, or as chmod has it (`u=rw,g+r`); `preserve`: those on the controller. Not given: 0644, and 0600 when a secret is in the content; a folder's files are 0755 where their owner may execute them.",
      }),
    ),
    directory_mode: Type.Optional(
      Mode(
        'The permissions of the folders that are copied, `dest` itself too. Not given: as it is; 0755 for a new one.',
      ),
    ),
    exclusive: Type.Boolean({
      default: false,
      description: 'Does everything go that is in the folder `dest` and not in `src`?',
    }),
  },
  {
    allOf: [
      {
        oneOf: [{ required: ['src'] }, { required: ['content'] }, { required: ['remote_src'] }],
        'x-message': 'needs one of src, content and remote_src',
      },
      {
        if: { properties: { mode: { const: 'preserve' } }, required: ['mode'] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: { required: ['src'] },
      },
    ],
  },
);
export type Args = Static<typeof args>;
