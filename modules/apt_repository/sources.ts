import type { Args } from './apt_repository.ts';

/** A repository's own files on the host. */
export const pathsOf = (name: string) => ({
  sources: `/etc/apt/sources.list.d/${name}.sources`,
  key: `/etc/apt/keyrings/${name}.gpg`,
  // apt reads only names without an ending, or with this one.
  preferences: `/etc/apt/preferences.d/hailbook-repository-${name}.pref`,
});

/** In the form of deb822, see sources.list(5). */
export function sourcesOf(given: Args): string {
  const { name, uris, suites, components, types, architectures, signed_by, check_valid_until } = given;
  const fields: [string, string][] = [
    ['Types', types.join(' ')],
    ['URIs', uris.join(' ')],
    ['Suites', suites.join(' ')],
    ['Components', components.join(' ')],
    ['Architectures', architectures.join(' ')],
    ['Signed-By', signed_by ?? pathsOf(name).key],
    ['Check-Valid-Until', check_valid_until ? '' : 'no'],
  ];
  return fields.flatMap(([field, value]) => (value === '' ? [] : [`${field}: ${value}\n`])).join('');
}

/** apt_preferences(5). What is in a file has no origin: `origin ""`. */
export function preferencesOf({ uris, priority }: Args): string {
  if (priority === undefined) return '';
  const hosts = new Set(uris.map((uri) => /^https?:\/\/([^/:]+)/.exec(uri)?.[1] ?? ''));
  return [...hosts].map((host) => `Package: *\nPin: origin "${host}"\nPin-Priority: ${priority}\n`).join('\n');
}

/** Of other files, given as `path text` for each line: those that name one of the places with one of the suites. */
export function sourcesThatName({ uris, suites }: Args, lines: readonly string[]): string[] {
  const texts = new Map<string, string[]>();
  for (const line of lines) {
    const [, path = '', text = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    texts.set(path, [...(texts.get(path) ?? []), text]);
  }
  const ours = new Set(uris.flatMap((uri) => suites.map((suite) => entry(uri, suite))));
  return [...texts].filter(([path, text]) => entriesOf(path, text).some((one) => ours.has(one))).map(([path]) => path);
}

const entry = (uri: string, suite: string): string => `${uri.replace(/\/+$/, '')} ${suite.replace(/\/+$/, '')}`;

function entriesOf(path: string, lines: readonly string[]): string[] {
  const text = lines.filter((line) => !/^\s*#/.test(line));
  if (path.endsWith('.list')) {
    return text.flatMap((line) => {
      const [, uri, suite] = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)/.exec(line) ?? [];
      return uri === undefined || suite === undefined ? [] : [entry(uri, suite)];
    });
  }
  return text
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const words = (field: RegExp): string[] => (field.exec(stanza)?.[1] ?? '').split(/\s+/).filter(Boolean);
      if (/^Enabled:\s*(no|false|0)/im.test(stanza)) return [];
      const suites = words(/^Suites:(.*(?:\n[ \t].*)*)/im);
      return words(/^URIs:(.*(?:\n[ \t].*)*)/im).flatMap((uri) => suites.map((suite) => entry(uri, suite)));
    });
}
