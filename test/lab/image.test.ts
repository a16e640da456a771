import { expect, it } from 'vitest';
import { aptSettings } from '../../lab/apt.ts';

/** From `apt-config dump` of apt 2.6.1, in a container image of Debian 12 behind a proxy. */
const DUMP = `APT "";
APT::Architecture "amd64";
APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb || true";
Acquire "";
Acquire::IndexTargets::deb::Packages::MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
Acquire::Languages "";
Acquire::Languages:: "none";
Acquire::GzipIndexes "true";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::http::Proxy-Auto-Detect "/usr/bin/auto-apt-proxy";
Acquire::https::CAInfo "/etc/ssl/certs/ca-certificates.crt";
Acquire::Check-Valid-Until "false";
`;

it('takes over how apt reaches its sources, and keeps downloads', () => {
  expect(aptSettings(DUMP, {}).trimEnd().split('\n')).toEqual([
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::CAInfo "/etc/ssl/certs/ca-certificates.crt";',
    'Acquire::Check-Valid-Until "false";',
    'APT::Keep-Downloaded-Packages "true";',
    'Binary::apt::APT::Keep-Downloaded-Packages "true";',
  ]);
});

it('takes a proxy from the environment where apt is told of none', () => {
  const env = { http_proxy: 'http://other.example:1', https_proxy: 'http://other.example:2' };
  const text = aptSettings(DUMP, env);
  expect(text).not.toContain('other.example:1');
  expect(text).toContain('Acquire::https::Proxy "http://other.example:2";');
});
