import type { Args } from './args.ts';
import { sameRules } from './loaded.ts';
import { placedTuple } from './order.ts';

export type Firewall = {
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
  readonly default_routed: string;
  readonly logging: string;
  /** In normal form: those for IPv4, then those for IPv6. */
  readonly rules: readonly string[];
  /** Does nothing wait to be taken back by the host (but what this connection changes just now)? */
  readonly kept: boolean;
  /** When the host took a change back that nobody has made since, else empty. */
  readonly taken_back: string;
  readonly ipv6: boolean;
  /** Rules of containers that lead connections past ufw, as the kernel has them. */
  readonly published: readonly string[];
  /** The rules as they stand in ufw's files, with their family before them. */
  readonly tuples: readonly string[];
  /** `OpenSSH=22/tcp`, of the profiles that were asked for. */
  readonly profiles: readonly string[];
  /** `SSH_CONNECTION` and the device of the address that was called; empty on a connection that is not SSH. */
  readonly controller: string;
};

const POLICIES: Readonly<Record<string, string>> = { ACCEPT: 'allow', DROP: 'deny', REJECT: 'reject' };
const KERNEL: Readonly<Record<string, string>> = { allow: 'ACCEPT', deny: 'DROP', reject: 'DROP' };

/** What `lookFor` printed. Of the kernel's policy for routed traffic, which other tools set too, only one that is asked for counts. */
export function parse(stdout: string, { default_routed }: Pick<Args, 'default_routed'>): Firewall {
  const all = stdout.split('\n');
  const rests = (word: string) =>
    all.filter((line) => line === word || line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const setting = (name: string) => rests(`set ${name}`).at(-1) ?? '';
  const controller = [rests('ssh')[0] ?? '', rests('device')[0] ?? ''].join(' ').trim();
  if (all.includes('absent')) return { ...NOT_INSTALLED, controller };
  const ipv6 = /^yes$/i.test(setting('IPV6')) && !all.includes('no ipv6');
  const families = ipv6 ? ['', '6'] : [''];
  const policies = {
    INPUT: POLICIES[setting('DEFAULT_INPUT_POLICY')] ?? '',
    OUTPUT: POLICIES[setting('DEFAULT_OUTPUT_POLICY')] ?? '',
    FORWARD: POLICIES[setting('DEFAULT_FORWARD_POLICY')] ?? '',
  };
  const held = Object.entries(policies).filter(([chain]) => chain !== 'FORWARD' || default_routed !== undefined);
  const isLoaded = (family: string) =>
    rests(`hook${family}`).length >= 2 &&
    rests(`bypass${family}`).length === 0 &&
    sameRules(rests(`loaded${family}`), rests(`line${family}`)) &&
    held.every(([chain, policy]) => rests(`policy${family}`).includes(`${chain} ${KERNEL[policy]}`));
  const tuples = families.flatMap((family) => rests(`tuple${family}`).map((tuple) => `${family || 4}${tuple}`));
  return {
    state: /^yes$/i.test(setting('ENABLED')) ? 'enabled' : 'disabled',
    loaded: families.every(isLoaded),
    boot: all.includes('boot'),
    open: [...rests('open'), ...rests('open6')][0] ?? '',
    default_incoming: policies.INPUT,
    default_outgoing: policies.OUTPUT,
    default_routed: policies.FORWARD,
    logging: setting('LOGLEVEL'),
    rules: tuples.map((tuple) => placedTuple(tuple).text),
    kept: !all.includes('trial theirs'),
    taken_back: rests('taken_back')[0] ?? '',
    ipv6,
    published: ['', '6'].flatMap((family) => (all.includes(`guarded${family}`) ? [] : rests(`published${family}`))),
    tuples,
    profiles: rests('app'),
    controller,
  };
}

const NOT_INSTALLED: Firewall = {
  state: 'not installed',
  loaded: false,
  boot: false,
  open: '',
  default_incoming: '',
  default_outgoing: '',
  default_routed: '',
  logging: '',
  rules: [],
  kept: true,
  taken_back: '',
  ipv6: true,
  published: [],
  tuples: [],
  profiles: [],
  controller: '',
};
