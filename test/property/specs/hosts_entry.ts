import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const NAMES = ['alpha', 'beta', 'gamma.example', 'Delta'];
const ADDRESSES = ['10.9.9.1', '10.9.9.2', '127.0.1.9', 'fd00::9'];

const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });
const args = fc.record({ address: fc.constantFrom(...ADDRESSES), names });

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
  // `files` alone: the resolver must not be asked. getent hosts prints `address name alias…` of the first line that fits.
  sees: (given) => sh`for name in ${given.names}; do
  getent -s files ahosts "$name" | awk -v want=${given.address} '$1 != want { exit 1 } END { exit !NR }' || exit
done`,
  cleanup: 'mv /etc/hosts.kept /etc/hosts',
});
