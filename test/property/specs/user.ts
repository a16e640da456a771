import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const HASHES = [
  '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1',
  '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7',
  '*',
];

const WORDS = new Map([
  ['2027-02-03', 'Feb 03, 2027'],
  ['1999-12-31', 'Dec 31, 1999'],
  ['never', 'never'],
]);

/** One value that is refused, among many. */
const seldom = <T>(odd: T, ...usual: readonly T[]) =>
  fc.oneof({ arbitrary: fc.constantFrom(...usual), weight: 11 }, { arbitrary: fc.constant(odd), weight: 1 });

const SAME = { uid: 59001, group: 'propuser', gid: 59001 };
const identity: fc.Arbitrary<{ uid?: number; group?: string; gid?: number }> = fc.oneof(
  { arbitrary: fc.constantFrom({}, { uid: 59001 }, { gid: 59001 }, SAME), weight: 11 },
  { arbitrary: fc.constantFrom({ uid: 59002 }, { group: 'propcrew' }, { gid: 60 }), weight: 1 },
);

const shape = {
  groups: fc.uniqueArray(seldom('propnone', 'adm', 'tape', 'audio'), { maxLength: 3 }),
  append: fc.boolean(),
  comment: fc.constantFrom('', 'Prop User', 'é "x" $(touch /srv/canary) \\', '-x', ' '),
  system: fc.boolean(),
  shell: fc.constantFrom('/bin/bash', '/bin/sh', '/nowhere/a shell'),
  home: fc.constantFrom('/home/propuser', '/srv/u/a/prop', "/srv/u/it's"),
  create_home: fc.boolean(),
  password: seldom('plain text', ...HASHES),
  update_password: fc.constantFrom('always', 'on_create'),
  password_lock: fc.boolean(),
  expires: seldom('2027-02-30', '2027-02-03', '1999-12-31', 'never'),
  ssh_key: fc.constant('ed25519'),
  state: fc.constantFrom('present', 'present', 'present', 'absent'),
  remove_home: fc.boolean(),
} as const;

/** What needs another argument stands with it alone. */
const argsOf = (who: typeof identity) =>
  fc.tuple(who, fc.record(shape, { requiredKeys: [] })).map(([its, given]) => {
    const { append, update_password, remove_home, create_home, password_lock, ...all } = given;
    return {
      name: 'propuser',
      ...its,
      ...all,
      ...(create_home !== undefined && !(all.ssh_key && !create_home) ? { create_home } : {}),
      ...(password_lock || (password_lock === false && all.password) ? { password_lock } : {}),
      ...(all.groups && append !== undefined ? { append } : {}),
      ...(all.password && update_password ? { update_password } : {}),
      ...(all.state === 'absent' && remove_home !== undefined ? { remove_home } : {}),
    };
  });
const args = argsOf(identity);

/** One that went may have left a home that is now nobody's. */
const earlier = argsOf(fc.constant(SAME)).filter(({ state }) => state !== 'absent');

/** An account as people make them; what of it fails is not there. */
const account = fc
  .record({
    uid: seldom(59003, 59001),
    home: fc.constantFrom('/home/propuser', '/srv/u/other'),
    with: fc.constantFrom('-m', '-M'),
    group: seldom('-g propcrew -N', '-U'),
    groups: fc.constantFrom('', 'adm', 'adm,tape'),
    comment: fc.constantFrom('', 'Prop User'),
  })
  .map(
    (it) =>
      `${sh`useradd -u ${it.uid} -d ${it.home} -G ${it.groups} -c ${it.comment} -s /bin/sh`} ${it.with} ${it.group} propuser`,
  );
