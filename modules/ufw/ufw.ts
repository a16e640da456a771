import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step } from '../../engine/plan/contract.ts';
import { lines, type Sh, sh } from '../../engine/plan/sh.ts';
import { refusal } from '../_refusal/refusal.ts';
import { networkOf } from './address.ts';
import { normalLine } from './loaded.ts';
import { lets, normalRules, type Rule, ruleOfTuple } from './rule.ts';
import { LOOK, UFW_SHELL } from './shell.ts';
import { TRIAL } from './trial.ts';

const RuleArgs = Type.Object(
  {
    action: Type.Enum(['allow', 'deny', 'reject', 'limit'], {
      default: 'allow',
      description: 'What becomes of a new connection.',
    }),
    from: Type.Optional(Type.String({ minLength: 1, description: 'An IP address or network. Not given: any.' })),
    port: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 65535 }), Type.String({ pattern: '^\\d{1,5}(:\\d{1,5})?$' })], {
        description: 'A port, or a range as `"6000:6007"`. Not given: all.',
      }),
    ),
    proto: Type.Optional(Type.Enum(['tcp', 'udp'], { description: 'Not given: any. A range of ports needs it.' })),
    interface: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$', description: 'The device that it comes in by.' }),
    ),
    // ufw takes no quote in a comment, and anything that begins with dashes for an option.
    comment: Type.Optional(Type.String({ pattern: "^[^'\\n\\0-][^'\\n\\0]{0,200}$", description: 'For people.' })),
  },
  {
    anyOf: [{ required: ['proto'] }, { properties: { port: { not: { type: 'string', pattern: ':' } } } }],
    'x-message': 'a range of ports needs proto',
  },
);

const Policy = (what: string, fallback: string) =>
  Type.Enum(['allow', 'deny', 'reject'], {
    default: fallback,
    description: `What becomes of new connections that no rule is about: ${what}.`,
  });

const args = Type.Object({
  rules: Type.Array(RuleArgs, {
    default: [],
    description:
      'All rules, in their order: the first that fits decides. Whatever else ufw has is removed. Each has `action`, `from`, `port`, `proto`, `interface`, `comment`, none of them required.',
  }),
  default_incoming: Policy('incoming', 'deny'),
  default_outgoing: Policy('outgoing', 'allow'),
  state: Type.Enum(['enabled', 'disabled'], {
    default: 'enabled',
    description: 'Is the firewall on, now and after a reboot?',
  }),
});
type Args = Static<typeof args>;

type Firewall = {
  /** `enabled`, `disabled` or `not installed`. */
  readonly state: string;
  /** Has the kernel what ufw's files say? */
  readonly loaded: boolean;
  /** Will it be on after a reboot? */
  readonly boot: boolean;
  /** A rule in the kernel, not one of ufw's, that lets everything in before ufw's rules are asked; empty when there is none. */
  readonly open: string;
  readonly default_incoming: string;
  readonly default_outgoing: string;
  /** In normal form: those for IPv4, then those for IPv6. */
  readonly rules: readonly string[];
  readonly ipv6: boolean;
  /** Does nothing wait to be taken back by the host (but what this connection changes just now)? */
  readonly kept: boolean;
  /** `SSH_CONNECTION` and the device of the address that was called; empty on a connection that is not SSH. */
  readonly controller: string;
};

/** The host's firewall, as a whole. */
export const ufw = defineResource<typeof args, Firewall>({
  name: 'ufw',
  description: "The host's firewall by ufw: all its rules, its default policies, and whether it is on.",
  args,
  touches: () => ({ reads: ['package:ufw'], writes: ['ufw'] }),
  probe: () => ({ script: LOOK, parse }),
  desired,
  steps,
  failure: (output) => refusal(output),
  trial: (change) => (isOnTrial(change) ? TRIAL : null),
});

const POLICIES: Readonly<Record<string, string>> = { ACCEPT: 'allow', DROP: 'deny', REJECT: 'reject' };
const KERNEL: Readonly<Record<string, string>> = { allow: 'ACCEPT', deny: 'DROP', reject: 'DROP' };

