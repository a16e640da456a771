import { type Static, Type } from 'typebox';
import { defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { Account, PUBLIC_KEY_PATTERN } from '../_file/args.ts';
import { editInSsh, lookInSsh, plantedLink, refuseLink } from '../_file/home.ts';
import { fileFailure } from '../_file/steps.ts';

const args = Type.Object({
  user: Account('The account whose ssh shall know the host.'),
  // No blanks, commas, patterns, comments or markers: each would mean something else in known_hosts.
  names: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.:\\[\\]-]+$' }), {
    description: 'The names and addresses by which the host is called; `[name]:port` for another port.',
    minItems: 1,
  }),
  keys: Type.Array(Type.String({ pattern: `${PUBLIC_KEY_PATTERN}$` }), {
    description: 'All its host keys, each as type and base64: the fact `ssh_host_keys`.',
    minItems: 1,
  }),
});
type Args = Static<typeof args>;

type Known = {
  /** `name type base64` for every wanted name and each key that it has, sorted. */
  readonly entries: readonly string[];
  /** A link where `~/.ssh` or the file should be, else empty. */
  readonly link: string;
};

/** The keys of a host in an account's `~/.ssh/known_hosts`. */
export const knownHost = defineResource<typeof args, Known>({
  name: 'known_host',
  description: "A host's keys as an account's ssh knows them: exactly these for these names.",
  args,
  touches,
  probe,
  desired,
  steps: (_, given) => steps(given),
  failure: fileFailure,
});

const wanted = ({ names }: Args): string[] => [...new Set(names.map((name) => name.toLowerCase()))];
const words = (given: Args): string => wanted(given).join(' ');

/** Below the file, so that tasks for other names do not disturb this one. */
function touches(given: Args): Touches {
  const writes = wanted(given).map((name) => `file:~${given.user}/.ssh/known_hosts/${name}` as const);
  return { reads: [`user:${given.user}`], writes };
}

// Hashed names (`HashKnownHosts`, Debian's default for what ssh itself adds) can only be found by asking for each.
const HASHED = sh`hashed() {
  set -f
  grep -q '^|1|' known_hosts 2>/dev/null && command -v ssh-keygen >/dev/null || return 0
  for n in $NAMES; do ssh-keygen -F "$n" -f known_hosts | awk -v name="$n" "$1"; done
}`;

// Lines with a marker (@cert-authority, @revoked) mean something else and are left alone.
const PLAIN = `BEGIN { n = split(ENVIRON["NAMES"], names, " "); for (i = 1; i <= n; i++) wanted[names[i]] }
/^[#@|]/ || NF < 3 { next }
{ m = split($1, name, ","); for (i = 1; i <= m; i++) if (tolower(name[i]) in wanted) print tolower(name[i]), $2, $3 }`;

function probe(given: Args): Probe<Known | null> {
  const look = sh`export NAMES=${words(given)}
${raw(HASHED)}
awk ${PLAIN} <known_hosts && hashed ${'/^[|]1[|]/ { print name, $2, $3 }'}`;
  return {
    script: lookInSsh(given.user, 'known_hosts', look),
    parse(stdout) {
      const link = plantedLink(stdout);
      if (link) return { entries: [], link };
      const entries = stdout.split('\n').filter((line) => line.includes(' '));
      return entries.length === 0 ? null : { entries: [...new Set(entries)].sort(), link: '' };
    },
  };
}

function desired(given: Args, current: Known | null): Known {
  refuseLink(current?.link);
  const entries = wanted(given).flatMap((name) => given.keys.map((key) => `${name} ${key}`));
  return { entries: [...new Set(entries)].sort(), link: '' };
}

/** Drops hashed lines that were found, takes the names out of all others, and adds a line for each key. */
const REPLACE = `BEGIN {
  n = split(ENVIRON["NAMES"], names, " ")
  for (i = 1; i <= n; i++) { wanted[names[i]]; all = all (i > 1 ? "," : "") names[i] }
  n = split(ENVIRON["DROP"], numbers, " ")
  for (i = 1; i <= n; i++) drop[numbers[i]]
}
/^[|]/ && NR in drop { next }
/^[#@|]/ || NF < 3 { print; next }
{
  m = split($1, name, ","); kept = ""
  for (i = 1; i <= m; i++) if (!(tolower(name[i]) in wanted)) kept = kept (kept == "" ? "" : ",") name[i]
  if (kept == $1) print
  else if (kept != "") { match($0, /[^ \\t]+/); print kept substr($0, RSTART + RLENGTH) }
}
END { n = split(ENVIRON["KEYS"], key, "\\n"); for (i = 1; i <= n; i++) print all, key[i] }`;

function steps(given: Args): Step[] {
  const keys = [...new Set(given.keys)].join('\n');
  const script = sh`${raw(HASHED)}
DROP=$(hashed ${'/^# Host .* found: line [0-9]+/ { print $NF }'}) || exit
export DROP
awk ${REPLACE}`;
  const command = sh`env NAMES=${words(given)} KEYS=${keys} /bin/sh -c ${script}`;
  return [{ script: editInSsh(given.user, 'known_hosts', command) }];
}
