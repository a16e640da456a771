import fc from 'fast-check';
import { raw, sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

const NAMES = ['alpha', 'beta', 'gamma.example', 'Delta'];
const ADDRESSES = ['10.9.9.1', '10.9.9.2', '127.0.1.9', 'fd00::9'];

const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });
const address = fc.constantFrom(...ADDRESSES, 'FD00:0::09');
const args = fc.oneof(
  fc.record({ address, names, exclusive_names: fc.boolean() }, { requiredKeys: ['address', 'names'] }),
  fc.record({ address, names, state: fc.constant('absent' as const) }, { requiredKeys: ['names', 'state'] }),
);
type Given = { address?: string; names: string[]; state?: 'absent'; exclusive_names?: boolean };

/** A line as people write them: tabs, blanks, comments, nothing at all. */
const line = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...ADDRESSES),
      fc.constantFrom('\t', ' ', '  \t '),
      names,
      fc.constantFrom('', ' # mine', '  '),
    )
    .map(([address, gap, all, end]) => `${address}${gap}${all.join(gap)}${end}`),
  fc.constantFrom('', '# 10.9.9.1 alpha', '   ', '10.9.9.7 other', '10.9.9.1'),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.boolean())
  .map(([lines, ended]) => sh`printf %s ${lines.join('\n') + (ended ? '\n' : '')} >>/etc/hosts`);

export default defineSpec({
  module: 'hosts_entry',
  prepare: 'test -e /etc/hosts.kept || cp /etc/hosts /etc/hosts.kept',
  fresh: 'cp /etc/hosts.kept /etc/hosts',
  before: fc.oneof(file, args, fc.tuple(file, args)),
  args,
  // `files` alone: the resolver must not be asked, and it does not say which names it has.
  sees: ({ address: given = '', names: wanted, state, exclusive_names }: Given) => {
    const own = given.toLowerCase().replace('fd00:0::09', 'fd00::9');
    const addresses = sh`getent -s files ${own.includes(':') ? 'ahostsv6' : 'ahostsv4'} "$name" | awk '{ print $1 }' | sort -u`;
    if (state === 'absent')
      return sh`for name in ${wanted}; do
  for found in $(getent -s files ahosts "$name" | awk '{ print $1 }'); do [ ${own} != '' ] && [ "$found" != ${own} ] || exit; done
done`;
    return sh`for name in ${wanted}; do [ "$(${raw(addresses)})" = ${own} ] || exit; done
[ ${exclusive_names ? 'yes' : ''} != yes ] || ! getent -s files hosts ${own} | tr -s ' ' '\n' | sed 1d | grep -v -i -x -F ${wanted.join('\n')}`;
  },
  cleanup: 'mv /etc/hosts.kept /etc/hosts',
});
