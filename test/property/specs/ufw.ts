import fc from 'fast-check';
import { lines, raw, sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

/** Rules, each with the command that `ufw show added` gives for it. Two pairs are about the same connections. */
const RULES = [
  { rule: { port: 22, proto: 'tcp', comment: 'ssh' }, shown: "allow 22/tcp comment 'ssh'" },
  { rule: { from: '10.0.0.0/8' }, shown: 'allow from 10.0.0.0/8' },
  { rule: { action: 'deny', from: '10.0.0.0/8' }, shown: 'deny from 10.0.0.0/8' },
  { rule: { action: 'deny', port: 23 }, shown: 'deny 23' },
  { rule: { action: 'reject', port: 23, log: true }, shown: 'reject log 23' },
  { rule: { action: 'limit', port: '6000:6007', proto: 'tcp' }, shown: 'limit 6000:6007/tcp' },
  { rule: { app: 'WWW Full' }, shown: "allow 'WWW Full'" },
  { rule: { route: true, interface: 'eth1', interface_out: 'eth2' }, shown: 'route allow in on eth1 out on eth2' },
  { rule: { action: 'reject', direction: 'out', port: 25, proto: 'tcp' }, shown: 'reject out 25/tcp' },
  {
    rule: { from: '192.0.2.0/24', from_port: 53, to: '10.1.1.1', port: '80,443', proto: 'udp' },
    shown: 'allow from 192.0.2.0/24 port 53 to 10.1.1.1 port 80,443 proto udp',
  },
] as const;

const SSH = RULES[0];
/** Mostly with a rule that lets this very test in; few, because ufw is started for each. */
const some = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constant([SSH]) }, { weight: 1, arbitrary: fc.constant([]) }),
    fc.shuffledSubarray([...RULES.slice(1)], { maxLength: 2 }),
  )
  .map(([first, rest]) => [...first, ...rest]);

const policy = fc.constantFrom('allow', 'deny', 'reject');
const settings = {
  // Rules are the same work whether they are in force or not, and a reload takes seconds.
  state: fc.constantFrom('enabled', 'disabled', 'disabled'),
  default_incoming: policy,
  default_routed: policy,
  logging: fc.constantFrom('off', 'low', 'medium'),
};

/** All rules, or a part of them, of which some are to go. */
const args = fc.oneof(
  fc.record(
    { rules: some.map((all) => all.map(({ rule }) => rule)), ...settings },
    { requiredKeys: ['rules', 'state'] },
  ),
  fc.record(
    {
      exclusive: fc.constant(false as const),
      rules: fc
        .tuple(
          some,
          fc.array(
            fc.record(
              { state: fc.constantFrom('present', 'absent'), insert: fc.constantFrom(1, 2, 9) },
              { requiredKeys: [] },
            ),
            { minLength: 3, maxLength: 3 },
          ),
        )
        .map(([all, more]) => all.map(({ rule }, index) => ({ ...rule, ...(index === 0 ? {} : more[index]) }))),
      ...settings,
    },
    { requiredKeys: ['exclusive', 'rules'] },
  ),
);

const damage = fc.oneof(
  { weight: 1, arbitrary: fc.constant('ufw --force enable >/dev/null; iptables -I INPUT -p tcp -j ACCEPT') },
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'ufw allow 22/tcp; ufw --force enable >/dev/null; iptables -F ufw-user-input; ip6tables -F ufw6-user-input',
      "ufw limit 22/tcp comment 'by hand'; ufw deny from 10.8.8.8; ufw allow 6000:6007/tcp",
      'systemctl mask ufw 2>/dev/null',
      'systemctl disable ufw 2>/dev/null; ufw allow CIFS',
      "ufw allow 'WWW Full'; sed -i 's/^ports=80,443.tcp/ports=80,443,8443\\/tcp/' /etc/ufw/applications.d/ufw-webserver",
      'ufw allow 22; sed -i "s/^IPV6=yes/IPV6=no/" /etc/default/ufw',
    ),
  },
);

type Rule = { readonly state?: string; readonly insert?: number };

/** The command that ufw gives for a rule, and whether the rule is wanted. */
function shownOf({ state = 'present', insert: _, ...plain }: Rule): { line: string; wanted: boolean } {
  const line = RULES.find(({ rule }) => JSON.stringify(rule) === JSON.stringify(plain))?.shown ?? '';
  return { line, wanted: state === 'present' };
}

/** What `ufw status verbose` says of a firewall that is on. */
function told({ default_incoming, default_outgoing, logging }: Readonly<Record<string, unknown>>): string[] {
  return [
    ...(default_incoming === undefined ? [] : [`^Default: ${default_incoming} (incoming)`]),
    ...(default_outgoing === undefined ? [] : [`^Default: .* ${default_outgoing} (outgoing)`]),
    ...(logging === undefined ? [] : [logging === 'off' ? '^Logging: off' : `^Logging: on (${logging})`]),
  ];
}

const IS_ON = sh`ufw status | grep -q '^Status: active'`;

export default defineSpec({
  module: 'ufw',
  prepare: `command -v ufw >/dev/null || { apt-get update -qq && apt-get install -qq -y ufw >/dev/null; }
[ -d /root/ufw ] || { ufw --force disable >/dev/null; cp -a /etc/ufw /root/ufw; cp -a /etc/default/ufw /root/ufw.default; }`,
  fresh: `while iptables -D INPUT -p tcp -j ACCEPT 2>/dev/null; do :; done
grep -q ENABLED=no /etc/ufw/ufw.conf || ufw --force disable >/dev/null
cp -a /root/ufw/. /etc/ufw; cp -a /root/ufw.default /etc/default/ufw; rm -rf /var/lib/hailbook/ufw
systemctl unmask ufw 2>/dev/null; systemctl enable ufw 2>/dev/null`,
  before: fc.oneof(damage, args, fc.tuple(args, damage)),
  args,
  sees: (given) => {
    const all = 'exclusive' in given ? given : { default_incoming: 'deny', default_outgoing: 'allow', ...given };
    const rules = given.rules.map(shownOf);
    const wanted = rules.filter((rule) => rule.wanted).map(({ line }) => line);
    const gone = rules.filter((rule) => !rule.wanted).map(({ line }) => line);
    const checks = [
      'exclusive' in given
        ? sh`for line in ${wanted}; do printf '%s\n' "$added" | grep -q -x -F -e "$line" || { echo "no $line"; exit 1; }; done`
        : sh`[ "$added" = ${wanted.join('\n') || '(None)'} ] || { echo "not all and only these"; exit 1; }`,
      sh`for line in ${gone}; do ! printf '%s\n' "$added" | grep -q -x -F -e "$line" || { echo "still $line"; exit 1; }; done`,
      ...(given.state === 'enabled' ? [sh`${raw(IS_ON)} && systemctl is-enabled -q ufw || { echo off; exit 1; }`] : []),
      ...(given.state === 'disabled' ? [sh`! ${raw(IS_ON)} || { echo on; exit 1; }`] : []),
      sh`! ${raw(IS_ON)} || for line in ${told(all)}; do ufw status verbose | grep -q -e "$line" || { echo "not $line"; exit 1; }; done`,
    ];
    return lines(sh`added=$(ufw show added | sed '1d; s/^ufw //')`, ...checks);
  },
  refuses: ['UFW_LOCKOUT', 'UFW_BYPASSED', 'ARGS_INVALID'],
  cleanup:
    'ufw --force disable >/dev/null; apt-get purge -qq -y ufw >/dev/null; rm -rf /etc/ufw /root/ufw /root/ufw.default /var/lib/hailbook/ufw',
});
