import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { Account, PathOnHost } from '../_file/args.ts';
import { fileFailure, makeFolder } from '../_file/steps.ts';
import { lookAtKey, makeKey, publicKey } from './key.ts';

// The highest ids are reserved: -1 means "no change" to chown, and 65534 is nobody.
const Id = (description: string) => Type.Integer({ description, minimum: 1, maximum: 4294967293 });

const args = Type.Object({
  name: Account('The name of the account.'),
  uid: Type.Optional(Id('Its number. Not given: the next free one.')),
  group: Type.Optional(Account('Its own group, made when missing. Not given: one with the name of the account.')),
  gid: Type.Optional(Id('The number of its own group. Not given: the next free one.')),
  shell: Type.Optional(PathOnHost("Its login shell. Not given: the system's default.")),
  home: Type.Optional(PathOnHost('Its home. Not given: the system decides, `/home/NAME` on Debian.')),
  ssh_key: Type.Optional(
    Type.Enum(['ed25519'], {
      description: 'The kind of SSH key that it has for itself, made once, without a passphrase.',
    }),
  ),
});
type Args = Static<typeof args>;

type Present = {
  readonly uid: number;
  readonly group: string;
  readonly gid: number;
  readonly shell: string;
  readonly home: string;
  /** `ed25519`, or empty when it has none, or not both halves of one. */
  readonly ssh_key: string;
  /** The line of its `.pub` file; empty when it has none or one that is not the private key's. */
  readonly ssh_public_key: string;
};

/** An account, its own group, its home and its SSH key. */
export const user = defineResource<typeof args, Present>({
  name: 'user',
  description: 'An account with its own group, its home and, if wanted, an SSH key.',
  args,
  touches,
  probe,
  desired,
  steps,
  failure: (output) =>
    /ssh-keygen: .*not found/.test(output.stderr)
      ? { code: 'STEP_FAILED', message: 'ssh-keygen is missing', hint: 'install openssh-client before this task' }
      : fileFailure(output),
});

function touches({ name, group = name, home = `/home/${name}` }: Args): Touches {
  return { writes: [`user:${name}`, `group:${group}`, `file:${home}`] };
}

/** getent takes names and numbers alike, so one call also tells who has the number that is wanted. */
function probe(given: Args): Probe<Present | null> {
  const { name, uid, group = name, gid, ssh_key } = given;
  return {
    script: lines(
      // 2 is "one of the keys is not there"; anything else but 0 is a failure to look.
      sh`known() { getent "$@" || [ $? = 2 ] || exit 1; }`,
      sh`p=$(known passwd ${[name, ...(uid === undefined ? [] : [uid])]}) || exit`,
      sh`printf '%s\n' "$p"
echo groups
IFS=: read -r n x x g x h x <<E
$p
E
[ "$n" = ${name} ] || g='' h=''
known group ${[group, ...(gid === undefined ? [] : [gid])]} $g`,
      ssh_key &&
        sh`echo key
[ "$n" != ${name} ] || { ${raw(lookAtKey(name))}; } </dev/null || :`,
    ),
    parse: (stdout) => parse(stdout, given),
  };
}

function parse(stdout: string, given: Args): Present | null {
  const { name, uid, group = name, gid } = given;
  const [accounts = [], groups = [], key = []] = sections(stdout);
  const own = accounts.find((account) => account[0] === name);
  if (own) {
    const [, , ownUid, ownGid, , home = '', shell = ''] = own;
    const ownGroup = groups.find((other) => other[2] === ownGid)?.[0] ?? '';
    const ssh_public_key = publicKey(key.map((words) => words.join(':')));
    return {
      uid: Number(ownUid),
      group: ownGroup,
      gid: Number(ownGid),
      shell,
      home,
      ssh_key: ssh_public_key && 'ed25519',
      ssh_public_key,
    };
  }
  const holder = accounts.find((account) => account[2] === String(uid));
  if (holder) throw mismatch(`uid ${uid} is wanted for ${name}, but belongs to ${holder[0]}`);
  const present = groups.find((other) => other[0] === group);
  if (present && gid !== undefined && present[2] !== String(gid))
    throw mismatch(`group ${group} has gid ${present[2]}, not ${gid}`);
  const other = groups.find((candidate) => candidate[0] !== group && candidate[2] === String(gid));
  if (other) throw mismatch(`gid ${gid} is wanted for ${group}, but belongs to ${other[0]}`);
  return null;
}

/** The lines of each section, split at their colons: of passwd, of group, and of what is known of the key. */
function sections(stdout: string): string[][][] {
  return stdout.split(/^(?:groups|key)\n/m).map((section) =>
    section
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(':')),
  );
}

const mismatch = (message: string): HailbookError =>
  new HailbookError('USER_MISMATCH', message, {
    hint: 'files carry the number, so hailbook never changes it: ask for the present one, or change it by hand',
  });

function desired(given: Args, current: Present | null): Partial<Present> {
  const { name, uid, group, gid, shell, home, ssh_key } = given;
  const wanted = { ...(uid && { uid }), ...(group && { group }), ...(gid && { gid }) };
  for (const field of ['uid', 'group', 'gid'] as const) {
    if (current && wanted[field] !== undefined && wanted[field] !== current[field])
      throw mismatch(`${name} has ${field} ${current[field]}, not ${wanted[field]}`);
  }
  return {
    group: current?.group ?? name,
    ...wanted,
    ...(shell && { shell }),
    ...(home && { home }),
    ...(ssh_key && { ssh_key }),
  };
}

function steps(change: Change<Present>, given: Args): Step[] {
  const { name, home, ssh_key } = given;
  const fields: readonly string[] = change.kind === 'update' ? change.fields : [];
  const out: Step[] = [];
  if (change.kind === 'create') out.push({ script: create(given) });
  if (fields.includes('shell')) out.push({ script: sh`usermod --shell ${given.shell ?? ''} ${name}` });
  if (fields.includes('home') && home) {
    out.push(
      makeFolder(home, { owner: name, group: change.kind === 'update' ? change.after.group : name, mode: '0750' }),
    );
    out.push({ script: sh`usermod --home ${home} ${name}` });
  }
  if (ssh_key && (change.kind === 'create' || fields.includes('ssh_key') || fields.includes('home')))
    out.push({ script: makeKey(name) });
  return out;
}

function create({ name, uid, group = name, gid, shell, home }: Args): Sh {
  const options = [
    ...(uid === undefined ? [] : ['--uid', uid]),
    ...(shell === undefined ? [] : ['--shell', shell]),
    ...(home === undefined ? [] : ['--home-dir', home]),
  ];
  // No password is set: nobody logs in by one. Others do not look into the home, as in Debian's adduser.
  return sh`getent group ${group} >/dev/null || groupadd ${gid === undefined ? [] : ['--gid', gid]} ${group} || exit
useradd ${['--gid', group, ...options]} --create-home -K HOME_MODE=0750 ${name}`;
}
