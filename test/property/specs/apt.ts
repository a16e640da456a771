import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

/**
 * The host's sources are a small one of its own, so that apt is quick and nothing depends on what an archive has today: hb-one in
 * three versions, hb-app which needs hb-lib, and hb-conf with a configuration file.
 */
const REPOSITORY = `set -e
export DEBIAN_FRONTEND=noninteractive
[ ! -e /etc/apt/sources.list.d.away ] || exit 0
rm -rf /srv/hb; mkdir -p /srv/hb
build() {
  d=$(mktemp -d -p /srv); mkdir "$d/DEBIAN"; chmod 755 "$d"
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDepends: %s\\nDescription: test\\n' "$1" "$2" "$3" | grep -v 'Depends: $' >"$d/DEBIAN/control"
  case $1 in hb-conf) mkdir "$d/etc"; echo conf >"$d/etc/hb.conf"; echo /etc/hb.conf >"$d/DEBIAN/conffiles" ;; esac
  dpkg-deb --root-owner-group -Znone -b "$d" "/srv/hb/$1_$2.deb" >/dev/null
  { cat "$d/DEBIAN/control"; printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$1_$2.deb" "$(stat -c %s "/srv/hb/$1_$2.deb")" "$(sha256sum <"/srv/hb/$1_$2.deb" | cut -c 1-64)"; } >>/srv/hb/Packages
  rm -rf "$d"
}
for version in 1.0 1.1 2.0; do build hb-one $version; done
build hb-lib 1.0; build hb-app 1.0 hb-lib; build hb-app 1.1 hb-lib; build hb-conf 1.0
cd /; chmod -R a+rX /srv/hb
cp -a /etc/apt/sources.list.d /etc/apt/sources.list.d.away
rm -f /etc/apt/sources.list.d/*; : >>/etc/apt/sources.list; mv /etc/apt/sources.list /etc/apt/sources.list.away
echo 'deb [trusted=yes] file:/srv/hb ./' >/etc/apt/sources.list.d/hb.list
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/hb
apt-get update -qq`;

const versioned = (name: string, ...versions: string[]) =>
  fc.constantFrom(name, ...versions.map((version) => `${name}${version}`));
const one = versioned('hb-one', '=1.0', '=1.*', '=2.0', '>=1.1', '>=1.0');
const app = versioned('hb-app', '=1.0', '>=1.1');
const item = fc.constantFrom('hb-lib', 'hb-conf', ['hb-nope', 'hb-conf'], ['hb-conf=9', 'hb-lib']);
/** At most one item of each package, for two versions of one cannot both be there. */
const names = fc
  .tuple(fc.option(one), fc.option(app), fc.option(item))
  .map((all) => all.filter((each) => each !== null))
  .filter((all) => all.length > 0);

const may = { allow_downgrade: fc.boolean(), allow_change_held_packages: fc.boolean() };
const wishes = {
  hold: fc.boolean(),
  pin: fc.constantFrom(0, 400, 1001),
  autoremove: fc.boolean(),
  install_recommends: fc.boolean(),
  ...may,
};
const present = fc.record({ names, ...wishes }, { requiredKeys: ['names'] });
const latest = fc.record(
  { names, state: fc.constant('latest' as const), ...wishes },
  { requiredKeys: ['names', 'state'] },
);
const bare = fc.subarray(['hb-one', 'hb-lib', 'hb-app', 'hb-conf'], { minLength: 1, maxLength: 3 });
const absent = fc.record(
  { names: bare, state: fc.constant('absent' as const), purge: fc.boolean(), autoremove: fc.boolean(), ...may },
  { requiredKeys: ['names', 'state'] },
);
const whole = fc.record(
  { upgrade: fc.constantFrom('safe', 'full', 'dist'), autoremove: fc.boolean(), clean: fc.boolean(), ...may },
  { requiredKeys: ['upgrade'] },
);
const debs = fc
  .subarray(['hb-one_1.1', 'hb-lib_1.0', 'hb-conf_1.0'], { minLength: 1 })
  .map((files) => ({ deb: files.map((file) => `/srv/hb/${file}.deb`) }));
type Asked = {
  readonly names?: readonly (string | readonly string[])[];
  readonly state?: 'present' | 'latest' | 'absent';
  readonly hold?: boolean;
  readonly purge?: boolean;
  readonly upgrade?: string;
  readonly deb?: readonly string[];
};
const args: fc.Arbitrary<Asked> = fc.oneof(
  { arbitrary: present, weight: 4 },
  { arbitrary: latest, weight: 2 },
  { arbitrary: absent, weight: 3 },
  whole,
  debs,
);

