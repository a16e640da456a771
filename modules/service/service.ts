import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step, type Touches } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { SYSTEMD_SHELL, systemdFailure } from '../_systemd/shell.ts';
import { StableSeconds, UnitName, unitOf } from '../_systemd/unit.ts';

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
        'Files that it reads when it starts. It is restarted when it runs with other content than they have now.',
    }),
  ),
  stable_seconds: StableSeconds,
});
type Args = Static<typeof args>;

type ServiceState = {
  /** Also `starting`, `restarting` (systemd tries again and again), `stopping` and `failed`. */
  readonly state: string;
  readonly enabled: boolean;
  /** It runs with other content than the files of `restart_on` have now. */
  readonly stale: boolean;
  /** systemd has not read the unit's file as it is now. */
  readonly outdated: boolean;
};

/** A systemd unit. */
export const service = defineResource<typeof args, ServiceState>({
  name: 'service',
  description:
    'A systemd service that runs (or does not), starts at boot (or does not), with the settings as they are now.',
  args,
  touches,
  probe: (given) => ({ script: look(given), parse }),
  desired,
  steps,
  failure: systemdFailure,
});

function touches({ name, restart_on = [] }: Args): Touches {
  const unit = unitOf(name);
  const files = ['/etc', '/run', '/usr/lib', '/lib'].map((root) => `${root}/systemd/system/${unit}`);
  return {
    reads: [...[...files, `/etc/systemd/system/${unit}.d`, ...restart_on].map((path) => `file:${path}` as const)],
    writes: [`unit:${unit}`],
  };
}

function look({ name, restart_on = [] }: Args): Sh {
  const unit = unitOf(name);
  return lines(
    sh`TZ=UTC systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,ExecMainStartTimestamp -- ${unit} || exit`,
    sh`[ ! -f /etc/systemd/system/${unit} ] || [ -L /etc/systemd/system/${unit} ] || echo override=/etc/systemd/system/${unit}`,
    restart_on.length > 0 &&
      sh`[ ! -f /run/hailbook/restart_on/${unit} ] || sed 's/^/was /' /run/hailbook/restart_on/${unit} || exit
for file in ${restart_on}; do
  if [ -f "$file" ]; then changed=$(stat -L -c %Z -- "$file") && hash=$(sha256sum <"$file") || exit; else changed=0 hash=absent; fi
  printf 'is %s %s %s\n' "$changed" "\${hash%% *}" "$file"
done`,
  );
}

function parse(stdout: string): ServiceState | null {
  const all = stdout.split('\n');
  const property = new Map(all.map((line) => halves(line, '=')));
  const of = (name: string) => property.get(name) ?? '';
  if (of('LoadState') === '') throw new HailbookError('PROBE_FAILED', `systemctl show printed: ${stdout}`);
  if (of('LoadState') === 'not-found' && of('ActiveState') === 'inactive') return null;
  const state = stateOf(of('ActiveState'), of('SubState'));
  const override = property.get('override');
  return {
    state,
    enabled: ['enabled', 'alias'].includes(of('UnitFileState')),
    stale: state === 'started' && isStale(all, Date.parse(of('ExecMainStartTimestamp'))),
    outdated: of('NeedDaemonReload') === 'yes' || (override !== undefined && override !== of('FragmentPath')),
  };
}

function stateOf(active: string, sub: string): string {
  if (active === 'active' || active === 'reloading' || active === 'refreshing') return 'started';
  if (active === 'inactive') return 'stopped';
  if (active === 'activating') return sub === 'auto-restart' ? 'restarting' : 'starting';
  return active === 'deactivating' ? 'stopping' : active;
}

/**
 * Without a record, a file that was changed after the process began. Its ctime, because an archive brings old mtimes along;
 * both times count in whole seconds, so the same second is late enough to be sure.
 */
function isStale(all: readonly string[], started: number): boolean {
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const record = new Map(rests('was ').map((line) => halves(line, ' ').reverse() as [string, string]));
  return rests('is ').some((line) => {
    const [changed, rest] = halves(line, ' ');
    const [hash, path] = halves(rest, ' ');
    const before = record.get(path);
    return before === undefined ? hash !== 'absent' && !(Number(changed) * 1000 < started) : before !== hash;
  });
}

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

function steps(change: Change<ServiceState>, { name, state, enabled, restart_on = [], stable_seconds }: Args): Step[] {
  const before = change.kind === 'create' ? null : change.before;
  const changed = (field: string) => change.kind !== 'update' || change.fields.includes(field as keyof ServiceState);
  const running = before !== null && before.state !== 'stopped' && before.state !== 'failed';
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
      sh`bring ${running ? 'restart' : 'start'} ${[stable_seconds, ...restart_on]}`,
  );
  return [{ script, timeout: 600 + stable_seconds }];
}
