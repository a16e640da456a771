import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { loadCases } from '../../modules/cases.ts';
import { defineSpec } from '../spec.ts';

/** The signed repository of the module's own cases, in a folder of the host. */
const cases = loadCases(new URL('../../../modules/apt_repository/cases.yaml', import.meta.url), { tmp: '/srv/hbr' });
const example = cases.find(({ run }) => run !== undefined);
const key = String(example?.args?.key_text);

const name = fc.constantFrom('hb', 'hb-two');
const where = { uris: fc.constantFrom(['file:/srv/hbr/repo'], ['file:/srv/hbr/repo/']), suites: fc.constant(['./']) };
const wishes = {
  priority: fc.constantFrom(100, 900, -1),
  architectures: fc.constantFrom(['all'], ['all', 'amd64']),
  check_valid_until: fc.boolean(),
};
const byKey = fc.record(
  { name, ...where, key_text: fc.constant(key), ...wishes },
  { requiredKeys: ['name', 'uris', 'suites', 'key_text'] },
);
const byFile = fc.record(
  { name, ...where, key: fc.constant(key), ...wishes },
  { requiredKeys: ['name', 'uris', 'suites', 'key'] },
);
const ofTheHost = fc.record(
  { name, ...where, signed_by: fc.constant('/srv/hbr/key.asc'), ...wishes },
  { requiredKeys: ['name', 'uris', 'suites', 'signed_by'] },
);
const absent = fc.record({ name, state: fc.constant('absent' as const) });
type Asked = { readonly name: string; readonly state?: 'absent'; readonly priority?: number };
const args: fc.Arbitrary<Asked> = fc.oneof(byKey, byFile, ofTheHost, absent);

const sources = '/etc/apt/sources.list.d';
const deed = fc.constantFrom(
  `rm -f ${sources}/hb.sources`,
  `[ ! -e ${sources}/hb.sources ] || echo 'Enabled: no' >>${sources}/hb.sources`,
  'rm -f /etc/apt/keyrings/hb.gpg',
  'echo broken >/etc/apt/keyrings/hb.gpg',
  'printf \'Package: *\\nPin: origin ""\\nPin-Priority: 7\\n\' >/etc/apt/preferences.d/hailbook-repository-hb.pref',
  `echo 'deb [trusted=yes] file:/srv/hbr/repo ./' >${sources}/by-hand.list`,
  `echo '# deb file:/srv/hbr/repo ./' >${sources}/by-hand.list`,
);
const damage = fc.array(deed, { maxLength: 2 }).map((deeds) => [...deeds, ':'].join('\n'));

const away = `rm -f ${sources}/hb.sources ${sources}/hb-two.sources ${sources}/by-hand.list /etc/apt/keyrings/hb*.gpg /etc/apt/preferences.d/hailbook-repository-hb*`;

export default defineSpec({
  module: 'apt_repository',
  // The host's own sources are put away, for apt is quick when there is little to read.
  prepare: `set -e\nmkdir -p /srv/hbr/away; cd /srv/hbr; rm -rf repo\n${example?.run?.[0]?.setup}\n${sh`printf %s ${key}`} >key.asc\nmv ${sources}/*.sources away/ || :`,
  fresh: away,
  before: fc.oneof(damage, args, fc.tuple(args, damage)),
  args,
  refuses: ['REPOSITORY_REFUSED'],
  sees: ({ name: called, state, priority = 500 }) =>
    state === 'absent'
      ? sh`! ls /etc/apt/keyrings/${called}.gpg ${sources}/${called}.sources /etc/apt/preferences.d/hailbook-repository-${called}.pref 2>/dev/null`
      : sh`apt-cache policy hb-one | grep -q ${` 1\\.0 ${priority}$`} && [ "$(stat -c '%a %U' ${sources}/${called}.sources)" = '644 root' ]`,
  cleanup: `${away}; mv /srv/hbr/away/* ${sources}/; rm -rf /srv/hbr; apt-get update -qq || :`,
});