function parse(stdout: string): Firewall {
  const all = stdout.split('\n');
  const rests = (word: string) =>
    all.filter((line) => line === word || line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const setting = (name: string) => rests(`set ${name}`).at(-1) ?? '';
  const controller = [rests('ssh')[0] ?? '', rests('device')[0] ?? ''].join(' ').trim();
  if (all.includes('absent')) {
    return {
      state: 'not installed',
      loaded: false,
      boot: false,
      open: '',
      default_incoming: '',
      default_outgoing: '',
      rules: [],
      ipv6: true,
      kept: true,
      controller,
    };
  }
  const ipv6 = setting('IPV6') === 'yes' && !all.includes('no ipv6');
  const incoming = POLICIES[setting('DEFAULT_INPUT_POLICY')] ?? '';
  const outgoing = POLICIES[setting('DEFAULT_OUTPUT_POLICY')] ?? '';
  const isLoaded = (family: string) =>
    rests(`hook${family}`).length >= 2 &&
    rests(`bypass${family}`).length === 0 &&
    sameRules(rests(`loaded${family}`), rests(`line${family}`)) &&
    rests(`policy${family}`).includes(`INPUT ${KERNEL[incoming]}`) &&
    rests(`policy${family}`).includes(`OUTPUT ${KERNEL[outgoing]}`);
  return {
    state: setting('ENABLED') === 'yes' ? 'enabled' : 'disabled',
    loaded: isLoaded('') && (!ipv6 || isLoaded('6')),
    boot: all.includes('boot'),
    open: [...rests('open'), ...rests('open6')][0] ?? '',
    default_incoming: incoming,
    default_outgoing: outgoing,
    rules: [...rests('tuple'), ...(ipv6 ? rests('tuple6') : [])].map(ruleOfTuple),
    ipv6,
    kept: !all.includes('trial theirs'),
    controller,
  };
}

/** Chain by chain; in which order the chains come does not matter. */
function sameRules(some: readonly string[], others: readonly string[]): boolean {
  const byChain = (lines: readonly string[]) =>
    lines
      .map((line) => ({ chain: line.split(' ')[1] ?? '', rule: normalLine(line) }))
      .sort((a, b) => a.chain.localeCompare(b.chain))
      .map(({ rule }) => rule)
      .join('\n');
  return some.length === others.length && byChain(some) === byChain(others);
}

function desired(given: Args, current: Firewall | null): Partial<Firewall> {
  const { state, default_incoming, default_outgoing, rules } = given;
  if (state === 'disabled' && current?.state === 'not installed') return {};
  const ipv6 = current?.ipv6 ?? true;
  const wanted = { state, default_incoming, default_outgoing, rules: normalRules(rules, ipv6), kept: true };
  if (state === 'disabled') return wanted;
  refuseLockout(given, current?.controller ?? '', ipv6);
  refuseOpen(current?.open ?? '');
  return { ...wanted, loaded: true, boot: true };
}

/** `ufw reload` leaves what is not ufw's own, and who put it there may have had a reason. */
function refuseOpen(rule: string): void {
  if (rule === '') return;
  throw new HailbookError('UFW_BYPASSED', `"${rule}" lets everything in before ufw is asked`, {
    hint: `find out what made it; this removes it: ${rule.replace(' -A ', ' -D ')}`,
  });
}

function refuseLockout({ rules, default_incoming }: Args, controller: string, ipv6: boolean): void {
  const [address = '', , , port = '', device] = controller.split(' ');
  const from = networkOf(address);
  if (!from) return;
  const open =
    (from.family === 4 || ipv6) && lets({ from, port: Number(port), interface: device }, rules, default_incoming);
  if (open) return;
  throw new HailbookError(
    'UFW_LOCKOUT',
    `the rules would not let ${address} in to port ${port}, by which this run is connected`,
    {
      hint: `allow it before any rule that denies it: { port: ${port}, proto: tcp } or { from: ${address}, port: ${port}, proto: tcp }`,
    },
  );
}

/** Every change of what is in force, unless nobody could be shut out by it: by one that opens, or on a connection that is not SSH. */
function isOnTrial(change: Change<Firewall>): boolean {
  if (change.kind !== 'update' || change.after.state !== 'enabled' || change.after.controller === '') return false;
  return change.fields.some((field) => field !== 'boot');
}

function steps(change: Change<Firewall>, { rules, state, default_incoming, default_outgoing }: Args): Step[] {
  const changed = (...fields: (keyof Firewall)[]) =>
    change.kind !== 'update' || fields.some((field) => change.fields.includes(field));
  const onTrial = isOnTrial(change);
  const script = lines(
    UFW_SHELL,
    onTrial && sh`held`,
    // Off comes first and on comes last, so that no half of it is ever in force.
    changed('state') && state === 'disabled' && sh`off`,
    changed('rules') && lines(sh`begin`, ...rules.map(add), sh`switch`),
    changed('default_incoming') && sh`policy ${default_incoming} incoming`,
    changed('default_outgoing') && sh`policy ${default_outgoing} outgoing`,
    changed('state', 'loaded') && state === 'enabled' && sh`on`,
    changed('boot') && state === 'enabled' && sh`boot`,
    onTrial && sh`armed`,
    changed('kept') && !onTrial && sh`kept`,
  );
  return [{ script, timeout: 1200 }];
}

function add({ action, from = 'any', port, proto, interface: device, comment }: Rule): Sh {
  return sh`rule ${[
    action,
    ...(device === undefined ? [] : ['in', 'on', device]),
    ...(proto === undefined ? [] : ['proto', proto]),
    ...['from', from, 'to', 'any'],
    ...(port === undefined ? [] : ['port', port]),
    ...(comment === undefined ? [] : ['comment', comment]),
  ]}`;
}