const install = (text: string): string => `apt-get install -qq -y --allow-downgrades ${text} >/dev/null 2>&1`;
const deed = fc.constantFrom(
  install('hb-one=1.0'),
  install('hb-one=1.1'),
  install('hb-one=2.0'),
  install('hb-app=1.0'),
  install('hb-app'),
  `${install('hb-conf')}; apt-get remove -qq -y hb-conf >/dev/null 2>&1`,
  'apt-mark hold hb-one hb-app >/dev/null 2>&1 || :',
  'apt-mark auto hb-lib >/dev/null 2>&1 || :',
  // Interrupted: unpacked, and no more.
  'dpkg --unpack /srv/hb/hb-one_1.1.deb >/dev/null',
  'dpkg --unpack /srv/hb/hb-lib_1.0.deb >/dev/null',
  "printf 'Package: hb-one\\nPin: version 1.*\\nPin-Priority: 1001\\n' >/etc/apt/preferences.d/hailbook-hb-one.pref",
);
const state = fc
  .array(deed, { maxLength: 2 })
  .map((deeds) => `export DEBIAN_FRONTEND=noninteractive\n${[...deeds, ':'].join('\n')}`);

/** By dpkg's own judgement of versions, which the module does not ask. */
function seesItem(alternatives: string | readonly string[]): string {
  const tests = [alternatives].flat().map((text) => {
    const [, name = '', relation = '', version = ''] = /^([^=>]*)(=|>=|)(.*)$/.exec(text) ?? [];
    const installed = `dpkg -s ${name} 2>/dev/null | grep -q '^Status: install ok installed\\|^Status: hold ok installed'`;
    const is = `"$(dpkg -s ${name} | sed -n 's/^Version: //p')"`;
    if (relation === '>=') return `{ ${installed} && dpkg --compare-versions ${is} ge ${version}; }`;
    if (relation === '=') return `{ ${installed} && case ${is} in ${version}) ;; *) false ;; esac; }`;
    return `{ ${installed}; }`;
  });
  return `{ ${tests.join(' || ')}; } || exit 1`;
}

function sees({ names: items = [], state: wanted = 'present', hold, purge, upgrade, deb = [] }: Asked): string {
  const all = items.flat();
  const gone = (name: string): string =>
    purge
      ? `! dpkg -s ${name} >/dev/null 2>&1 || exit 1`
      : `! dpkg -s ${name} 2>/dev/null | grep -q ' installed$' || exit 1`;
  const holds = items
    .filter((text) => typeof text === 'string')
    .map((text) => text.replace(/[=>].*/, ''))
    .map((name) => `apt-mark showhold | grep -qx ${name} ${hold ? '||' : '&&'} exit 1`);
  return [
    '[ -z "$(dpkg --audit)" ] || exit 1',
    ...(wanted === 'absent' ? all.map(gone) : items.map(seesItem)),
    ...(hold === undefined || wanted === 'absent' ? [] : holds),
    ...(upgrade === undefined
      ? []
      : ['! apt-get -s dist-upgrade | grep -q \'^Inst.*\\[\' || [ -n "$(apt-mark showhold)" ] || exit 1']),
    ...deb.map(
      (path) => `dpkg -s $(dpkg-deb -f ${path} Package) | grep -qx "Version: $(dpkg-deb -f ${path} Version)" || exit 1`,
    ),
    'exit 0',
  ].join('\n');
}

export default defineSpec({
  module: 'apt',
  prepare: REPOSITORY,
  fresh: `apt-mark unhold hb-one hb-lib hb-app hb-conf >/dev/null 2>&1
dpkg --force-all --purge hb-one hb-lib hb-app hb-conf >/dev/null 2>&1
rm -f /etc/apt/preferences.d/hailbook-* /var/cache/apt/archives/*.deb`,
  before: state,
  args,
  refuses: ['PACKAGE_REFUSED'],
  sees: (given) => sh`/bin/sh -c ${sees(given)}`,
  cleanup: `apt-mark unhold hb-one hb-lib hb-app hb-conf >/dev/null 2>&1
dpkg --force-all --purge hb-one hb-lib hb-app hb-conf >/dev/null 2>&1
rm -rf /etc/apt/sources.list.d /etc/apt/preferences.d/hailbook-* /etc/dpkg/dpkg.cfg.d/hb /srv/hb
mv /etc/apt/sources.list.d.away /etc/apt/sources.list.d; mv /etc/apt/sources.list.away /etc/apt/sources.list
[ -s /etc/apt/sources.list ] || rm /etc/apt/sources.list
apt-get update -qq || :`,
});
