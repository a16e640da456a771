import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type ModuleFailure, type Output, type Step } from '../../engine/plan/contract.ts';
import { lines, raw, sh } from '../../engine/plan/sh.ts';
import { Account, PathOnHost } from '../_file/args.ts';
import { asUser, makeFolder } from '../_file/steps.ts';
import { refusal } from '../_refusal/refusal.ts';
import { LOOK, PIP_SHELL } from './shell.ts';

const args = Type.Object({
  packages: Type.Array(
    // PEP 508, as far as it names one version.
    Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\\[[A-Za-z0-9._, -]+\\])?==[A-Za-z0-9.!+_]+$' }),
    { minItems: 1, description: 'Packages with their exact versions: `hail==0.2.139`. What they need comes along.' },
  ),
  venv: PathOnHost('The virtual environment; made if it is not there.'),
  python: Type.String({
    default: 'python3',
    pattern: '^(python[0-9.]*|/[^\\n\\0]+)$',
    description: 'The Python to make it with: a name or an absolute path on the host.',
  }),
  wheelhouse: Type.String({
    default: '',
    pattern: '^(|https?://\\S+|/[^\\n\\0]+)$',
    description: 'A page of links to wheels or a folder of them on the host; pip then asks no index. Empty: an index.',
  }),
  index_url: Type.String({
    default: '',
    pattern: '^(|https?://\\S+)$',
    description: 'The index. Empty: the one that pip on the host is configured for.',
  }),
  owner: Type.Optional(Account('Whose environment it is; pip runs as this account. Not given: the acting account.')),
});
type Args = Static<typeof args>;

type Environment = {
  /** Of the packages that were asked for: `name==version` as installed. */
  readonly packages: readonly string[];
  /** Files of theirs that are gone or have another size. */
  readonly damaged: readonly string[];
  /** An installation was cut off in the middle. */
  readonly unfinished: boolean;
  /** Where its packages are. */
  readonly site_packages: string;
};

/** Python packages in a virtual environment. */
export const pip = defineResource<typeof args, Environment>({
  name: 'pip',
  description: 'A Python virtual environment with exact versions of packages in it.',
  args,
  touches: ({ venv, owner }) => ({
    reads: owner === undefined ? [] : [`user:${owner}`],
    writes: [`file:${venv}`],
  }),
  probe: (given) => ({
    script: sh`${raw(LOOK)}\nlook ${given.venv} ${given.packages.map(pattern)}`,
    parse: (stdout) => parse(stdout, given),
  }),
  desired: ({ packages }) => ({ packages: packages.map(canonical), damaged: [], unfinished: false }),
  steps,
  failure,
});

// Names are the same whatever their case and whichever of - _ . they have (PEP 503).
const plainName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

function canonical(requirement: string): string {
  const [name = '', version = ''] = requirement.split('==');
  return `${plainName(name.replace(/\[.*/, ''))}==${version.toLowerCase()}`;
}

/** A shell pattern for the folder of a package's metadata. */
function pattern(requirement: string): string {
  const name = canonical(requirement).split('==')[0] ?? '';
  const letters = [...name].map((c) => (c === '-' ? '[-_.]' : /[a-z]/.test(c) ? `[${c}${c.toUpperCase()}]` : c));
  return `${letters.join('')}-*.dist-info`;
}

function parse(stdout: string, { packages }: Args): Environment | null {
  const all = stdout.split('\n');
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const [site_packages] = rests('site ');
  if (site_packages === undefined) {
    if (all.includes('absent')) return null;
    throw new HailbookError('PROBE_FAILED', `neither present nor absent: ${stdout}`);
  }
  const installed = rests('has ').map((folder) => {
    const [, name = '', version = ''] = /^(.*)-([^-]*)\.dist-info$/.exec(folder) ?? [];
    return `${plainName(name)}==${version.toLowerCase()}`;
  });
  const wanted = new Set(packages.map((one) => canonical(one).split('==')[0]));
  const order = [...wanted];
  const place = (one: string) => order.indexOf(one.split('==')[0]);
  return {
    packages: installed.filter((one) => place(one) >= 0).sort((a, b) => place(a) - place(b)),
    damaged: rests('damaged '),
    unfinished: all.includes('unfinished'),
    site_packages,
  };
}

function steps(change: Change<Environment>, given: Args): Step[] {
  const { venv, python, packages, owner } = given;
  const from = source(given);
  const before = change.kind === 'create' ? null : change.before;
  const ruined = new Set(
    before?.damaged.map((line) => canonical((line.split(' ')[0] ?? '').replace(/-([^-]*)$/, '==$1'))),
  );
  const again = packages.filter((one) => ruined.has(canonical(one)));
  const script = lines(
    PIP_SHELL,
    sh`create ${[venv, python]}`,
    before !== null &&
      !before.unfinished &&
      again.length > 0 &&
      sh`install ${[venv, ...from, '--force-reinstall', '--no-deps', '--', ...again]}`,
    sh`install ${[venv, ...from, ...(before?.unfinished === false ? [] : ['--force-reinstall']), '--', ...packages]}`,
  );
  return [makeFolder(venv, { owner }), { script: owner === undefined ? script : asUser(owner, script), timeout: 1800 }];
}

function source({ wheelhouse, index_url }: Args): string[] {
  return [
    ...(wheelhouse === '' ? [] : ['--no-index', '--find-links', wheelhouse]),
    ...(index_url === '' ? [] : ['--index-url', index_url]),
    // Without TLS pip takes nothing unless it is told to trust the host.
    ...[wheelhouse, index_url]
      .filter((url) => url.startsWith('http://'))
      .flatMap((url) => ['--trusted-host', hostOf(url)]),
  ];
}

const hostOf = (url: string): string =>
  url
    .replace(/^http:\/\//, '')
    .replace(/[/?#].*/, '')
    .replace(/.*@/, '');

function failure({ stdout, stderr, ...rest }: Output, given: Args): ModuleFailure | null {
  const [, missing] = /^ERROR: No matching distribution found for (.*)$/m.exec(stderr) ?? [];
  if (missing) {
    const where = given.wheelhouse || given.index_url || 'the index';
    return {
      code: 'PACKAGE_UNAVAILABLE',
      message: `${where} has no ${missing} for this Python`,
      hint: 'The output above names the versions that it has.',
    };
  }
  if (stdout.includes('ensurepip is not available')) {
    return {
      code: 'STEP_FAILED',
      message: `${given.python} cannot make virtual environments`,
      hint: 'On Debian this is in the package python3-venv.',
    };
  }
  return refusal({ stdout, stderr, ...rest });
}
