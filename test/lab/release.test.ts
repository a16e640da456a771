import { expect, it } from 'vitest';
import { inTurn, ownRelease, parseReleases, sourcesFor } from '../../lab/release.ts';

/** From Debian 12's official image, with one more source as its vendor writes it. */
const DEB822 = `Types: deb
# http://snapshot.debian.org/archive/debian/20250520T000000Z
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://deb.nodesource.com/node_20.x
Suites: nodistro
Components: main

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

const LIST = `# written by the installer
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] http://deb.debian.org/debian bookworm main contrib
deb-src http://deb.debian.org/debian stable-updates main
deb https://packages.cloud.google.com/apt cloud-sdk-bookworm main
`;

it('apt sources keep their places and keys in another release, and leave out what is not Debian', () => {
  expect(sourcesFor(DEB822, 'sources', 'bookworm', 'trixie')).toBe(`Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);
  expect(sourcesFor(LIST, 'list', 'bookworm', 'trixie')).toBe(
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] http://deb.debian.org/debian trixie main contrib
deb-src http://deb.debian.org/debian trixie-updates main
`,
  );
});

it('a stanza keeps only the suites that have another release, on however many lines they stand', () => {
  const text =
    'Types: deb\nURIs: http://mirror.example/all\nSuites: bookworm\n  tools\n bookworm-updates\nComponents: main\n';
  expect(sourcesFor(text, 'sources', 'bookworm', 'trixie')).toBe(
    'Types: deb\nURIs: http://mirror.example/all\nSuites: trixie trixie-updates\nComponents: main\n',
  );
});

it('a file of other sources only is left out as a whole', () => {
  expect(sourcesFor('deb https://vendor.example/apt any main\n', 'list', 'bookworm', 'trixie')).toBeNull();
  expect(sourcesFor('Types: deb\nURIs: x\nSuites: any\n', 'sources', 'bookworm', 'trixie')).toBeNull();
});

it('hosts take several releases in turn', () => {
  const releases = parseReleases('bookworm,trixie');
  expect([0, 1, 2].map((index) => inTurn(releases, index))).toEqual(['bookworm', 'trixie', 'bookworm']);
});

it('a release that no lab was tested with is refused with those that were', () => {
  expect(() => parseReleases('trixi')).toThrow('the lab has no release "trixi"; did you mean "trixie"?');
  expect(() => parseReleases('bookworm,')).toThrow(/no release ""/);
  expect(parseReleases(ownRelease())).toEqual([ownRelease()]);
});
