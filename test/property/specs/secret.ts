import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const path = fc.constantFrom('/srv/s/a', "/srv/s/it's b", '/srv/s/own/c');
const owner = fc.constantFrom('root', 'nobody', 'daemon');
const group = fc.constantFrom('root', 'nogroup', 'daemon');
const mode = fc.constantFrom('0600', '0640', '400', '0444');
const bytes = fc.constantFrom(16, 32, 33, 1024);

const args = fc.record({ path, bytes, owner, group, mode }, { requiredKeys: ['path'] });

/** A text that somebody put there, of which a copy is kept to be compared with. */
const file = fc
  .record({
    path,
    text: fc.constantFrom('', 'short', 'correct horse battery staple and more\n', `${'0123456789abcdef'.repeat(5)}\n`),
    owner,
    group,
    mode,
    harm: fc.constantFrom('', '', '', 'chmod 777 /srv/s/own', 'rm -rf /srv/s/own', 'chown nobody /srv/s/own'),
  })
  .map(
    ({ path: p, text, harm, ...to }) => sh`printf %s ${text} >${p}
chown ${to.owner}:${to.group} ${p}; chmod ${to.mode} ${p}; cp -p ${p} /srv/s.kept/${p.replace(/.*\//, '')}
${harm === '' ? ':' : harm.split(' ')}`,
  );

export default defineSpec({
  module: 'secret',
  fresh: 'rm -rf /srv/s /srv/s.kept; mkdir -p /srv/s/own /srv/s.kept',
  before: fc.oneof(file, args, fc.tuple(file, args)),
  args,
  refuses: ['SECRET_INVALID', 'PATH_REFUSED'],
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED'],
  sees: (given) => {
    const { path: p } = given;
    const wanted: [string, string | undefined][] = [
      ['%F', 'regular file'],
      ['%U', given.owner],
      ['%G', given.group],
      ['%a', (given.mode ?? '0600').replace(/^0/, '')],
    ];
    const seen = wanted.filter(([, value]) => value !== undefined);
    const form = seen.map(([directive]) => directive).join('|');
    const kept = `/srv/s.kept/${p.replace(/.*\//, '')}`;
    // What was there is there; what was made is of hex digits.
    return sh`[ "$(stat -c ${form} -- ${p})" = ${seen.map(([, value]) => value).join('|')} ] || exit
[ "$(wc -c <${p})" -ge ${2 * (given.bytes ?? 32)} ] || exit
if [ -e ${kept} ]; then cmp ${kept} ${p}; else tr -d '0-9a-f' <${p} | cmp - /dev/fd/3 3<<E

E
fi`;
  },
  cleanup: 'rm -rf /srv/s /srv/s.kept',
});
