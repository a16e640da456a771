import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HailbookError } from '../engine/errors.ts';
import { ownRelease, sourcesFor } from './release.ts';

/** How apt on this machine reaches and trusts its sources: the hosts take it over. */
export const APT_FOLDERS = [
  '/etc/apt/keyrings',
  '/etc/apt/trusted.gpg.d',
  '/etc/apt/auth.conf.d',
  '/usr/share/keyrings',
];
const SOURCES_LIST = '/etc/apt/sources.list';
export const APT_FILES = ['/etc/apt/trusted.gpg', '/etc/apt/auth.conf'];
export const OWN_CERTIFICATES = '/usr/local/share/ca-certificates';
export const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** A file of apt sources, as it will stand on a host. */
export interface AptSource {
  readonly path: string;
  readonly text: string;
}

/**
 * The apt sources of this machine that are in force, for hosts of a release.
 * @throws HailbookError LAB_FAILED when none of them can be turned to that release
 */
export function sourcesOf(release: string): AptSource[] {
  const parts = filesIn('/etc/apt/sources.list.d').filter((path) => /\.(list|sources)$/.test(path));
  const own = [SOURCES_LIST, ...parts]
    .filter((path) => existsSync(path) && statSync(path).size > 0)
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  if (release === ownRelease()) return own;
  const turned = own.flatMap(({ path, text }) => {
    const other = sourcesFor(text, path.endsWith('.list') ? 'list' : 'sources', ownRelease(), release);
    return other === null ? [] : [{ path, text: other }];
  });
  if (turned.length > 0) return turned;
  throw new HailbookError('LAB_FAILED', `no apt source of this machine has ${ownRelease()}, to ask it for ${release}`);
}

/** Everything else of this machine that a host takes over, as far as it is there. */
export function identityFiles(): string[] {
  const certificates = [CA_BUNDLE, ...filesIn(OWN_CERTIFICATES)];
  return [SOURCES_LIST, ...APT_FILES, ...APT_FOLDERS.flatMap(filesIn), ...certificates].filter((path) =>
    existsSync(path),
  );
}

export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}

/**
 * How apt fetches on this machine (proxies, time-outs, certificate and date checks), as an apt.conf for hosts, from
 * `apt-config dump`. What is about looks of the machine, or cleans up downloads as container images do, stays here.
 */
export function aptSettings(dump: string, env: Readonly<Record<string, string | undefined>>): string {
  const kept = dump
    .split('\n')
    .filter((line) => /^Acquire::[^ ]+ ".+";$/.test(line))
    .filter((line) => !/^Acquire::(IndexTargets|Languages|Changelogs|GzipIndexes|CompressionTypes|cdrom)\b/i.test(line))
    // It names a program of this machine.
    .filter((line) => !/Proxy-Auto-?Detect/i.test(line));
  for (const scheme of ['http', 'https']) {
    const proxy = env[`${scheme}_proxy`];
    const known = kept.some((line) => line.toLowerCase().startsWith(`acquire::${scheme}::proxy `));
    if (proxy && !known) kept.push(`Acquire::${scheme}::Proxy "${proxy}";`);
  }
  return [
    ...kept,
    // `lab reset` gives the packages to the next hosts; `apt` would delete them, `apt-get` would not.
    'APT::Keep-Downloaded-Packages "true";',
    'Binary::apt::APT::Keep-Downloaded-Packages "true";',
    '',
  ].join('\n');
}
