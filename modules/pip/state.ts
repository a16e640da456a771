import { HailbookError } from '../../engine/errors.ts';
import type { Args } from './args.ts';
import { plainName, type Requirement, requirement, requirementsIn } from './requirements.ts';
import { satisfies } from './version.ts';

export type Environment = {
  /** Of the packages that were asked for: `name==version` as installed. */
  readonly packages: readonly string[];
  /** Packages that are not installed. */
  readonly missing: readonly string[];
  /** Packages that are installed in another version: `hail==0.2.139 (0.2.138)`. */
  readonly other_version: readonly string[];
  /** With `latest`: what would be installed, `name==version`. */
  readonly outdated: readonly string[];
  /** Files of theirs that are gone or have another size. */
  readonly damaged: readonly string[];
  /** An installation was cut off in the middle. */
  readonly unfinished: boolean;
  /** The SHA-256 of the requirements file that was installed last; empty when none was, or none is asked for. */
  readonly requirements: string;
  /** Packages that are there, but were not compared with the hashes that the requirements file has. */
  readonly unverified: readonly string[];
  /** The Python that it was made for, `3.11`; `3.11 (gone)` when that is no longer on the host. */
  readonly python: string;
  /** The Python that it should be made for: another one when the host's has changed under it, or another is asked for. */
  readonly python_wanted: string;
  readonly system_site_packages: boolean;
  /** It belongs to another account than the one that would work in it. */
  readonly foreign: boolean;
  /** Where its packages are. */
  readonly site_packages: string;
};

/** @throws HailbookError ARGS_INVALID for a requirements file that cannot be used on a host */
export const asked = ({ packages = [], requirements }: Args): Requirement[] =>
  requirements === undefined ? packages.map(requirement) : requirementsIn(requirements);

export function parse(stdout: string, given: Args): Environment | null {
  const all = stdout.split('\n');
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  if (all.includes('absent')) return null;
  if (!all.includes('end')) throw new HailbookError('PROBE_FAILED', `the look broke off: ${stdout}`);
  const installed = new Map(rests('has ').map(versionIn));
  const wanted = asked(given);
  const certain = wanted.filter(({ conditional }) => !conditional);
  const names = [...new Set(wanted.map(({ name }) => name))];
  return {
    packages: names.flatMap((name) => (installed.has(name) ? [`${name}==${installed.get(name)}`] : [])),
    missing: certain.filter(({ name }) => !installed.has(name)).map(({ text }) => text),
    other_version: certain.flatMap(({ name, text, specifiers }) => {
      const version = installed.get(name);
      return version === undefined || satisfies(version, specifiers) ? [] : [`${text} (${version})`];
    }),
    outdated: rests('Would install ').flatMap((line) => line.trim().split(/\s+/).map(exactly)),
    damaged: rests('damaged '),
    unfinished: all.includes('unfinished'),
    requirements: rests('requirements ')[0] ?? '',
    unverified: unverified(wanted, installed, rests('verified ')),
    ...pythonOf(rests('lib '), rests('runs ')[0] ?? '', rests('offered ')[0] || given.python),
    system_site_packages: rests('system ')[0]?.trim() === 'true',
    foreign: all.includes('foreign'),
    site_packages: rests('site ')[0] ?? '',
  };
}

/** pip compares hashes when it installs, and never with what is there already. */
function unverified(
  wanted: readonly Requirement[],
  installed: ReadonlyMap<string, string>,
  noted: readonly string[],
): string[] {
  const known = new Map(noted.map((line) => line.split(' ') as [string, string]));
  return wanted.flatMap(({ name, text, hashes }) => {
    const before = known.get(`${name}==${installed.get(name)}`)?.split(',');
    const certain = before?.every((hash) => hashes.includes(hash)) ?? false;
    return hashes.length === 0 || !installed.has(name) || certain ? [] : [text];
  });
}

/** `azure_storage_blob-12.19.1.dist-info`: the version has no dash. */
function versionIn(folder: string): [string, string] {
  const [, name = '', version = ''] = /^(.*)-([^-]*)\.dist-info$/.exec(folder) ?? [];
  return [plainName(name), version.toLowerCase()];
}

/** `hail-0.2.139` as pip prints it. */
const exactly = (text: string): string =>
  text.replace(/^(.*)-([^-]*)$/, (_, name, version) => `${plainName(name)}==${version}`);

/**
 * Of the folders `lib/python3.11` there are, what `bin/python` leads to, and what the wanted Python is (its path, or its name when it
 * is not there). One without a version (`/opt/python/bin/python3`) tells nothing, and it is not started to be asked.
 */
function pythonOf(
  libraries: readonly string[],
  runs: string,
  offered: string,
): Pick<Environment, 'python' | 'python_wanted'> {
  const [running, offers] = [runs, offered].map((path) => /python(\d+\.\d+)$/.exec(path)?.[1]);
  const made = libraries.find((version) => version === running) ?? libraries.at(-1) ?? '';
  const python = runs === '' ? `${made} (gone)` : made;
  const works = runs !== '' && made !== '' && (running ?? made) === made;
  const python_wanted = works ? (offers ?? made) : (offers ?? running ?? 'another');
  return { python, python_wanted };
}
