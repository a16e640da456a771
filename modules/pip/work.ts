import { HailbookError } from '../../engine/errors.ts';
import type { Change, Step } from '../../engine/plan/contract.ts';
import { lines, type Sh, sh } from '../../engine/plan/sh.ts';
import { asUser, makeFolder, removePath } from '../_file/steps.ts';
import type { Args } from './args.ts';
import { plainName, type Requirement } from './requirements.ts';
import { PIP_SHELL } from './shell.ts';
import { asked, type Environment } from './state.ts';

const LONGEST = 1800;

export function steps(change: Change<Environment>, given: Args): Step[] {
  const { venv, python, owner, state, system_site_packages, requirements } = given;
  const found = change.kind === 'create' ? null : change.before;
  if (found?.foreign) {
    throw new HailbookError(
      'PATH_REFUSED',
      `${venv} belongs to another account${owner === undefined ? ': name it in owner' : ` than ${owner}`}`,
    );
  }
  if (change.kind === 'delete') return [removePath(venv)];
  const before = change.kind === 'update' ? change.before : null;
  if (state === 'absent') {
    const names = before?.packages.map((one) => one.replace(/==.*/, '')) ?? [];
    return [{ script: acting(given, lines(PIP_SHELL, sh`uninstall ${[venv, ...names]}`)), timeout: LONGEST }];
  }
  const anew = before !== null && before.python !== before.python_wanted;
  const script = lines(
    PIP_SHELL,
    sh`create ${[venv, python, ...(anew ? ['anew'] : [])]}`,
    system_site_packages !== undefined && sh`see ${[venv, system_site_packages ? 'true' : 'false']}`,
    ...installs(anew ? null : before, given),
  );
  const stdin = requirements === undefined ? {} : { stdin: requirements.content };
  return [makeFolder(venv, { owner }), { script: acting(given, script), ...stdin, timeout: LONGEST }];
}

const acting = ({ owner }: Args, script: Sh): Sh => (owner === undefined ? script : asUser(owner, script));

/** Of an environment that was cut off, or is new, everything; else what differs. */
function installs(before: Environment | null, given: Args): Sh[] {
  const { venv, requirements, state, upgrade_strategy } = given;
  const from = sourceOf(given);
  const wanted = asked(given);
  const fresh = before?.unfinished !== false;
  if (requirements !== undefined) {
    const again = fresh || before.damaged.length > 0 ? ['--force-reinstall'] : [];
    const suspect = fresh ? [] : wanted.filter(({ text }) => before.unverified.includes(text));
    return [
      sh`verified=${wanted.flatMap(noteOf).join('\n')}\nsuspect=${suspect.map(lineOf).join('\n')}`,
      sh`require ${[venv, requirements.sha256, requirements.path, ...from, ...again]}`,
    ];
  }
  if (wanted.length === 0) return [sh`made ${venv}`];
  const ruined = new Set(before?.damaged.map((line) => plainName((line.split(' ')[0] ?? '').replace(/-[^-]*$/, ''))));
  const again = wanted.filter(({ name }) => ruined.has(name)).map(({ text }) => text);
  const how = [
    ...(fresh ? ['--force-reinstall'] : []),
    ...(state === 'latest' ? ['--upgrade', '--upgrade-strategy', upgrade_strategy] : []),
  ];
  return [
    ...(!fresh && again.length > 0
      ? [sh`install ${[venv, ...from, '--force-reinstall', '--no-deps', '--', ...again]}`]
      : []),
    sh`install ${[venv, ...from, ...how, '--', ...wanted.map(({ text }) => text)]}`,
  ];
}

/** `hail==0.2.139 sha256:…,sha256:…` of a line with hashes, as the look reads it. */
function noteOf({ name, specifiers, hashes }: Requirement): string[] {
  const [, version] = /^===?\s*([^,*\s]+)$/.exec(specifiers) ?? [];
  return version === undefined || hashes.length === 0 ? [] : [`${name}==${version.toLowerCase()} ${hashes.join(',')}`];
}

const lineOf = ({ text, hashes }: Requirement): string => [text, ...hashes.map((hash) => `--hash=${hash}`)].join(' ');

/** Where pip takes packages from. */
export function sourceOf({ wheelhouse, index_url }: Args): string[] {
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
