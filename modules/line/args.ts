import { type Static, Type } from 'typebox';
import type { Secret } from '../../engine/plan/secret.ts';
import { Account, Mode, PathOnHost } from '../_file/args.ts';
import { MANNER } from '../_file/content.ts';

/** Perl's and Python's own signs mean something else to grep -E, mostly without an error: `\d` is a d. */
const EXPRESSION = '^(?!.*(\\\\[dDAZzntrfux]|\\(\\?|\\.[*+]\\?))[^\\x00-\\x08\\n]+$';
const Expression = (description: string) =>
  Type.String({
    pattern: EXPRESSION,
    description: `${description} An expression of \`grep -E\`: \`[0-9]\`, not \`\\d\`.`,
  });
const OneLine = (description: string) => Type.String({ pattern: '^[^\\n\\0]*$', description });

const ABSENT = { state: { const: 'absent' } };
const ANY = { anyOf: [{ required: ['line'] }, { required: ['regexp'] }, { required: ['contains'] }] };

export const args = Type.Object(
  {
    path: PathOnHost('The file on the host.'),
    state: Type.Enum(['present', 'absent'], { default: 'present', description: 'Is it in the file?' }),
    line: Type.Optional(OneLine('The line, without its line end.')),
    regexp: Type.Optional(
      Expression('The line that becomes `line`; every such line that goes, when `absent`. Not given: the very `line`.'),
    ),
    contains: Type.Optional(
      Type.String({
        pattern: '^[^\\n\\0]+$',
        description: 'As `regexp`, but a text that the line has in it, as it is.',
      }),
    ),
    several: Type.Enum(['refuse', 'last', 'one'], {
      default: 'refuse',
      description:
        'When more than one line fits: `refuse` changes nothing and names them; `last`: the last becomes `line` and the others stay; `one`: the last becomes `line` and the others go.',
    }),
    backrefs: Type.Boolean({
      default: false,
      description:
        '`\\1` to `\\9` in `line` stand for the groups of `regexp`, `\\\\` for a backslash. Where nothing fits, nothing is inserted.',
    }),
    block: Type.Optional(
      Type.Unsafe<string | Secret>({
        type: 'string',
        minLength: 1,
        'x-secret': true,
        description: 'Several lines, in place of `line`. They stand between two lines that mark them.',
      }),
    ),
    marker: Type.Optional(
      Type.String({
        pattern: '^[^\\n\\0]*\\{mark\\}[^\\n\\0]*$',
        description:
          'The lines that mark a block; each block of a file has its own. `{mark}` is `marker_begin` or `marker_end`. Not given: `# {mark} hailbook`.',
      }),
    ),
    marker_begin: Type.Optional(OneLine('What `{mark}` is before the block. Not given: `BEGIN`.')),
    marker_end: Type.Optional(OneLine('What `{mark}` is after the block. Not given: `END`.')),
    insert_after: Type.Optional(
      Expression(
        'Where something new comes: behind the last line that this fits. `EOF`, as when it is not given: at the end.',
      ),
    ),
    insert_before: Type.Optional(
      Expression('As `insert_after`, but before the last line that this fits. `BOF`: at the beginning.'),
    ),
    first_match: Type.Boolean({
      default: false,
      description: '`insert_after` and `insert_before` mean the first line that fits.',
    }),
    create: Type.Boolean({ default: false, description: 'Is a file made when there is none?' }),
    owner: Type.Optional(Account('The account that owns the file. Not given: as it is.')),
    group: Type.Optional(Account('Its group. Not given: as it is.')),
    mode: Type.Optional(
      Mode('Its permissions, a quoted octal number, or as chmod has it. Not given: as it is; 0644 for a new file.'),
    ),
    ...MANNER,
  },
  {
    allOf: [
      {
        oneOf: [
          { required: ['line'], not: { required: ['block'] } },
          { required: ['block'], not: ANY },
          {
            properties: ABSENT,
            required: ['state', 'regexp'],
            not: { anyOf: [{ required: ['line'] }, { required: ['block'] }] },
          },
          {
            properties: ABSENT,
            required: ['state', 'contains'],
            not: { anyOf: [{ required: ['line'] }, { required: ['block'] }] },
          },
          {
            properties: ABSENT,
            required: ['state', 'marker'],
            not: { anyOf: [...ANY.anyOf, { required: ['block'] }] },
          },
        ],
        'x-message':
          'needs either line or block; for what is to be absent regexp, contains or the marker of a block will do',
      },
      { not: { required: ['regexp', 'contains'] } },
      { not: { required: ['insert_after', 'insert_before'] } },
      {
        if: { properties: { backrefs: { const: true } }, required: ['backrefs'] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
        then: { required: ['regexp', 'line'], properties: { line: { pattern: '^([^\\\\]|\\\\[1-9\\\\])*$' } } },
      },
    ],
  },
);
export type Args = Static<typeof args>;
