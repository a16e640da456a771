import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step, type Touches } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { HASH_OF, SYSTEMD_SHELL, systemdFailure } from '../_systemd/shell.ts';
import { definitionOf, StableSeconds, UnitName, unitOf } from '../_systemd/unit.ts';

const args = Type.Object({
  name: UnitName('The unit; without a suffix it is a service.'),
  state: Type.Enum(['started', 'stopped'], {
    description: 'Does it run?',
    'x-hints': {
      restarted:
        'for a restart after a change of a file name it in `restart_on`; in a handler use the module `restart`',
      reloaded: 'in a handler use the module `restart` with `mode: reload`',
      running: 'write `started`',
      enabled: 'write `enabled: true`',
    },
  }),
  enabled: Type.Optional(Type.Boolean({ description: 'Does it start when the host boots? Not given: as it is.' })),
  restart_on: Type.Optional(
    Type.Array(PathOnHost(''), {
      description:
        'Files that it reads when it starts (of a folder the files right in it). It is restarted when it runs with other content than they have now.',
    }),
  ),
  stable_seconds: StableSeconds,
});
type Args = Static<typeof args>;

type ServiceState = {
  /** Also `starting`, `restarting` (systemd tries again and again), `stopping` and `failed`. */
  readonly state: string;
  readonly enabled: boolean;
  /** It runs with other content than the files of `restart_on`, or with another definition, than there is now. */
  readonly stale: boolean;
  /** systemd has not read the unit's file or its drop-ins as they are now. */
  readonly outdated: boolean;
};

/**
 * A service that crashes less often than systemd's limit (five times in ten seconds) is active most of the time, so one look
 * cannot tell. What systemd restarted by itself within so many seconds therefore still has to show that it stays.
 */
const CRASH_SECONDS = 60;

/** A systemd unit. */
export const service = defineResource<typeof args, ServiceState>({
  name: 'service',
  description:
    'A systemd service that runs (or does not), starts at boot (or does not), with the settings as they are now.',
  args,
  touches,
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure: (output, { name }) => systemdFailure(output, unitOf(name)),
});

function touches({ name, restart_on = [] }: Args): Touches {
  const unit = unitOf(name);
  const files = ['/run', '/usr/lib', '/lib'].map((root) => `${root}/systemd/system/${unit}`);
  return {
    reads: [...definitionOf(unit), ...files, ...restart_on].map((path) => `file:${path}` as const),
    writes: [`unit:${unit}`],
  };
}

/** What it runs with: what the playbook names and how this host's administrator defines the unit, not what packages bring. */
const settingsOf = ({ name, restart_on = [] }: Args): string[] => [
  ...new Set([...restart_on, ...definitionOf(unitOf(name))]),
];

function look(given: Args): Sh {
  const unit = unitOf(given.name);
  return lines(
    HASH_OF,
    sh`TZ=UTC systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,DropInPaths,ExecMainStartTimestamp,NRestarts,InvocationID -- ${unit} || exit
date +now=%s
[ ! -f /etc/systemd/system/${unit} ] || [ -L /etc/systemd/system/${unit} ] || echo override=/etc/systemd/system/${unit}
for file in /etc/systemd/system/${unit}.d/*.conf; do
  [ ! -f "$file" ] || printf 'drop-in %s\n' "$file"
done`,
    given.state === 'started' &&
      sh`[ ! -f /run/hailbook/restart_on/${unit} ] || sed 's/^/was /' /run/hailbook/restart_on/${unit} || exit
for file in ${settingsOf(given)}; do
  hash_of "$file"
  changed=$(stat -L -c %Z -- "$file" "$file"/* 2>/dev/null | sort -n | tail -n 1)
  printf 'is %s %s %s\n' "\${changed:-0}" "$hash" "$file"
done`,
  );
}

