import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { Account, PathOnHost } from '../_file/args.ts';
import { accountKeys } from '../_file/content.ts';
import { refusal } from '../_refusal/refusal.ts';
import { EXTRACT_SHELL, SURVEY } from './shell.ts';

const Url = Type.String({ pattern: '^https?://\\S+$' });

const args = Type.Object({
  url: Type.Union([Url, Type.Array(Url, { minItems: 1 })], {
    description:
      'The archive (tar, plain or compressed in a way that the host can unpack); of a list the first that answers.',
  }),
  checksum: Type.String({
    pattern: '^(sha256:[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128}|sha(256|512):(https?://|\\{url\\})\\S*)$',
    description:
      '`sha256:` or `sha512:` and the checksum itself, or the URL of a file that has it; `{url}` in that is the URL of the archive: `sha512:{url}.sha512`.',
  }),
  dest: PathOnHost('The folder that it becomes. The folder that this is in must exist.'),
  strip: Type.Integer({
    minimum: 0,
    default: 1,
    description: 'How many folders to leave out at the beginning of the paths in the archive.',
  }),
  owner: Type.Optional(Account('The account that all of it belongs to. Not given: the acting account.')),
  group: Type.Optional(Account('Its group.')),
});
type Args = Static<typeof args>;

type Extracted = {
  /** The archive's file name; empty when the folder was not made from one. */
  readonly archive: string;
  /** `sha512:…` of the archive. */
  readonly checksum: string;
  readonly strip: number;
  /** Files of the archive that are gone or have another size. */
  readonly damaged: readonly string[];
  readonly owner: string;
  readonly group: string;
};

/** A folder made from a downloaded archive. */
export const downloadExtract = defineResource<typeof args, Extracted>({
  name: 'download_extract',
  description: 'A folder with the content of an archive that is downloaded, verified and unpacked on the host.',
  args,
  touches: ({ dest, owner, group }) => ({ reads: accountKeys(owner, group), writes: [`tree:${dest}`] }),
  probe: ({ dest }) => ({ script: sh`${raw(SURVEY)}\nsurvey ${dest}`, parse }),
  desired,
  steps,
  failure: (output) =>
    refusal(output, {
      CHECKSUM_MISMATCH: 'Nothing was unpacked. Compare the checksum with the one that the publisher states.',
      ARCHIVE_UNSAFE: 'Nothing of it was left on the host. Do not trust where it is from.',
      DOWNLOAD_FAILED: 'Can the host itself reach the address? The output above says why it could not.',
    }),
});

/** Files that an error or a report names; the rest is counted. */
const NAMED = 10;

function parse(stdout: string): Extracted | null {
  const all = stdout.split('\n');
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const first = (word: string) => rests(word)[0] ?? '';
  if (all[0] === 'absent') return null;
  const [owner = '', group = ''] = first('owner ').split(' ');
  if (owner === '' && !['link', 'foreign'].includes(all[0] ?? '')) {
    throw new HailbookError('PROBE_FAILED', `the folder could not be looked at: ${stdout}`);
  }
  const damaged = rests('damaged ');
  const more = damaged.length - NAMED;
  return {
    archive: first('archive '),
    checksum: first('checksum '),
    strip: Number(first('strip ')),
    damaged: more > 0 ? [...damaged.slice(0, NAMED), `and ${more} more`] : damaged,
    owner,
    group,
  };
}

function desired({ url, checksum, dest, strip, owner, group }: Args, current: Extracted | null): Partial<Extracted> {
  if (current?.archive === '') {
    throw new HailbookError('PATH_REFUSED', `${dest} is there and was not made from an archive by hailbook`, {
      hint: 'look at what it is; move it away or name another folder',
    });
  }
  return {
    // Where only a URL says what the checksum is, the name of the archive has to do: it has the version in it.
    ...(isLiteral(checksum) ? { checksum: checksum.toLowerCase() } : { archive: fileName(url) }),
    strip,
    damaged: [],
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  };
}

const isLiteral = (checksum: string): boolean => /^sha\d+:[0-9a-f]+$/i.test(checksum);

function fileName(url: Args['url']): string {
  const [first = ''] = [url].flat();
  return first.replace(/[?#].*/, '').replace(/.*\//, '');
}

function steps(change: Change<Extracted>, { url, checksum, dest, strip, owner = '', group = '' }: Args): Step[] {
  if (change.kind === 'update' && change.fields.every((field) => field === 'owner' || field === 'group')) {
    return [{ script: sh`${raw(EXTRACT_SHELL)}\nsettle ${dest} reown ${[owner, group]}` }];
  }
  const [algorithm = '', expected = ''] = [checksum.slice(0, 6), checksum.slice(7)];
  const words = [
    algorithm,
    isLiteral(checksum) ? expected.toLowerCase() : expected,
    strip,
    owner,
    group,
    ...[url].flat(),
  ];
  return [{ script: sh`${raw(EXTRACT_SHELL)}\nsettle ${dest} extract ${words}`, timeout: 3600 }];
}
