import { type Static, Type } from 'typebox';
import { LocalFile } from '../../engine/plan/contract.ts';
import { Account, PathOnHost } from '../_file/args.ts';

const Url = Type.String({ pattern: '^https?://\\S+$' });

export const args = Type.Object(
  {
    url: Type.Optional(
      Type.Union([Url, Type.Array(Url, { minItems: 1 })], {
        description:
          'The archive: tar, plain or compressed by gzip, bzip2, xz or zstd, or zip. Of a list the first that answers with the right one.',
      }),
    ),
    src: Type.Optional(
      LocalFile({
        description: 'An archive beside the playbook instead of `url`; it is held in memory once, so 2 GB at most.',
      }),
    ),
    checksum: Type.Optional(
      Type.String({
        pattern: '^(sha256:[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128}|sha(256|512):(https?://|\\{url\\})\\S*)$',
        description:
          'Of what `url` gives: `sha256:` or `sha512:` and the checksum itself, or the URL of a file that has it; `{url}` in that is the URL of the archive: `sha512:{url}.sha512`.',
      }),
    ),
    dest: PathOnHost('The folder that it becomes. The folder that this is in must exist.'),
    state: Type.Enum(['present', 'absent'], {
      default: 'present',
      description:
        '`absent`: the folder goes with all that is in it, if this module made it, and `link` if it leads there.',
    }),
    link: Type.Optional(
      PathOnHost(
        'A link that leads to `dest`, switched over when that is complete: one name for the version in use, others beside it.',
      ),
    ),
    strip: Type.Integer({
      minimum: 0,
      default: 1,
      description: 'How many folders to leave out at the beginning of the paths in the archive.',
    }),
    owner: Type.Optional(Account('The account that all of it belongs to. Not given: the acting account.')),
    group: Type.Optional(Account('Its group.')),
    verify: Type.Enum(['sizes', 'content'], {
      default: 'sizes',
      description:
        'What is compared whenever it is looked at: which files there are and their sizes, or also their content (a second for some 200 MB) and where links lead.',
    }),
    max_size: Type.String({
      pattern: '^[1-9][0-9]{0,5}[MGT]$',
      default: '20G',
      description: 'What unpacks to more than this is refused, as a decompression bomb would be: MiB, GiB or TiB.',
    }),
    retries: Type.Integer({
      minimum: 0,
      maximum: 20,
      default: 3,
      description:
        'How often the addresses are tried again, after 1, 2, 4 … 30 seconds, if one may yet answer (no connection, 5xx, 429).',
    }),
    timeout: Type.Integer({
      minimum: 1,
      default: 60,
      description: 'Seconds in which a server gives less than 1 kB/s until the next one is tried.',
    }),
    proxy: Type.Optional(
      Type.String({
        pattern: '^(|(https?|socks5h?)://\\S+)$',
        'x-secret': true,
        description:
          'The proxy for all of it; with a password it should be a secret. Empty: none. Not given: as the environment on the host says.',
      }),
    ),
    username: Type.Optional(
      Type.String({
        minLength: 1,
        pattern: '^[^:\\n\\r]*$',
        description: 'A name for servers that ask for one (HTTP Basic); needs curl on the host.',
      }),
    ),
    password: Type.Optional(
      Type.String({
        pattern: '^[^\\n\\r]*$',
        'x-secret': true,
        description: 'Its password. Every address of `url` and `checksum` gets both, but none that they redirect to.',
      }),
    ),
  },
  {
    allOf: [
      {
        oneOf: [
          { required: ['url', 'checksum'], not: { required: ['src'] } },
          { required: ['src'], not: { anyOf: [{ required: ['url'] }, { required: ['checksum'] }] } },
          {
            properties: { state: { const: 'absent' } },
            required: ['state'],
            not: { anyOf: [{ required: ['url'] }, { required: ['src'] }] },
          },
        ],
        'x-message': 'needs url and checksum, or src alone',
      },
      {
        anyOf: [
          { required: ['username', 'password'] },
          { not: { anyOf: [{ required: ['username'] }, { required: ['password'] }] } },
        ],
        'x-message': 'needs both username and password, or neither',
      },
    ],
  },
);
export type Args = Static<typeof args>;
