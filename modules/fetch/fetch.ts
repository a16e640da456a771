import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Brought, defineAction, LocalDestination, type Output, type Step } from '../../engine/plan/contract.ts';
import { type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';

const args = Type.Object({
  src: PathOnHost('The file on the host. A link is followed, as the account that does the work may.'),
  dest: LocalDestination({
    description:
      'The file on the controller, from the folder of the playbook. Name the host in it: `logs/{{ host.name }}.log`.',
  }),
  missing: Type.Enum(['fail', 'ignore'], { description: 'What to do when there is no such file.', default: 'fail' }),
});
type Args = Static<typeof args>;

/** Bytes in one record: in base64 it must stay below what is kept of a record's output, 8 MiB. */
const PIECE = 5 * 1024 * 1024;
const PIECES = 20;
const LIMIT = PIECE * PIECES;

type Fetched = { readonly sha256: string; readonly size: number };

/** Brings a file from a host to the controller. */
export const fetch = defineAction<typeof args, Fetched>({
  name: 'fetch',
  description: 'Brings a file from a host to the controller.',
  args,
  touches: ({ src }) => ({ reads: [`file:${src}`], writes: [] }),
  guard: ({ src, dest, missing }) => ({
    script: sh`if [ -f ${src} ]; then sha256sum <${src}; elif [ ! -e ${src} ]; then echo absent; fi`,
    parse(stdout) {
      const [found = ''] = stdout.trim().split(/\s/);
      return found === 'absent' ? missing === 'ignore' : dest.sha256 !== null && found === dest.sha256;
    },
  }),
  run,
  result(outputs) {
    const content = contentOf(outputs);
    return { sha256: sha256(content), size: content.length };
  },
  brings: (outputs, { dest }): Brought[] => [{ path: dest.path, content: contentOf(outputs) }],
  changes: () => true,
  failure: ({ stderr }) =>
    stderr.startsWith('hailbook: ')
      ? { code: 'FETCH_FAILED', message: stderr.trim().slice('hailbook: '.length) }
      : null,
});

/** The file is opened once, so that all pieces are of the same one; its hash comes last. */
function run({ src }: Args): Step[] {
  const check = sh`[ -e ${src} ] || { echo ${`hailbook: ${src} is not there`} >&2; exit 1; }
[ -f ${src} ] || { echo ${`hailbook: ${src} is no file`} >&2; exit 1; }
size=$(wc -c <${src}) || exit
[ "$size" -le ${LIMIT} ] || { echo ${`hailbook: ${src} is larger than ${LIMIT / 1024 / 1024} MiB`} >&2; exit 1; }`;
  const piece = (index: number): Sh => sh`tail -c +${index * PIECE + 1} <${src} | head -c ${PIECE} | base64 -w 0`;
  const pieces = Array.from({ length: PIECES }, (_, index) => ({ script: piece(index), quiet: true as const }));
  return [{ script: check }, ...pieces, { script: sh`sha256sum <${src}` }];
}

/** @throws HailbookError FETCH_FAILED when the file changed while it was read */
function contentOf(outputs: readonly Output[]): Buffer {
  const content = Buffer.concat(outputs.slice(1, -1).map(({ stdout }) => Buffer.from(stdout, 'base64')));
  if (outputs.at(-1)?.stdout.startsWith(sha256(content))) return content;
  throw new HailbookError('FETCH_FAILED', 'the file changed while it was read', { hint: 'Run again.' });
}

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
