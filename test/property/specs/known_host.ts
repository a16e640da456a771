import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const NAMES = ['node1', 'Node2.example', '10.9.9.1', '[node3]:2222', 'fd00::9'];
const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBlN9s0Lk5yX0w7S6y4g3Tn1WZzq2a8hJvYp5cKdRfQm',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4vQ0m3eXj2uL8kR1bT6yWcZp9sNfGdAa7hKxVoEiMn',
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=',
];
const FILE = '/home/prop/.ssh/known_hosts';

const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });
const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 });
const args = fc.oneof(
  { arbitrary: fc.record({ user: fc.constant('prop'), names, keys }), weight: 4 },
  fc.record({ user: fc.constant('prop'), names, state: fc.constant('absent') }),
);

const line = fc.oneof(
  fc
    .tuple(names, fc.constantFrom(...KEYS), fc.constantFrom('', ' a comment'))
    .map(([all, key, end]) => `${all.join(',')} ${key}${end}`),
  fc.constantFrom(
    '# node1',
    '',
    `@revoked node1 ${KEYS[0]}`,
    `other ${KEYS[1]}`,
    `@cert-authority *.example ${KEYS[1]}`,
  ),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 5 }), fc.boolean(), fc.constantFrom('', 'hash', 'gone'))
  .map(([lines, ended, then]) => {
    const text = lines.join('\n') + (ended ? '\n' : '');
    const write = sh`install -d -m 700 -o prop -g prop ~prop/.ssh
printf %s ${text} >${FILE}; chown prop:prop ${FILE}; chmod 600 ${FILE}`;
    if (then === 'hash')
      return `${write}\nrunuser -u prop -- ssh-keygen -H -f ${FILE} >/dev/null 2>&1; rm -f ${FILE}.old`;
    return then === 'gone' ? `${write}\nrm -rf ~prop/.ssh` : write;
  });

export default defineSpec({
  module: 'known_host',
  prepare: 'getent passwd prop >/dev/null || useradd -m -s /bin/sh prop',
  fresh: 'rm -rf ~prop/.ssh',
  before: fc.oneof(file, args, fc.tuple(file, args)),
  args,
  // ssh-keygen -F finds hashed lines as well, and prints markers before the name.
  sees: (given) => sh`for name in ${given.names.map((name) => name.toLowerCase())}; do
  seen=$(ssh-keygen -F "$name" -f ${FILE} 2>/dev/null | grep -v '^[#@]' | awk '{ print $2, $3 }' | sort)
  [ "$seen" = ${('keys' in given ? [...given.keys] : []).sort().join('\n')} ] || { echo "$name: $seen"; exit 1; }
done
[ ! -e ${FILE} ] || [ "$(stat -c '%U %a' ${FILE})" = 'prop 600' ]`,
  cleanup: 'userdel -r prop 2>/dev/null',
});
