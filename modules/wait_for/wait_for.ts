import { type Static, Type } from 'typebox';
import { defineAction, type Step } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { REFUSE, refusal } from '../_refusal/refusal.ts';
import { JSON_FIELD } from './json.ts';
import { CONNECTIONS, CONNECTS, GET, GREETS } from './network.ts';

const Status = Type.Integer({ minimum: 100, maximum: 599 });

const args = Type.Object(
  {
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'A TCP port that takes connections.' }),
    ),
    host: Type.String({
      default: '127.0.0.1',
      pattern: '^[A-Za-z0-9][A-Za-z0-9.:_-]*$',
      description: 'Where the port is, a name or an address as the host itself sees it.',
    }),
    url: Type.Optional(
      Type.String({ pattern: '^https?://\\S+$', description: 'An address that answers with `status`.' }),
    ),
    status: Type.Union([Status, Type.Array(Status, { minItems: 1 })], {
      default: 200,
      description: 'The HTTP status of `url`, or several of which one will do. Redirections are not followed.',
    }),
    json: Type.Optional(
      Type.Object(
        {
          field: Type.String({
            minLength: 1,
            description: 'A dotted path to a number, text, true or false: `aliveworkers`, `workers.0.state`.',
          }),
          equals: Type.Optional(
            Type.Union([Type.Number(), Type.String(), Type.Boolean()], { description: 'What it has to be.' }),
          ),
          at_least: Type.Optional(Type.Number({ description: 'The smallest number that will do.' })),
        },
        {
          description: 'A field of the JSON that `url` answers with: `field`, and either `equals` or `at_least`.',
          oneOf: [{ required: ['equals'] }, { required: ['at_least'] }],
          'x-message': 'needs either equals or at_least',
        },
      ),
    ),
    file: Type.Optional(PathOnHost('A path that exists.')),
    matches: Type.Optional(
      Type.String({
        pattern: '^[^\\n\\0]+$',
        // grep takes half a minute to compile one of 100 kB.
        maxLength: 4096,
        description:
          'An extended regular expression (`grep -E`) that fits a line of the file, of what the URL answers, or of what the port says by itself within 2 s.',
      }),
    ),
    state: Type.Enum(['present', 'absent', 'drained'], {
      default: 'present',
      description:
        '`absent`: until all this is no longer so. `drained`: until nobody has a connection to this port of the host itself.',
      'x-hints': { started: 'write `present`', stopped: 'write `absent`' },
    }),
    ca_file: Type.Optional(PathOnHost("A file on the host with the authority that signed the URL's certificate.")),
    insecure: Type.Boolean({
      default: false,
      description: "Any certificate of the URL will do, and anybody's answer.",
    }),
    timeout: Type.Integer({ minimum: 1, default: 300, description: 'Seconds after which it is an error.' }),
    every: Type.Number({ minimum: 0.1, default: 1, description: 'Seconds between two looks.' }),
  },
  {
    allOf: [
      {
        oneOf: [{ required: ['port'] }, { required: ['url'] }, { required: ['file'] }],
        'x-message': 'needs one of port, url and file',
      },
      {
        anyOf: [{ required: ['url'] }, { not: { anyOf: [{ required: ['json'] }, { required: ['ca_file'] }] } }],
        'x-message': 'json and ca_file are about what url answers',
      },
      {
        anyOf: [
          { not: { properties: { state: { const: 'drained' } }, required: ['state'] } },
          { required: ['port'], not: { required: ['matches'] } },
        ],
        'x-message': 'drained is about a port, and about nothing else',
      },
    ],
  },
);
type Args = Static<typeof args>;

type WaitResult = {
  /** What was seen at last, in words. */
  readonly seen: string;
  readonly seconds: number;
};

/** Waits on the host until something is there. */
export const waitFor = defineAction<typeof args, WaitResult>({
  name: 'wait_for',
  description: 'Waits, on the host, until a port, a URL, a field of JSON, a file or a line of it is as it should be.',
  args,
  touches: () => ({ writes: [], world: true }),
  run,
  result: ([output]) => {
    const [, seconds = '0', seen = ''] = /^after (\d+) s: (.*)$/m.exec(output?.stdout ?? '') ?? [];
    return { seen, seconds: Number(seconds) };
  },
  changes: () => false,
  failure: (output) => refusal(output),
});

