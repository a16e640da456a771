import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const gid = fc.oneof(
  { arbitrary: fc.constant(59001), weight: 9 },
  { arbitrary: fc.constantFrom(59002, 60), weight: 1 },
);
const member = fc.oneof(
  { arbitrary: fc.constantFrom('games', 'daemon', 'mail'), weight: 15 },
  { arbitrary: fc.constant('propjo'), weight: 1 },
);

const args = fc
  .record(
    {
      name: fc.constant('propcrew'),
      gid,
      members: fc.uniqueArray(member, { maxLength: 3 }),
      append: fc.boolean(),
      system: fc.boolean(),
      state: fc.constantFrom('present', 'present', 'absent'),
    },
    { requiredKeys: ['name'] },
  )
  .map(({ append, ...all }) => (all.members && append !== undefined ? { ...all, append } : all));

const there = fc
  .tuple(
    fc.oneof({ arbitrary: fc.constant(59001), weight: 9 }, { arbitrary: fc.constant(59003), weight: 1 }),
    fc.uniqueArray(fc.constantFrom('games', 'daemon', 'mail')),
  )
  .map(([number, members]) => sh`groupadd -g ${number} propcrew && gpasswd -M ${members.join(',')} propcrew`);
const deed = fc.oneof(
  { arbitrary: fc.constant('useradd propjo'), weight: 6 },
  { arbitrary: fc.constantFrom('groupadd -g 59001 propother', 'useradd -g propcrew propjo'), weight: 1 },
);
const before = fc
  .tuple(fc.option(there), fc.array(deed, { maxLength: 2 }))
  .map(([group, deeds]) => `exec 2>/dev/null\n${[group ?? '', ...deeds, ':'].join('\n')}`);

const CLEAN = 'exec 2>/dev/null; userdel -r propjo; for g in propjo propcrew propother; do groupdel $g; done; :';

export default defineSpec({
  module: 'group',
  fresh: CLEAN,
  before: fc.oneof(before, args, fc.tuple(before, args)),
  args,
  refuses: ['USER_MISMATCH', 'USER_BUSY', 'ACCOUNT_MISSING'],
  // The members of a group that is still to be made are looked for when it is.
  refusesLate: ['ACCOUNT_MISSING'],
  sees: (given) => {
    const { state, gid: number, members } = given;
    const append = 'append' in given && given.append;
    if (state === 'absent') return '! getent group propcrew';
    const wanted = [...(members ?? [])].sort().join('\n');
    const all = sh`getent group propcrew | cut -d: -f4 | tr , '\\n' | sed '/^$/d' | sort`;
    const listed = append
      ? `[ -z "$(printf '%s\\n' "$want" | sed '/^$/d' | grep -vxF "$have")" ]`
      : '[ "$have" = "$want" ]';
    return `have=$(${all}) ${sh`want=${wanted}`}
id=$(getent group propcrew | cut -d: -f3) || exit
${number === undefined ? ':' : `[ "$id" = ${number} ]`} && ${members === undefined ? ':' : listed}`;
  },
  cleanup: CLEAN,
});
