import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, HailbookError } from '../engine/errors.ts';

/** The releases that a lab can have beside this machine's own: those that the lab's own tests boot. */
const KNOWN: readonly string[] = ['bookworm', 'trixie'];

/** The name that a Debian root gives its release (`bookworm`); undefined where there is none to read. */
export function releaseOf(root: string): string | undefined {
  const path = join(root, 'usr/lib/os-release');
  return existsSync(path) ? /^VERSION_CODENAME="?([a-z]+)/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
}

/** This machine's own release: what a lab has unless another is asked for. */
export function ownRelease(): string {
  return releaseOf('/') ?? 'own';
}

/**
 * The releases that `text` lists, one or several joined by commas: the hosts take them in turn.
 * @throws HailbookError USAGE for a release that no lab was tested with
 */
export function parseReleases(text: string): string[] {
  const releases = text.split(',').map((name) => name.trim());
  const offered = [...new Set([ownRelease(), ...KNOWN])];
  for (const name of releases)
    if (!offered.includes(name))
      throw new HailbookError('USAGE', `the lab has no release "${name}"${didYouMean(name, offered)}`, {
        hint: `There is ${offered.join(', ')}; or several, which the hosts take in turn: ${KNOWN.join(',')}.`,
      });
  return releases;
}

/** What the host at a place in the list of hosts takes of a list that the hosts take in turn. */
export function inTurn(list: readonly string[], index: number): string {
  return list[index % list.length] ?? '';
}

/** The shortest list that gives each host its own when the hosts take it in turn. */
export function asTurns(list: readonly string[]): readonly string[] {
  return list.every((entry) => entry === list[0]) ? list.slice(0, 1) : list;
}

/**
 * An apt source file of this machine for another release: the same places and keys, with the suites of the other release.
 * A source of which no suite is named after this machine's release is somebody else's packages, made for this release or
 * for all: it stays out, so null when nothing is left.
 */
export function sourcesFor(text: string, format: 'list' | 'sources', from: string, to: string): string | null {
  const renamed = (suite: string): string | null => {
    const match = /^(stable|[a-z]+)(-.+)?$/.exec(suite);
    return match && (match[1] === from || match[1] === 'stable') ? `${to}${match[2] ?? ''}` : null;
  };
  const entries = format === 'list' ? text.split('\n').map((line) => listLine(line, renamed)) : stanzas(text, renamed);
  const kept = entries.filter((entry) => entry !== null);
  return kept.length > 0 ? `${kept.join(format === 'list' ? '\n' : '\n\n')}\n` : null;
}

/** `deb [options] URI SUITE COMPONENT…` */
function listLine(line: string, renamed: (suite: string) => string | null): string | null {
  const match = /^(\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?\S+\s+)(\S+)(.*)$/.exec(line);
  const suite = match ? renamed(match[2] ?? '') : null;
  return match && suite !== null ? `${match[1]}${suite}${match[3]}` : null;
}

/** Stanzas of deb822, of which comments are left out. */
function stanzas(text: string, renamed: (suite: string) => string | null): (string | null)[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .map((stanza) => {
      let kept = 0;
      const changed = stanza.trim().replace(/^(Suites:)(.*(?:\n[ \t].*)*)/im, (_, key: string, value: string) => {
        const suites = value
          .trim()
          .split(/\s+/)
          .map(renamed)
          .filter((suite) => suite !== null);
        kept = suites.length;
        return `${key} ${suites.join(' ')}`;
      });
      return kept > 0 ? changed : null;
    });
}
