import { HailbookError } from '../../engine/errors.ts';
import type { Args, Pattern, RuleArgs } from './args.ts';
import { type Entry, entriesOf, entryOfTuple, type Family, identityOf, type Profiles, textOf } from './rule.ts';

/** A rule in its place, and where it comes from: as it stands in ufw's file, or a part of what one of the wanted rules gives. */
export interface Placed {
  readonly text: string;
  /** Null: ufw itself could not read it. */
  readonly entry: Entry | null;
  readonly source: { readonly tuple: string } | { readonly rule: number; readonly part: number };
}

/** A line of ufw's file, with its family before it: `6### tuple ### …`. */
export function placedTuple(line: string): Placed {
  const tuple = line.slice(1);
  const entry = entryOfTuple(tuple, line.startsWith('6') ? 6 : 4);
  return { text: entry ? textOf(entry) : tuple, entry, source: { tuple } };
}

/** All rules of a family as they shall be, in their order; `present` as they are. */
export function arranged(args: Args, family: Family, present: readonly Placed[], profiles: Profiles): Placed[] {
  const wanted = args.rules.map((rule, index) => ({
    rule,
    // What goes, goes whatever ports its profile has by now.
    placed: entriesOf(rule, family, rule.state === 'absent' ? null : profiles).map((entry, part) => ({
      text: textOf(entry),
      entry,
      source: { rule: index, part: part + 1 },
    })),
  }));
  refuseTwice(wanted.filter(({ rule }) => rule.state === 'present').flatMap(({ placed }) => placed));
  if (args.exclusive) {
    const listed = wanted.filter(({ rule }) => rule.state === 'present').flatMap(({ placed }) => placed);
    return withoutRepeats(listed).map((one) => asItStands(one, present));
  }
  let rules: readonly Placed[] = present;
  for (const { rule, placed } of wanted) {
    if (rule.state === 'absent') rules = without(rules, placed);
    // Each is put where the one before it is, so the last comes first.
    else for (const one of rule.insert === undefined ? placed : placed.toReversed()) rules = put(rules, one, rule);
  }
  return [...rules];
}

type Wanted = Placed & { readonly entry: Entry };

const asItStands = (one: Wanted, present: readonly Placed[]): Placed =>
  present.find(({ text }) => text === one.text) ?? one;

/** Of two rules that differ in nothing but their comment ufw keeps the place of the first and the comment of the last. */
function withoutRepeats(placed: readonly Wanted[]): Wanted[] {
  const byRule = new Map<string, Wanted>();
  for (const one of placed) byRule.set(identityOf(one.entry), one);
  return [...byRule.values()];
}

function refuseTwice(placed: readonly Wanted[]): void {
  const seen = new Map<string, Entry>();
  for (const { entry } of placed) {
    const first = seen.get(identityOf(entry));
    if (first && (first.action !== entry.action || first.log !== entry.log))
      throw new HailbookError(
        'ARGS_INVALID',
        `ufw.rules: "${textOf(first)}" and "${textOf(entry)}" are about the same connections, so the second is never asked`,
      );
    seen.set(identityOf(entry), entry);
  }
}

const without = (rules: readonly Placed[], gone: readonly Wanted[]): Placed[] =>
  rules.filter(({ entry }) => !entry || !gone.some((one) => isSame(one.entry, entry)));

function isSame(gone: Entry, entry: Entry): boolean {
  const like = gone.port === '?' ? { ...entry, port: gone.port, proto: gone.proto } : entry;
  return gone.action === entry.action && identityOf(gone) === identityOf(like);
}

/** As ufw does: a rule that is there stays in its place, with what is new of it; `insert` is for one that is not. */
function put(rules: readonly Placed[], wanted: Wanted, { insert, before }: RuleArgs): Placed[] {
  const identity = identityOf(wanted.entry);
  const isIt = ({ entry }: Placed) => entry !== null && identityOf(entry) === identity;
  const others = rules.filter((one) => !isIt(one));
  const at = rules.findIndex(isIt);
  const place = at >= 0 ? at : insert === undefined ? others.length : insert - 1;
  const first = before === undefined ? -1 : others.findIndex(({ entry }) => entry && applies(before, entry));
  return others.toSpliced(first < 0 ? place : Math.min(first, place), 0, asItStands(wanted, rules));
}

const FIELDS: Readonly<Record<keyof Pattern, keyof Entry>> = {
  action: 'action',
  route: 'route',
  direction: 'direction',
  interface: 'interface',
  interface_out: 'interfaceOut',
  from: 'from',
  from_port: 'fromPort',
  to: 'to',
  port: 'port',
  proto: 'proto',
  app: 'app',
  comment: 'comment',
};

function applies(pattern: Pattern, entry: Entry): boolean {
  const [like] = entriesOf({ action: 'allow', state: 'present', ...pattern }, entry.family, null);
  const asked = Object.keys(pattern) as (keyof Pattern)[];
  return asked.every((name) => {
    const field = name === 'interface' && pattern.direction === 'out' ? 'interfaceOut' : FIELDS[name];
    return like !== undefined && like[field] === entry[field];
  });
}
