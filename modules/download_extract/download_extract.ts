import { HailbookError } from '../../engine/errors.ts';
import { defineResource } from '../../engine/plan/contract.ts';
import { lines, type Sh, sh } from '../../engine/plan/sh.ts';
import { accountKeys } from '../_file/content.ts';
import { refusal } from '../_refusal/refusal.ts';
import { type Args, args } from './args.ts';
import { SURVEY } from './shell.ts';
import { type Extracted, expected, fileName, isLiteral, steps } from './steps.ts';

/** A folder made from an archive. */
export const downloadExtract = defineResource<typeof args, Extracted>({
  name: 'download_extract',
  description:
    'A folder with the content of an archive that is downloaded, or sent from the controller, verified and unpacked on the host.',
  args,
  touches: ({ dest, owner, group, link }) => ({
    reads: accountKeys(owner, group),
    writes: [`tree:${dest}`, ...(link === undefined ? [] : [`tree:${link}` as const])],
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure: (output) =>
    refusal(output, {
      CHECKSUM_MISMATCH: 'Nothing was unpacked. Compare the checksum with the one that the publisher states.',
      ARCHIVE_UNSAFE:
        'Nothing of it was left on the host. Do not trust where it is from; if only its size is the matter, raise max_size.',
      DOWNLOAD_FAILED: 'Can the host itself reach the address? The output above says why it could not.',
      DISK_FULL: 'Make room there, or choose another place for dest. What was downloaded is kept and used again.',
      PROGRAM_MISSING: 'Install that package before, by a task with apt.',
    }),
});

function look({ dest, link, verify }: Args): Sh {
  return lines(SURVEY, sh`survey ${[dest, verify]}`, sh`unfinished ${dest}`, link !== undefined && sh`lead ${link}`);
}

/** Files that an error or a report names; the rest is counted. */
const NAMED = 10;

function parse(stdout: string, { dest, link, state }: Args): Extracted | null {
  const all = stdout.split('\n');
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const first = (word: string) => rests(word)[0] ?? '';
  const taken = state === 'present' && all.includes('taken') ? link : undefined;
  if (taken !== undefined || all[0] === 'link' || all[0] === 'foreign') {
    const what = taken === undefined ? 'was not made from an archive by hailbook' : 'is no link';
    throw new HailbookError('PATH_REFUSED', `${taken ?? dest} is there and ${what}`, {
      hint: 'look at what it is; move it away or name another path',
    });
  }
  const unfinished = all.includes('unfinished');
  const toRemove = state === 'absent' && (unfinished || first('lead ') === dest);
  if (all[0] === 'absent' && !toRemove) return null;
  const [owner = '', group = ''] = first('owner ').split(' ');
  if (owner === '' && all[0] !== 'absent') {
    throw new HailbookError('PROBE_FAILED', `the folder could not be looked at: ${stdout}`);
  }
  const damaged = rests('damaged ');
  const more = damaged.length - NAMED;
  return {
    archive: first('archive '),
    checksum: first('checksum '),
    strip: Number(first('strip ')),
    verify: first('verify ') || 'sizes',
    damaged: more > 0 ? [...damaged.slice(0, NAMED), `and ${more} more`] : damaged,
    owner,
    group,
    link: first('lead '),
    unfinished,
  };
}

function desired(given: Args): Partial<Extracted> | null {
  const { dest, state, src, checksum = '', strip, verify, owner, group, link } = given;
  if (state === 'absent') return null;
  return {
    // Where only a URL says what the checksum is, the name of the archive has to do: it has the version in it.
    ...(src || isLiteral(checksum) ? { checksum: expected(given).join(':') } : { archive: fileName(given) }),
    strip,
    damaged: [],
    unfinished: false,
    ...(verify === 'content' ? { verify } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(link === undefined ? {} : { link: dest }),
  };
}