const deed = fc.constantFrom(
  ...HASHES.map((hash) => sh`echo ${`propuser:${hash}`} | chpasswd -e`),
  'usermod -L propuser',
  'passwd -d propuser',
  'chage -E 2027-02-03 propuser',
  'rm -rf /home/propuser',
  'mkdir -m 700 ~propuser/.ssh; ssh-keygen -q -t ed25519 -N "" -f ~propuser/.ssh/id_ed25519; chown -R propuser ~propuser/.ssh',
  'echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther other >~propuser/.ssh/id_ed25519.pub',
);
/** These end in a refusal, or in a word to the reader. */
const faults = fc.constantFrom(
  'chown root ~propuser',
  'rm -rf ~propuser; echo file >~propuser',
  'userdel propuser; useradd -u 59001 propother',
  'userdel propuser; groupdel propuser; groupadd -g 59001 propother',
  'ln -s /root ~propuser/.ssh',
  'ln -s /etc/shadow ~propuser/.ssh/id_ed25519.pub',
);
const before = fc
  .tuple(
    fc.constantFrom('groupadd propcrew', ':'),
    fc.option(account),
    fc.array(deed, { maxLength: 4 }),
    fc.oneof({ arbitrary: fc.constant(''), weight: 5 }, { arbitrary: faults, weight: 1 }),
  )
  .map(
    ([group, made, deeds, fault]) =>
      `exec 2>/dev/null\n${[group, made ?? '', ...(made ? [...deeds, fault] : []), ':'].join('\n')}`,
  );

const CLEAN = `for u in propuser propother; do userdel -r -f $u; done
for g in propuser propother propcrew; do groupdel $g; done
rm -rf /home/propuser /home/propother /srv/u`;

export default defineSpec({
  module: 'user',
  fresh: `exec 2>/dev/null\n${CLEAN}\nmkdir /srv/u`,
  before: fc.oneof(before, earlier, fc.tuple(before, earlier)),
  args,
  refuses: ['USER_MISMATCH', 'ACCOUNT_MISSING', 'ARGS_INVALID', 'PATH_REFUSED'],
  // Of an account that is still to be made, what stands in its way is met when it is.
  refusesLate: ['ACCOUNT_MISSING', 'PATH_REFUSED'],
  sees: (given) => {
    if (given.state === 'absent') return '! getent passwd propuser';
    const is = (of: string, wanted: string | number | undefined): string =>
      wanted === undefined ? ':' : sh`[ "$(eval ${of})" = ${wanted} ]`;
    const others = [...(given.groups ?? [])].sort().join(' ');
    const hash = given.update_password === 'on_create' ? undefined : given.password;
    return [
      is('id -u propuser', given.uid),
      is('id -gn propuser', given.group),
      is('id -g propuser', given.gid),
      is('getent passwd propuser | cut -d: -f5', given.comment),
      is('getent passwd propuser | cut -d: -f6', given.home),
      is('getent passwd propuser | cut -d: -f7', given.shell),
      is("getent shadow propuser | cut -d: -f2 | tr -d '!'", hash),
      is('getent shadow propuser | cut -d: -f2 | cut -c1', given.password_lock ? '!' : undefined),
      given.password_lock === false ? "! getent shadow propuser | grep -q '^propuser:!'" : ':',
      is('chage -l propuser | sed -n "s/^Account expires.*: //p"', WORDS.get(given.expires ?? '')),
      ...(given.groups && !given.append
        ? [
            sh`all=$(id -Gn propuser | tr ' ' '\\n' | grep -vxF "$(id -gn propuser)" | sort | tr '\\n' ' ')
want=$(printf '%s\\n' ${others} | tr ' ' '\\n' | grep -vxF "$(id -gn propuser)" | sort | tr '\\n' ' ')
[ "$(echo $all)" = "$(echo $want)" ]`,
          ]
        : []),
      ...(given.create_home || given.ssh_key ? ['[ -d ~propuser ]'] : []),
      ...(given.ssh_key && given.create_home !== false
        ? [
            '[ "$(ssh-keygen -y -f ~propuser/.ssh/id_ed25519 | cut -d" " -f2)" = "$(cut -d" " -f2 ~propuser/.ssh/id_ed25519.pub)" ]',
          ]
        : []),
      '! test -e /srv/canary',
    ].join(' &&\n');
  },
  cleanup: `exec 2>/dev/null\n${CLEAN}`,
});
