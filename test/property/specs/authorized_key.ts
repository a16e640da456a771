import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPWYJLqTJIq6NBw1oNezC8ICNIazPE68ck7N4vCsfq+K',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGSI+eMjGG6qJSugvC7AmC6ZF6lV9y5IQ+dwH8kF2PMz',
  'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIF2q+vRwHeT6aVLJspg0pV5wv9y23VoGdjX3u9Wa/xrPAAAABHNzaDo=',
];
const OPTIONS = [
  'restrict',
  'no-pty',
  'from="10.0.0.0/8,::1"',
  'command="echo \\"a, b\\" $(touch /srv/canary)"',
  'cert-authority',
];
const FILE = '/home/prop/.ssh/authorized_keys';

const line = fc
  .tuple(fc.constantFrom(...KEYS), fc.constantFrom('', ' me', " it's $(touch /srv/canary)"))
  .map(([key, comment]) => key + comment);
const options = fc.uniqueArray(fc.constantFrom(...OPTIONS), { maxLength: 3 });

const args = fc
  .record(
    {
      user: fc.constantFrom('prop', 'prop', 'prop', 'prop', 'propnone'),
      keys: fc.array(line, { minLength: 1, maxLength: 3 }),
      options,
      exclusive: fc.boolean(),
      state: fc.constantFrom('present', 'present', 'absent'),
    },
    { requiredKeys: ['user', 'keys'] },
  )
  .map(({ exclusive, ...all }) => (all.state === 'absent' || exclusive === undefined ? all : { ...all, exclusive }));

/** As people write them. */
const written = fc.oneof(
  fc
    .tuple(options, line, fc.constantFrom('', '\r'), fc.constantFrom('', '  '))
    .map(([before, key, end, indent]) => `${indent}${before.join(',')}${before.length > 0 ? ' ' : ''}${key}${end}`),
  fc.constantFrom(
    '',
    '# a comment',
    `#${KEYS[0]}`,
    'nonsense',
    `command="${KEYS[0]}" ${KEYS[1]}`,
    `from="x ${KEYS[0]}`,
  ),
);
const deed = fc.constantFrom(
  `chmod 644 ${FILE}`,
  `chmod 400 ${FILE}`,
  'chmod 755 ~prop/.ssh',
  `chown root ${FILE}`,
  `rm -f ${FILE}`,
  'rm -rf ~prop/.ssh',
  `ln -sf /root/x ${FILE}`,
);
const file = fc.tuple(fc.array(written, { maxLength: 5 }), fc.boolean(), fc.array(deed, { maxLength: 2 })).map(
  ([lines, ended, deeds]) => `exec 2>/dev/null
install -d -m 700 -o prop -g prop ~prop/.ssh
${sh`printf %s ${lines.join('\n') + (ended ? '\n' : '')}`} >${FILE}; chown prop:prop ${FILE}; chmod 600 ${FILE}
${[...deeds, ':'].join('\n')}`,
);

const NONE = 'for f in $want; do case $have in *"$f"*) exit 1 ;; esac; done';
const ALL = `[ "$(stat -c '%U %a' ${FILE} ~prop/.ssh)" = "$(printf 'prop 600\\nprop 700')" ] || exit
for f in $want; do case $have in *"$f"*) ;; *) exit 1 ;; esac; done`;

/** The key has one line, and before it stand exactly these options, in whatever order. */
const onlyLine = (which: string, key: string, wanted: readonly string[]): string =>
  `l=$(lines ${which} | ${sh`grep -F ${key}`} | grep -v '^ *#\\|^command=.*AAAA.* ssh\\|^from="x')
${sh`k=${key}`}
b=\${l%%"$k"*}
[ "\${#b}" = ${wanted.join(',').length + (wanted.length > 0 ? 1 : 0)} ] || { echo "$l"; exit 1; }
${wanted.map((option) => sh`case $b in *${option}*) ;; *) exit 1 ;; esac`).join('\n')}`;

export default defineSpec({
  module: 'authorized_key',
  prepare: 'getent passwd prop >/dev/null || useradd -m -s /bin/sh prop',
  fresh: 'rm -rf ~prop/.ssh /root/x',
  before: fc.oneof(file, args, fc.tuple(file, args)),
  args,
  refuses: ['PATH_REFUSED', 'ACCOUNT_MISSING', 'PROBE_FAILED'],
  // ssh-keygen finds the key in a line with options as sshd does.
  sees: (given) => {
    const { user, keys, state, options: wanted } = given;
    const exclusive = 'exclusive' in given && given.exclusive;
    if (user !== 'prop') return ':';
    const plain = [...new Set(keys.map((key) => key.split(' ', 2).join(' ')))];
    const which = wanted?.includes('cert-authority') ? '-i' : '-v -i';
    return `${sh`prints() { ssh-keygen -lf - | awk '{ print $2 }'; }
lines() { tr -d '\\r' <${FILE} 2>/dev/null | grep "$@" cert-authority; }
want=$(printf '%s\n' ${plain} | prints | sort -u)`}
have=$(lines ${which} | prints | sort -u)
${state === 'absent' ? NONE : ALL}
${state !== 'absent' && exclusive ? '[ "$(tr -d "\\r" </home/prop/.ssh/authorized_keys | prints | sort -u)" = "$want" ] || exit' : ''}
${state !== 'absent' && wanted ? plain.map((key) => onlyLine(which, key, wanted)).join('\n') : ''}
! test -e /srv/canary`;
  },
  cleanup: 'userdel -r prop 2>/dev/null',
});
