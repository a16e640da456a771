import { isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import {
  type Change,
  defineResource,
  type Explanation,
  type Probe,
  type Step,
  type Touches,
} from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { editFile, fileFailure } from '../_file/steps.ts';
import { HOSTS } from './awk.ts';
import { CLOUD, sayManaged } from './cloud.ts';

const args = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        description: 'An IPv4 or IPv6 address, in any spelling.',
        pattern: '^(\\d{1,3}(\\.\\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?)$',
      }),
    ),
    names: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' }), {
        description: 'Host names that stand for this address and for no other of its family.',
        minItems: 1,
      }),
    ),
    state: Type.Enum(['present', 'absent'], {
      default: 'present',
      description:
        'With `absent` these names do not stand for this address; without `names` no name does, without `address` they stand for none.',
    }),
    exclusive_names: Type.Boolean({
      default: false,
      description: 'The address has no other names than these. Otherwise they stay.',
    }),
    path: Type.Optional({ ...PathOnHost('The file.'), default: '/etc/hosts' }),
  },
  {
    'x-message': 'needs address and names; with state: absent one of them will do',
    anyOf: [
      { required: ['address', 'names'] },
      { required: ['state', 'address'], properties: { state: { const: 'absent' } } },
      { required: ['state', 'names'], properties: { state: { const: 'absent' } } },
    ],
  },
);
type Args = Static<typeof args>;

/** What the file says about the address and the names, and nothing else of it: other tasks' lines are no part of this. */
type Entry = {
  /** Those of the wanted names that stand under the address, sorted. */
  readonly names: readonly string[];
  /** Other names of the address, sorted. */
  readonly others: readonly string[];
  /** `127.0.1.1 spark-master`: where wanted names stand as well. */
  readonly elsewhere: readonly string[];
  /** The lines that would change, as they stand there. */
  readonly lines: readonly string[];
  /** What they would become. */
  readonly become: readonly string[];
  /** `true /etc/cloud/cloud.cfg`, `localhost …`, `banner`: how cloud-init manages the file; empty when it does not. */
  readonly managed: string;
  /** The host's own name, where cloud-init is. */
  readonly self: string;
};

/** Names of an address in `/etc/hosts`. */
export const hostsEntry = defineResource<typeof args, Entry>({
  name: 'hosts_entry',
  description: 'Host names that stand for one address in /etc/hosts, and for no other there.',
  args,
  touches,
  probe,
  desired,
  steps,
  explain,
  failure: fileFailure,
  warnings: (current, given) => (current === null ? [] : sayManaged({ ...current, ...given, names: wanted(given) })),
});

/** Below the file, so that a task for the whole file touches it, but not one for another address and other names. */
function touches({ path = '/etc/hosts', address, names }: Args): Touches {
  if (address === undefined || names === undefined) return { writes: [`file:${path}`] };
  const parts = [`address ${address.toLowerCase()}`, ...names.map((name) => `name ${name.toLowerCase()}`)];
  return { writes: parts.map((part) => `file:${path}/${part}` as const) };
}

const wanted = ({ names = [] }: Args): string[] => [...new Set(names.map((name) => name.toLowerCase()))].sort();

/** The awk program's call, without what it is to do. */
function call({ address = '', names = [], state, exclusive_names }: Args, look: string): Sh {
  const words = [
    `ADDRESS=${address}`,
    `NAMES=${names.join(' ')}`,
    `STATE=${state}`,
    `EXCLUSIVE=${exclusive_names ? 'yes' : ''}`,
    `LOOK=${look}`,
  ];
  // The dot tells awk whether the file ended in a newline, which awk hides.
  return sh`env ${words} /bin/sh -c ${sh`{ cat; echo .; } | awk ${HOSTS}`}`;
}

function probe(given: Args): Probe<Entry | null> {
  const { path = '/etc/hosts' } = given;
  return {
    script: sh`if [ -e ${path} ] || [ -L ${path} ]; then
  ${raw(call(given, 'yes'))} <${path}
else
  echo absent
fi${raw(path === '/etc/hosts' ? sh` || exit\n${raw(CLOUD)}` : sh``)}`,
    parse: (stdout) => parse(stdout, given),
  };
}

function parse(stdout: string, { state, names }: Args): Entry | null {
  const all = stdout.split('\n').filter((line) => line.includes(' '));
  const rests = (word: string) => [
    ...new Set(all.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))),
  ];
  const known = ['here', 'other', 'was', 'becomes', 'managed', 'self'];
  const entry = {
    names: rests('here').sort(),
    others: rests('other').sort(),
    elsewhere: [...new Set(all.filter((line) => !known.includes(line.split(' ')[0] ?? '')))].sort(),
    lines: all.filter((line) => line.startsWith('was ')).map((line) => line.slice('was '.length)),
    become: all.filter((line) => line.startsWith('becomes ')).map((line) => line.slice('becomes '.length)),
    managed: rests('managed').at(-1) ?? '',
    self: rests('self')[0] ?? '',
  };
  // What is to be absent is there as long as a line would change.
  if (state === 'absent') return entry.lines.length === 0 ? null : entry;
  const nothing = [entry.names, entry.others, entry.elsewhere].every((found) => found.length === 0);
  return nothing && entry.managed === '' && names ? null : entry;
}

function desired(given: Args): Partial<Entry> | null {
  const { address, state, exclusive_names } = given;
  if (address !== undefined && isIP(address.replace(/%.*/, '')) === 0)
    throw new HailbookError('ARGS_INVALID', `hosts_entry.address: "${address}" is no IP address`);
  if (state === 'absent') return null;
  return { names: wanted(given), elsewhere: [], ...(exclusive_names ? { others: [] } : {}) };
}

function steps(_: unknown, given: Args): Step[] {
  return [editFile(given.path ?? '/etc/hosts', call(given, ''))];
}

/** The lines that change, and no other: who wants the whole file has it. */
function explain(change: Change<Entry>, { path = '/etc/hosts', address = '', names = [] }: Args): Explanation {
  const text = (some: readonly string[]) => some.map((line) => `${line}\n`).join('');
  if (change.kind === 'create') return { path, before: sh`:`, after: `${address}\t${names.join(' ')}\n` };
  return { path, before: sh`printf %s ${text(change.before.lines)}`, after: text(change.before.become) };
}
