import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Explanation, type Step } from '../../engine/plan/contract.ts';
import { lines, sh } from '../../engine/plan/sh.ts';
import { refusal } from '../_refusal/refusal.ts';
import { type Args, args, DEFAULTS } from './args.ts';
import { callerOf, lets } from './caller.ts';
import { lookFor } from './look.ts';
import { arranged, type Placed, placedTuple } from './order.ts';
import { sayPublished } from './published.ts';
import { commandOf, type Family, type Profiles } from './rule.ts';
import { UFW_SHELL } from './shell.ts';
import { type Firewall, parse } from './state.ts';
import { TRIAL } from './trial.ts';

/** The host's firewall. */
export const ufw = defineResource<typeof args, Firewall>({
  name: 'ufw',
  description: "The host's firewall by ufw: its rules, its default policies, what it logs, and whether it is on.",
  args,
  touches: () => ({ reads: ['package:ufw'], writes: ['ufw', 'file:/etc/ufw', 'file:/etc/default/ufw'] }),
  probe: (given) => ({ script: lookFor(appsOf(given)), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  explain,
  failure: (output) => refusal(output),
  warnings,
  trial: (change) => (isOnTrial(change) ? TRIAL : null),
});

const appsOf = ({ rules }: Args): string[] => [
  ...new Set(rules.flatMap(({ app }) => (app === undefined ? [] : [app]))),
];

function desired(given: Args, current: Firewall | null): Partial<Firewall> {
  const is = current?.state ?? 'not installed';
  const { state, default_incoming, default_outgoing, default_routed, logging } = wished(given);
  if (state === 'disabled' && is === 'not installed') return {};
  const placed = [...arrangements(given, current).values()].flat();
  const wanted = {
    ...(state === undefined ? {} : { state }),
    ...(default_incoming === undefined ? {} : { default_incoming }),
    ...(default_outgoing === undefined ? {} : { default_outgoing }),
    ...(default_routed === undefined ? {} : { default_routed }),
    ...(logging === undefined ? {} : { logging }),
    rules: placed.map(({ text }) => text),
    kept: true,
  };
  if ((state ?? is) !== 'enabled') return wanted;
  refuseLockout(current, placed, default_incoming ?? current?.default_incoming ?? '');
  refuseOpen(current?.open ?? '');
  return { ...wanted, loaded: true, ...(state === undefined ? {} : { boot: true }) };
}

const wished = (given: Args): Partial<Args> => (given.exclusive ? { ...DEFAULTS, ...given } : given);

/** For each family that ufw has on this host. */
function arrangements(given: Args, current: Firewall | null): ReadonlyMap<Family, readonly Placed[]> {
  const families: Family[] = (current?.ipv6 ?? true) ? [4, 6] : [4];
  const tuples = current?.tuples ?? [];
  const profiles = profilesOf(current);
  return new Map(
    families.map((family) => {
      const present = tuples.filter((tuple) => tuple.startsWith(String(family))).map(placedTuple);
      return [family, arranged(given, family, present, profiles)];
    }),
  );
}

function profilesOf(current: Firewall | null): Profiles {
  if (current === null || current.state === 'not installed') return null;
  return new Map(current.profiles.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** `ufw reload` leaves what is not ufw's own, and who put it there may have had a reason. */
function refuseOpen(rule: string): void {
  if (rule === '') return;
  throw new HailbookError('UFW_BYPASSED', `"${rule}" lets everything in before ufw is asked`, {
    hint: `find out what made it; this removes it: ${rule.replace(' -A ', ' -D ')}`,
  });
}

function refuseLockout(current: Firewall | null, placed: readonly Placed[], incoming: string): void {
  const caller = callerOf(current?.controller ?? '');
  const rules = placed.flatMap(({ entry }) => entry ?? []);
  // A profile that comes with a package which is not there yet may be what lets in; it is asked again when it is.
  if (!caller || (current?.state === 'not installed' && rules.some(({ port }) => port === '?'))) return;
  if ((caller.from.family === 4 || current?.ipv6) && lets(caller, rules, incoming)) return;
  const [address, port] = [current?.controller.split(' ')[0], caller.port];
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

function steps(change: Change<Firewall>, given: Args): Step[] {
  const { state, default_incoming, default_outgoing, default_routed, logging } =
    change.kind === 'delete' ? {} : change.after;
  const changed = (...fields: (keyof Firewall)[]) =>
    change.kind !== 'update' || fields.some((field) => change.fields.includes(field));
  const onTrial = isOnTrial(change);
  const script = lines(
    UFW_SHELL,
    changed('rules') && prepared(given, change.kind === 'update' ? change.before : null),
    onTrial && sh`held`,
    // Off comes first and on comes last, so that no half of it is ever in force.
    changed('state') && state === 'disabled' && sh`off`,
    changed('rules') && sh`switch`,
    changed('default_incoming') && sh`policy ${default_incoming ?? ''} incoming`,
    changed('default_outgoing') && sh`policy ${default_outgoing ?? ''} outgoing`,
    changed('default_routed') && sh`policy ${default_routed ?? ''} routed`,
    changed('logging') && sh`logs ${logging ?? ''}`,
    changed('state', 'loaded') && state === 'enabled' && sh`on`,
    changed('boot') && state === 'enabled' && sh`boot`,
    onTrial && sh`armed`,
    changed('kept') && !onTrial && sh`kept`,
  );
  return [{ script, timeout: 1200 }];
}

/** The new files in a copy of ufw's folder: its own rules where they are as wanted, new ones as ufw makes them. */
function prepared(given: Args, before: Firewall | null) {
  const arrangement = arrangements(given, before);
  const sources = [...arrangement.values()].flat().map(({ source }) => source);
  const made = [...new Set(sources.flatMap((source) => ('rule' in source ? [source.rule] : [])))].sort((a, b) => a - b);
  const item = ({ source }: Placed) =>
    'tuple' in source ? source.tuple : `+${made.indexOf(source.rule) + 1}.${source.part}`;
  return lines(
    sh`begin`,
    ...made.map((index) => sh`make ${commandOf(given.rules[index] ?? NO_RULE)}`),
    ...[...arrangement].map(([family, placed]) => sh`arrange ${[family, ...placed.map(item)]}`),
  );
}

/** A rule a line: in a long list that is where one sees what changes. */
function explain(change: Change<Firewall>): Explanation | null {
  if (change.kind !== 'update' || !change.fields.includes('rules')) return null;
  const text = (rules: readonly string[]) => rules.map((rule) => `${rule}\n`).join('');
  return { path: 'rules of ufw', before: sh`printf %s ${text(change.before.rules)}`, after: text(change.after.rules) };
}

const NO_RULE = { action: 'allow', state: 'present' } as const;

function warnings(current: Firewall | null, given: Args): string[] {
  const { taken_back = '', published = [] } = current ?? {};
  const on = (wished(given).state ?? current?.state) === 'enabled';
  return [
    ...(taken_back === ''
      ? []
      : [
          `the host took its last change of the firewall back (${taken_back}): no second connection came through after it`,
        ]),
    ...(on ? sayPublished(published) : []),
  ];
}