function parse(stdout: string, { stable_seconds }: Args): ServiceState | null {
  const all = stdout.split('\n');
  const property = new Map(all.map((line) => halves(line, '=')));
  const of = (name: string) => property.get(name) ?? '';
  if (of('LoadState') === '') throw new HailbookError('PROBE_FAILED', `systemctl show printed: ${stdout}`);
  if (of('LoadState') === 'not-found' && of('ActiveState') === 'inactive') return null;
  const began = Date.parse(of('ExecMainStartTimestamp'));
  const running = stateOf(of('ActiveState'), of('SubState'));
  const crashed =
    Number(of('NRestarts')) > 0 && Number(of('now')) - began / 1000 < Math.max(stable_seconds, CRASH_SECONDS);
  const state = running === 'started' && crashed ? 'restarting' : running;
  const outdated = isOutdated(all, of);
  return {
    state,
    enabled: ['enabled', 'alias'].includes(of('UnitFileState')),
    // A definition that systemd has not read is not the one that it was started with.
    stale: state === 'started' && (outdated || isStale(all, of('InvocationID'), began)),
    outdated,
  };
}

/** systemd tells by itself, except of a file or a folder that was not there at all when it looked last (v252). */
function isOutdated(all: readonly string[], of: (name: string) => string): boolean {
  const override = of('override');
  const read = of('DropInPaths').replace(/\\(.)/g, '$1');
  return (
    of('NeedDaemonReload') === 'yes' ||
    (override !== '' && override !== of('FragmentPath')) ||
    rests(all, 'drop-in ').some((file) => !read.includes(file))
  );
}

function stateOf(active: string, sub: string): string {
  if (active === 'active' || active === 'reloading' || active === 'refreshing') return 'started';
  if (active === 'inactive') return 'stopped';
  if (active === 'activating') return sub === 'auto-restart' ? 'restarting' : 'starting';
  return active === 'deactivating' ? 'stopping' : active;
}

/**
 * Without a record of this very run, a file that was changed after its process began. Its ctime, because an archive brings
 * old mtimes along; both times count in whole seconds, so the same second is late enough to be sure.
 */
function isStale(all: readonly string[], invocation: string, began: number): boolean {
  const [run, ...prints] = rests(all, 'was ');
  const known = run === `run ${invocation}` ? prints : [];
  const record = new Map(known.map((line) => halves(line, ' ').reverse() as [string, string]));
  return rests(all, 'is ').some((line) => {
    const [changed, rest] = halves(line, ' ');
    const [hash, path] = halves(rest, ' ');
    const before = record.get(path);
    return before === undefined ? changed !== '0' && !(Number(changed) * 1000 < began) : before !== hash;
  });
}

const rests = (all: readonly string[], word: string): string[] =>
  all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));

function halves(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function desired({ state, enabled }: Args, current: ServiceState | null): Partial<ServiceState> | null {
  // A service that does not exist is stopped.
  if (current === null && state === 'stopped' && enabled !== true) return null;
  return {
    // What failed does not run either.
    state: state === 'stopped' && current?.state === 'failed' ? 'failed' : state,
    ...(enabled === undefined ? {} : { enabled }),
    stale: false,
    outdated: false,
  };
}

function steps(change: Change<ServiceState>, given: Args): Step[] {
  const { name, state, enabled, stable_seconds } = given;
  const before = change.kind === 'create' ? null : change.before;
  const changed = (field: string) => change.kind !== 'update' || change.fields.includes(field as keyof ServiceState);
  const running = before !== null && before.state !== 'stopped' && before.state !== 'failed';
  const seconds = before?.state === 'restarting' ? Math.max(stable_seconds, CRASH_SECONDS) : stable_seconds;
  const script = lines(
    sh`unit=${unitOf(name)}
${raw(SYSTEMD_SHELL)}`,
    changed('outdated') && sh`systemctl daemon-reload || exit`,
    sh`known`,
    changed('enabled') && enabled === true && sh`enable`,
    changed('enabled') && enabled === false && sh`systemctl disable -q -- "$unit" || exit`,
    changed('state') &&
      state === 'stopped' &&
      sh`systemctl stop -- "$unit" || broken "$unit did not stop"; rm -f "$record"`,
    (changed('state') || changed('stale')) &&
      state === 'started' &&
      sh`bring ${running ? 'restart' : 'start'} ${[seconds, ...settingsOf(given)]}`,
  );
  return [{ script, timeout: 600 + seconds }];
}
