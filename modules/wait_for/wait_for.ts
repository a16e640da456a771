import { type Static, Type } from 'typebox';
import { defineAction, type Step } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { REFUSE, refusal } from '../_refusal/refusal.ts';
import { JSON_FIELD } from './json.ts';

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
    status: Type.Integer({ minimum: 100, maximum: 599, default: 200, description: 'The HTTP status of `url`.' }),
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
        anyOf: [{ required: ['url'] }, { not: { required: ['json'] } }],
        'x-message': 'json is a field of what url answers',
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
  description: 'Waits, on the host, until a port, a URL, a field of JSON or a file is as it should be.',
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
  const { timeout, every } = given;
  const loop = sh`begun=$(since_boot) last=
while :; do
  seen=
  look && there=yes || there=
  took=$(($(since_boot) - begun))
  if [ -n "$there" ]; then printf 'after %s s: %s\n' "$took" "$seen"; exit; fi
  [ "$seen" = "$last" ] || printf '%s\n' "$seen"
  last=$seen
  [ "$took" -lt ${timeout} ] || refuse WAIT_TIMEOUT "after $took s: $seen"
  sleep ${every}
done`;
  const script = lines(REFUSE, SINCE_BOOT, look(given), loop);
  // Room for the look that begins just before the end.
  return [{ script, timeout: timeout + 30 }];
}

// Wall-clock time may be set while we wait.
const SINCE_BOOT = sh`since_boot() { read -r up _ </proc/uptime; echo "\${up%%.*}"; }`;

/** The shell function `look`: exits 0 when it is there, and says in $seen what it saw. */
function look({ port, host, url, status, json, file }: Args): Sh {
  if (file !== undefined)
    return sh`look() { if [ -e ${file} ]; then seen=${`${file} is there`}; else seen=${`${file} is not there`}; return 1; fi; }`;
  if (port !== undefined)
    return sh`${raw(CONNECTS)}
look() { if connects ${host} ${port}; then seen=${`port ${port} of ${host} is open`}; else seen=${`port ${port} of ${host} is closed`}; return 1; fi; }`;
  return lines(
    json && JSON_FIELD,
    GET,
    sh`look() {
  get ${url ?? ''}
  seen="\${problem:-HTTP status $status}"
  [ "$status" = ${status} ] || return 1`,
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

// The shell itself cannot connect: /dev/tcp is bash's. curl's telnet says nothing until the other side does, so on a silent
// port it ends by its time-out, but with a time at which it was connected. wget can only ask for a page.
const CONNECTS = sh`connects() {
  case $1 in *:*) set -- "[$1]" "$2" ;; esac
  if command -v curl >/dev/null; then
    case $(curl -q -s -g --noproxy '*' -o /dev/null --connect-timeout 2 -m 2 -w '%{time_connect}' "telnet://$1:$2" </dev/null 2>/dev/null) in
      *[1-9]*) ;; *) return 1 ;;
    esac
  else
    wget --no-config --no-proxy -t 1 -T 2 -O /dev/null "http://$1:$2/" 2>&1 | grep -q ' connected\\.$'
  fi
}`;

// Sets $status, $body and, when there was no answer, $problem. Not through a proxy: these are services of the hosts themselves.
const GET = sh`get() {
  status='' body='' problem=''
  if command -v curl >/dev/null; then
    body=$(curl -q -sS -g --noproxy '*' --connect-timeout 5 -m 20 -w '\n%{http_code}' "$1" 2>&1 </dev/null)
    status=\${body##*
} body=\${body%
*}
    [ "$status" != 000 ] || problem=$(printf '%s\n' "$body" | grep '^curl: ' | head -n 1)
  else
    headers=$(mktemp) || exit
    body=$(wget --no-config --no-proxy -S -q --content-on-error -t 1 -T 10 -O - "$1" 2>"$headers")
    status=$(awk '$1 ~ /^HTTP\\// { s = $2 } END { print s }' "$headers")
    [ -n "$status" ] || problem=$(grep -v '^ ' "$headers" | head -n 1)
    rm -f "$headers"
  fi
  [ -n "$status" ] && [ "$status" != 000 ] || problem=\${problem:-no answer}
}`;
