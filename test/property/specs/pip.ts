import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

/** Wheels that are the same to the last byte wherever they are made. hb-app needs hb-lib. */
const WHEELS = `import hashlib, os, zipfile
def wheel(name, version, needs=''):
    info = f'{name}-{version}.dist-info'
    files = {f'{name}/__init__.py': f"version = '{version}'\\n",
             f'{info}/METADATA': f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' + (f'Requires-Dist: {needs}\\n' if needs else ''),
             f'{info}/WHEEL': 'Wheel-Version: 1.0\\nGenerator: hb\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}
    files[f'{info}/RECORD'] = ''.join(f'{path},,{len(text)}\\n' for path, text in files.items()) + f'{info}/RECORD,,\\n'
    with zipfile.ZipFile(f'wheels/{name}-{version}-py3-none-any.whl', 'w') as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), text)
os.makedirs('wheels', exist_ok=True)
wheel('hb_lib', '1.0'); wheel('hb_lib', '1.1'); wheel('hb_app', '1.0', 'hb-lib'); wheel('hb_app', '1.1', 'hb-lib'); wheel('hb_app', '2.0rc1', 'hb-lib')`;

const HASHES: Readonly<Record<string, string>> = {
  'hb-app==1.0': '3454e8defa5378d96ed7588b76866e986e80f86ab1cb8ea6a099ced893ac0b8d',
  'hb-app==1.1': 'a3769bf4d6c23eb2debd822d3b63f32c40f89dd9b108ed388a8a3c2dd384b0ca',
  'hb-lib==1.0': 'a45c7176195e25cf017cdebc3bf6c23fe24a9d1bfdf0082cd97ce3390f0d44a5',
  'hb-lib==1.1': 'a208a26f6bf5904f854e2a88014fad9e933bdc5ab2de624536038b89f4442c06',
};

const common = { venv: fc.constant('/srv/pv/v'), wheelhouse: fc.constant('/srv/pv/wheels') };
const app = fc.constantFrom(
  'hb-app',
  'HB_App==1.0',
  'hb-app==1.1',
  'hb-app>=1.1',
  'hb-app~=1.0',
  'hb-app>1,<2',
  'hb-app!=1.0',
);
const lib = fc.constantFrom('hb-lib', 'hb_lib==1.0', 'hb-lib==1.*', 'hb-lib>1.0');
const packages = fc.oneof(
  app.map((one) => [one]),
  lib.map((one) => [one]),
  fc.tuple(app, lib).map((both) => [...both]),
);
const wishes = { system_site_packages: fc.boolean() };
const required = ['venv', 'wheelhouse'] as const;
const present = fc.record({ ...common, packages, ...wishes }, { requiredKeys: [...required, 'packages'] });
const latest = fc.record(
  {
    ...common,
    packages,
    state: fc.constant('latest' as const),
    upgrade_strategy: fc.constantFrom('eager', 'only-if-needed'),
  },
  { requiredKeys: [...required, 'packages', 'state'] },
);
const absent = fc.record(
  {
    ...common,
    packages: fc.subarray(['hb-app', 'hb-lib', 'hb-nope'], { minLength: 1 }),
    state: fc.constant('absent' as const),
  },
  { requiredKeys: [...required, 'state'] },
);
const hashed = fc
  .tuple(fc.constantFrom('hb-app==1.0', 'hb-app==1.1'), fc.constantFrom('hb-lib==1.0', 'hb-lib==1.1'))
  .map((lines) => lines.map((line) => `${line} \\\n  --hash=sha256:${HASHES[line]}\n`).join(''));
const listed = fc.constantFrom('hb-app<2\n', '# both\nhb-app==1.1\nhb-lib ; python_version < "3"\n');
const requirements = fc.record({ ...common, requirements: fc.oneof(hashed, listed) });

/** The environment is root's in most cases. */
const foreign = packages.chain((items) =>
  fc.record({ ...common, packages: fc.constant(items), owner: fc.constant('nobody') }),
);

type Asked = {
  readonly venv: string;
  readonly packages?: readonly string[];
  readonly requirements?: string;
  readonly state?: 'latest' | 'absent';
};
const args: fc.Arbitrary<Asked> = fc.oneof(
  { arbitrary: present, weight: 4 },
  { arbitrary: latest, weight: 2 },
  { arbitrary: absent, weight: 2 },
  { arbitrary: requirements, weight: 3 },
  foreign,
);

const site = '/srv/pv/v/lib/python3.*/site-packages';
const deed = fc.oneof(
  // Made anew takes its time.
  {
    arbitrary: fc.constantFrom(
      'rm -rf /srv/pv/v',
      'chown -R nobody /srv/pv/v',
      'mv /srv/pv/v/lib/python3.* /srv/pv/v/lib/python3.7',
      'ln -sf /nowhere/python3.7 /srv/pv/v/bin/python3',
    ),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom(
      `rm -f ${site}/hb_app/__init__.py`,
      `truncate -c -s 0 ${site}/hb_lib/__init__.py`,
      `rm -rf ${site}/hb_lib*`,
      'echo packages >/srv/pv/v/.hailbook-unfinished',
      'mkdir -p /srv/pv/v/.hailbook-tmp/left',
      '/srv/pv/v/bin/python -m pip install -q --no-index --find-links /srv/pv/wheels --disable-pip-version-check hb-app==1.1 >/dev/null',
    ),
    weight: 5,
  },
);
const damage = fc.array(deed, { maxLength: 2 }).map((deeds) => ['exec 2>/dev/null', ...deeds, ':'].join('\n'));

const COPY = 'rm -rf /srv/pv/v; cp -a /srv/pv/base /srv/pv/v';

/** By the environment's own Python and pip's judgement of versions. */
const CHECK = `import sys
from importlib.metadata import PackageNotFoundError, version
from pip._vendor.packaging.requirements import Requirement
for text in sys.argv[2:]:
    wanted = Requirement(text)
    if wanted.marker and not wanted.marker.evaluate():
        continue
    try:
        there = wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        there = False
    if there != (sys.argv[1] == 'there'):
        sys.exit(text)`;

function lines(text: string): string[] {
  const all = text.replace(/\\\n/g, ' ').split('\n');
  return all.map((line) => line.replace(/#.*|--hash.*/g, '').trim()).filter((line) => line !== '');
}

export default defineSpec({
  module: 'pip',
  prepare: `set -e
command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null; }
mkdir -p /srv/pv; cd /srv/pv
${sh`python3 -c ${WHEELS}`}
sha256sum wheels/*
rm -rf base; python3 -m venv base
base/bin/python -m pip install -q --no-index --find-links wheels --disable-pip-version-check hb-app==1.0 hb-lib==1.0`,
  fresh: COPY,
  before: fc.oneof(damage, args, fc.tuple(args, damage)),
  args,
  refuses: ['PATH_REFUSED'],
  sees: ({ venv, packages: items, requirements: file, state }) => {
    if (state === 'absent' && items === undefined) return sh`! test -e ${venv}`;
    if (state === 'absent') return sh`! test -e ${venv} || ${venv}/bin/python -c ${CHECK} gone ${items ?? []}`;
    return sh`${venv}/bin/python -c ${CHECK} there ${items ?? lines(file ?? '')}`;
  },
  cleanup: 'rm -rf /srv/pv',
});
