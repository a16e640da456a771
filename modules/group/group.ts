import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { KNOWN, mismatch, noAccount, records } from '../_account/account.ts';
import { Account, Id } from '../_file/args.ts';
import { REFUSE, refusal } from '../_refusal/refusal.ts';

const args = Type.Object(
  {
    name: Account('The name of the group.'),
    gid: Type.Optional(Id('Its number. Not given: the next free one.')),
    members: Type.Optional(
      Type.Array(Account('The name of an account.'), {
        description: 'The accounts in it, and no more than these. Not given: as it is.',
      }),
    ),
    append: Type.Optional(Type.Boolean({ description: 'There may be more accounts in it than `members`.' })),
    system: Type.Optional(
      Type.Boolean({ description: 'Of the system: a new one gets a number below those of people.' }),
    ),
    state: Type.Enum(['present', 'absent'], { description: 'Is there such a group?', default: 'present' }),
  },
  {
    allOf: [
      { anyOf: [{ not: { required: ['append'] } }, { required: ['members'] }], 'x-message': 'append needs members' },
    ],
  },
);
type Args = Static<typeof args>;

type Group = {
  readonly gid: number;
  /** As the group itself names them, sorted: an account whose own group it is need not be among them. */
  readonly members: readonly string[];
  /** Those that are asked for and do not exist. */
  readonly missing_members: readonly string[];
  /** The accounts whose own group it is; looked at when it is to go. */
  readonly own_of: readonly string[];
};

/** A group of accounts. */
export const group = defineResource<typeof args, Group>({
  name: 'group',
  description: 'A group of accounts.',
  args,
  touches: ({ name, members = [] }) => ({
    reads: members.map((member) => `user:${member}` as const),
    writes: [`group:${name}`],
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure: (output) => refusal(output),
});

function look({ name, gid, members = [], state }: Args): Sh {
  return lines(
    KNOWN,
    sh`p=$(known group ${[name, ...(gid === undefined ? [] : [gid])]}) || exit`,
    sh`printf '%s\n' "$p"`,
    state === 'present' && members.length > 0 && sh`echo :accounts\nknown passwd ${members}`,
    state === 'absent' &&
      sh`echo :own
IFS=: read -r n x g x <<E
$p
E
[ "$n" != ${name} ] || { all=$(getent passwd) && printf '%s\n' "$all" | awk -F: -v g="$g" '$4 == g'; }`,
  );
}

/** @throws HailbookError USER_MISMATCH when the group is still to be made and its number is another's */
function parse(stdout: string, { name, gid, members = [], state }: Args): Group | null {
  const [head = '', rest = ''] = stdout.split(/^:(?:accounts|own)\n/m);
  const groups = records(head.split('\n'));
  const own = groups.find((other) => other[0] === name);
  if (own) {
    const accounts = records(rest.split('\n')).map(([account = '']) => account);
    return {
      gid: Number(own[2]),
      members: (own[3] ?? '')
        .split(',')
        .filter((member) => member !== '')
        .sort(),
      missing_members: state === 'absent' ? [] : members.filter((member) => !accounts.includes(member)),
      own_of: state === 'absent' ? accounts : [],
    };
  }
  const holder = groups.find((other) => other[2] === String(gid));
  if (holder && state === 'present') throw mismatch(`gid ${gid} is wanted for ${name}, but belongs to ${holder[0]}`);
  return null;
}

function desired({ name, gid, members, append, state }: Args, current: Group | null): Partial<Group> | null {
  if (current && gid !== undefined && gid !== current.gid) throw mismatch(`${name} has gid ${current.gid}, not ${gid}`);
  if (state === 'absent') return null;
  const kept = append ? (current?.members ?? []) : [];
  return {
    ...(gid !== undefined && { gid }),
    ...(members && { members: [...new Set([...members, ...kept])].sort() }),
  };
}

function steps(change: Change<Group>, { name, gid, members = [], system }: Args): Step[] {
  if (change.kind === 'delete') {
    const { own_of } = change.before;
    if (own_of.length > 0)
      throw new HailbookError('USER_BUSY', `${name} is the own group of ${own_of.join(', ')}`, {
        hint: 'a task with the module user, before this one, takes the account away',
      });
    return [{ script: sh`groupdel ${name}` }];
  }
  const fill = (all: readonly string[] = []): Step => ({ script: sh`gpasswd --members ${all.join(',')} ${name}` });
  if (change.kind === 'update') {
    const missing = change.before.missing_members;
    if (missing.length > 0) throw noAccount(missing);
    return [fill(change.after.members)];
  }
  const options = [...(system ? ['--system'] : []), ...(gid === undefined ? [] : ['--gid', gid])];
  const add = lines(
    members.length > 0 &&
      sh`${raw(REFUSE)}
for m in ${members}; do
  getent passwd "$m" >/dev/null || refuse ACCOUNT_MISSING "there is no account $m"
done`,
    sh`groupadd ${[...options, name]}`,
  );
  return [{ script: add }, ...(members.length > 0 ? [fill(change.after.members)] : [])];
}
