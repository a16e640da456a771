import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { Account, Mode, PathOnHost } from '../_file/args.ts';
import { accountKeys, desiredOwnership, ownershipIn } from '../_file/content.ts';
import { probeContent, readWith } from '../_file/probe.ts';
import { adjust, editFile, fileFailure } from '../_file/steps.ts';

const args = Type.Object({
  path: PathOnHost('The file on the host that holds it. Its folder must exist.'),
  bytes: Type.Optional(
    Type.Integer({
      description: 'How many random bytes; the text has two hex digits for each.',
      minimum: 16,
      maximum: 1024,
      default: 32,
    }),
  ),
  owner: Type.Optional(
    Account('The account that owns the file. Not given: as it is; the acting account for a new file.'),
  ),
  group: Type.Optional(Account('Its group. Not given: as it is.')),
  mode: Type.Optional({ ...Mode('Its permissions, a quoted octal number.'), default: '0600' }),
});
type Args = Static<typeof args>;

type Kept = {
  readonly value: Secret;
  readonly owner: string;
  readonly group: string;
  /** Four octal digits. */
  readonly mode: string;
};

/** A random text that is made once, on the host, and then only read. */
export const secret = defineResource<typeof args, Kept>({
  name: 'secret',
  description: 'A random secret in a file of the host, made once and never printed.',
  args,
  touches,
  probe,
  desired: (given, current) => desiredOwnership(given, current, '0600'),
  steps,
  failure: fileFailure,
});

function touches({ path, owner, group }: Args): Touches {
  return { reads: accountKeys(owner, group), writes: [`file:${path}`] };
}

function probe(given: Args): Probe<Kept | null> {
  const { path, bytes = 32 } = given;
  const atPath = probeContent(path, given);
  return {
    script: sh`${raw(atPath.script)}
if [ -e "$p" ]; then
${raw(readWith(path, sh`cat`))}
fi </dev/null`,
    parse(stdout) {
      const found = atPath.parse(stdout);
      if (!found) return null;
      if (found.type !== 'file') throw new HailbookError('PATH_REFUSED', `${path} is a ${found.type}, not a file`);
      const text = stdout.split('\n').slice(2).join('\n').trim();
      if (text.length < 2 * bytes) throw tooShort(path, text.length, bytes);
      return { value: new Secret(text), owner: found.owner, group: found.group, mode: found.mode };
    },
  };
}

const tooShort = (path: string, length: number, bytes: number): HailbookError =>
  new HailbookError('SECRET_INVALID', `${path} has ${length} characters; a secret of ${bytes} bytes has ${2 * bytes}`, {
    hint: 'whoever uses the present one would be locked out by another: remove the file by hand if a new one is right',
  });

// What another run made meanwhile stays. The text is in no argument, so no list of processes shows it.
const GENERATE = sh`text=$(cat)
[ -n "$text" ] || text=$(head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n')
[ "\${#text}" -ge $(($1 * 2)) ] || exit
printf '%s\n' "$text"`;

function steps(change: Change<Kept>, given: Args): Step[] {
  const { path, bytes = 32 } = given;
  if (change.kind === 'update') return [adjust(path, ownershipIn(change, given))];
  return [editFile(path, sh`/bin/sh -c ${GENERATE} generate ${bytes}`, ownershipIn(change, given))];
}
