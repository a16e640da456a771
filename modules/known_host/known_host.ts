import { type Static, Type } from 'typebox';
import { type Change, defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { noAccount } from '../_account/account.ts';
import { Account } from '../_file/args.ts';
import { editFile, fileFailure } from '../_file/steps.ts';
import { editInSsh, lookInSsh, parseInSsh } from '../_ssh/home.ts';
import { PUBLIC_KEY_PATTERN } from '../_ssh/key.ts';
import { HASHED, PLAIN, REPLACE } from './shell.ts';

const args = Type.Object(
  {
    user: Type.Optional(
      Account("The account whose ssh shall know the host. Not given: every account's, by `/etc/ssh/ssh_known_hosts`."),
    ),
    // No blanks, commas, patterns, comments or markers: each would mean something else in known_hosts.
    names: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.:\\[\\]-]+$' }), {
      description: 'The names and addresses by which the host is called; `[name]:port` for another port.',
      minItems: 1,
    }),
    keys: Type.Optional(
      Type.Array(Type.String({ pattern: `${PUBLIC_KEY_PATTERN}$` }), {
        description: 'All its host keys, each as type and base64: the fact `ssh_host_keys`.',
        minItems: 1,
      }),
    ),
    state: Type.Enum(['present', 'absent'], {
      description: '`absent`: no key of these names is known.',
      default: 'present',
    }),
  },
  {
    allOf: [
      {
        anyOf: [{ required: ['keys'] }, { properties: { state: { const: 'absent' } }, required: ['state'] }],
        'x-message': 'needs keys, all that the host has',
      },
      {
        anyOf: [
          { not: { required: ['keys'] } },
          { not: { properties: { state: { const: 'absent' } }, required: ['state'] } },
        ],
        'x-message': 'absent takes every key of these names away, so it has no keys',
      },
    ],
  },
);
type Args = Static<typeof args>;

type Known = {
  /** `name type base64` for every wanted name and each key that it has, sorted. */
  readonly entries: readonly string[];
  readonly account: boolean;
};

/** The keys of a host in an account's `~/.ssh/known_hosts`, or in that of the system. */
export const knownHost = defineResource<typeof args, Known>({
  name: 'known_host',
  description: "A host's keys as ssh knows them: exactly these for these names.",
  args,
  touches,
  probe,
  desired,
  steps,
  failure: fileFailure,
});

const SYSTEM = '/etc/ssh/ssh_known_hosts';

const wanted = ({ names }: Args): string[] => [...new Set(names.map((name) => name.toLowerCase()))];
const words = (given: Args): string => wanted(given).join(' ');

/** Below the file, so that tasks for other names do not disturb this one. */
function touches(given: Args): Touches {
  const { user } = given;
  const file = user === undefined ? SYSTEM : `~${user}/.ssh/known_hosts`;
  return {
    reads: user === undefined ? [] : [`user:${user}`],
    writes: wanted(given).map((name) => `file:${file}/${name}` as const),
  };
}

function probe(given: Args): Probe<Known | null> {
  const look = (file: string): Sh => sh`f=${file}
export NAMES=${words(given)}
${raw(HASHED)}
awk ${PLAIN} <"$f" && hashed ${'/^[|]1[|]/ { print name, $2, $3 }'}`;
  const system = sh`cd /etc/ssh 2>/dev/null && [ -f ssh_known_hosts ] || { echo absent; exit 0; }
echo present
${raw(look('ssh_known_hosts'))}`;
  return {
    script: given.user === undefined ? system : lookInSsh(given.user, 'known_hosts', look('known_hosts')),
    parse(stdout) {
      const found = parseInSsh(stdout);
      if (found.is === 'no account') return { entries: [], account: false };
      const entries = found.is === 'present' ? found.lines.filter((line) => line.includes(' ')) : [];
      return entries.length === 0 ? null : { entries: [...new Set(entries)].sort(), account: true };
    },
  };
}

function desired(given: Args, current: Known | null): Partial<Known> | null {
  if (given.state === 'absent') return current?.account === false ? { entries: [] } : null;
  const entries = wanted(given).flatMap((name) => (given.keys ?? []).map((key) => `${name} ${key}`));
  return { entries: [...new Set(entries)].sort() };
}

function steps(change: Change<Known>, given: Args): Step[] {
  const { user } = given;
  if (user !== undefined && change.kind === 'update' && !change.before.account) throw noAccount([user]);
  const keys = [...new Set(given.keys ?? [])].join('\n');
  const edit = (file: string): Sh => {
    const script = sh`f=${file}
${raw(HASHED)}
DROP=$(hashed ${'/^# Host .* found: line [0-9]+/ { print $NF }'}) || exit
export DROP
awk ${REPLACE}`;
    return sh`env NAMES=${words(given)} KEYS=${keys} /bin/sh -c ${script}`;
  };
  if (user === undefined) return [editFile(SYSTEM, edit('ssh_known_hosts'), { mode: '0644' })];
  return [{ script: editInSsh(user, 'known_hosts', edit('known_hosts')) }];
}