function run(given: Args): Step[] {
  const { state, timeout, every, matches } = given;
  const loop = sh`begun=$(since_boot) last=
while :; do
  seen=
  look && there=${state === 'absent' ? '' : 'yes'} || there=${state === 'absent' ? 'yes' : ''}
  took=$(($(since_boot) - begun))
  if [ -n "$there" ]; then printf 'after %s s: %s\n' "$took" "$seen"; exit; fi
  [ "$seen" = "$last" ] || printf '%s\n' "$seen"
  last=$seen
  [ "$took" -lt ${timeout} ] || refuse WAIT_TIMEOUT "after $took s: $seen"
  sleep ${every}
done`;
  const script = lines(REFUSE, SINCE_BOOT, matches !== undefined && fits(matches), look(given), loop);
  // Room for the look that begins just before the end.
  return [{ script, timeout: timeout + 30 }];
}

// Wall-clock time may be set while we wait.
const SINCE_BOOT = sh`since_boot() { read -r up _ </proc/uptime; echo "\${up%%.*}"; }`;

/** `fits` exits 0 when a line of its stdin fits. What is no expression would never fit, so that is said before any waiting. */
const fits = (pattern: string): Sh => sh`fits() { grep -a -E -q -e ${pattern}; }
fits </dev/null || [ $? = 1 ] || refuse STEP_FAILED ${`matches: ${pattern} is not a regular expression`}`;

/** The shell function `look`: exits 0 when it is there, and says in $seen what it saw. */
function look(given: Args): Sh {
  const { port, host, file, matches, state } = given;
  if (file !== undefined) return lookAtFile(file, matches);
  if (port === undefined) return lookAtUrl(given);
  const name = `port ${port} of ${host}`;
  if (state === 'drained')
    return sh`${raw(CONNECTIONS)}
look() { n=$(connections ${port}); seen=${`connections to port ${port}: `}"$n"; [ "$n" = 0 ]; }`;
  if (matches !== undefined)
    return sh`${raw(GREETS)}
look() {
  said=$(greets ${host} ${port}) || exit
  if printf '%s\n' "$said" | fits; then seen=${`${name} says what fits`}; return; fi
  seen=${`${name} says nothing that fits: `}$(printf '%s\n' "$said" | head -n 1 | cut -c 1-80)
  return 1
}`;
  return sh`${raw(CONNECTS)}
look() {
  if connects ${host} ${port}; then seen=${`${name} is open`}; return; fi
  seen=${`${name} is closed`}
  getent ahosts ${host} >/dev/null || seen=${`${host} has no address here`}
  return 1
}`;
}

function lookAtFile(file: string, matches: string | undefined): Sh {
  const fitting =
    matches === undefined
      ? sh`seen=${`${file} is there`}`
      : sh`if [ -f ${file} ] && fits <${file}; then seen=${`${file} has a line that fits`}; else seen=${`${file} has no line that fits`}; return 1; fi`;
  return sh`look() {
  [ -e ${file} ] || { seen=${`${file} is not there`}; return 1; }
  ${raw(fitting)}
}`;
}

function lookAtUrl({ url = '', status, json, matches, ca_file, insecure }: Args): Sh {
  return lines(
    json && JSON_FIELD,
    GET,
    sh`trust=${ca_file ?? (insecure ? 'any' : '')}
look() {
  get ${url}
  seen="\${problem:-HTTP status $status}"
  case " "${[status].flat().join(' ')}" " in *" $status "*) ;; *) return 1 ;; esac`,
    matches !== undefined &&
      sh`  if printf '%s\n' "$body" | fits; then seen="$seen, with a line that fits"; else seen="$seen, with no line that fits"; return 1; fi`,
    json && field(json),
    sh`}`,
  );
}

function field({ field, equals, at_least }: NonNullable<Args['json']>): Sh {
  const fits =
    at_least === undefined
      ? sh`[ "$value" = ${String(equals)} ] || same "$value" ${String(equals)}`
      : sh`same "$value" "$value" && awk 'BEGIN { exit !(ARGV[1] + 0 >= ARGV[2] + 0) }' "$value" ${at_least}`;
  const wanted = at_least === undefined ? `not ${equals}` : `not at least ${at_least}`;
  return sh`  value=$(printf '%s\n' "$body" | json_field ${field})
  if [ -z "$value" ]; then seen=${`there is no field ${field}`}; return 1; fi
  # Two ways to write the same number.
  same() { awk 'BEGIN { for (i = 1; i <= 2; i++) if (ARGV[i] !~ /^-?[0-9.]+([eE][-+]?[0-9]+)?$/) exit 1; exit !(ARGV[1] + 0 == ARGV[2] + 0) }' "$1" "$2"; }
  if ${raw(fits)}; then seen=${field}" is $value"; else seen=${field}" is $value, "${wanted}; return 1; fi`;
}
