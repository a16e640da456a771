import { HailbookError } from '../../engine/errors.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { lookInScope, MANAGER } from '../_systemd/scope.ts';
import { HASH_OF } from '../_systemd/shell.ts';
import { definitionOf, ownDefinitionOf, unitOf } from '../_systemd/unit.ts';
import { type Args, textOf } from './args.ts';

export type ServiceState = {
  /** `started`, `stopped`; also `starting`, `restarting` (systemd tries again and again), `stopping` and `failed`. */
  readonly state: string;
  readonly enabled: boolean;
  readonly masked: boolean;
  /** It runs with other content than the files of `restart_on`, or with another definition, than there is now. */
  readonly stale: boolean;
  /** systemd has not read the unit's file or its drop-ins as they are now. */
  readonly outdated: boolean;
  /** SHA-256 of its file where a text is asked for; with its owner and mode when they are not as they must be; else empty. */
  readonly unit: string;
  /** Of a unit of an account: does that have its systemd also while it is not logged in? */
  readonly linger: boolean;
  /** Units that run and can start this one, where it is to be stopped. */
  readonly triggered_by: readonly string[];
};

/**
 * A service that crashes less often than systemd's limit (five times in ten seconds) is active most of the time, so one look
 * cannot tell. What systemd restarted by itself within so many seconds therefore still has to show that it stays.
 */
export const CRASH_SECONDS = 60;

/** Is it to be restarted when it runs with what is not there any more? `enabled` alone, say, restarts nothing. */
export const followsFiles = (given: Args): boolean =>
  given.state === 'started' ||
  (given.state === undefined && [given.restart_on, given.unit, given.unit_src].some((asked) => asked !== undefined));

/** Words for the shell: what the playbook names and how this host's administrator defines the unit, not what packages bring. */
export function settingsOf({ name, user, restart_on = [] }: Args): Sh {
  const unit = unitOf(name);
  const known = sh`${[...new Set([...restart_on, ...definitionOf(unit, user)])]}`;
  if (user === undefined) return known;
  return [known, ...ownDefinitionOf(unit).map((path) => sh`"$h"/${path}`)].join(' ') as Sh;
}

/** The unit's own file, as a word for the shell. */
export const fileOf = ({ name, user }: Args): Sh =>
  user === undefined ? sh`/etc/systemd/system/${unitOf(name)}` : sh`"$h"/${ownDefinitionOf(unitOf(name))[0] ?? ''}`;

const PROPERTIES =
  'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,DropInPaths,ExecMainStartTimestamp,InactiveExitTimestamp,NRestarts,InvocationID,TriggeredBy';

/** What the probe runs. */
export function look(given: Args): Sh {
  const { name, user, state } = given;
  const unit = unitOf(name);
  const file = raw(fileOf(given));
  const scope = user === undefined ? [] : ['--user'];
  const shown = sh`shown=$(TZ=UTC systemctl ${[...scope, 'show', '-p', PROPERTIES, '--', unit]}) || exit
printf '%s\n' "$shown"`;
  return lookInScope(
    user,
    lines(
      HASH_OF,
      user === undefined
        ? shown
        : sh`if ${raw(MANAGER)}; then ${raw(shown)}
else
  # Without its systemd no unit of the account runs; which start with it, the links say.
  printf 'LoadState=none\nActiveState=inactive\n'
  for link in "$h"/.config/systemd/user/*.wants/${unit}; do [ ! -L "$link" ] || echo UnitFileState=enabled; done
fi`,
      sh`date +now=%s
[ ! -f ${file} ] || [ -L ${file} ] || printf 'override=%s\n' ${file}
for file in ${file}.d/*.conf; do
  [ ! -f "$file" ] || printf 'drop-in %s\n' "$file"
done`,
      // Of a script of System V only its own tool knows.
      user === undefined &&
        sh`case $shown in *UnitFileState=generated*) printf 'sysv=%s\n' "$(systemctl is-enabled -- ${unit} 2>/dev/null)" ;; esac`,
      textOf(given) &&
        sh`if [ -L ${file} ]; then echo text=link; elif [ -f ${file} ]; then
  stat -c 'text=%a %U' -- ${file} && sha256sum <${file} | sed 's/^/sha256=/' || exit
fi`,
      state === 'stopped' &&
        sh`for other in $(printf '%s\n' "$shown" | sed -n 's/^TriggeredBy=//p'); do
  ! systemctl ${[...scope, 'is-active', '-q', '--']} "$other" || printf 'trigger %s\n' "$other"
done`,
      followsFiles(given) && settingsNow(given),
    ),
  );
}

function settingsNow(given: Args): Sh {
  const unit = unitOf(given.name);
  const record =
    given.user === undefined
      ? sh`/run/hailbook/restart_on/${unit}`
      : sh`"$XDG_RUNTIME_DIR"/hailbook/restart_on/${unit}`;
  return sh`[ ! -f ${raw(record)} ] || sed 's/^/was /' ${raw(record)} || exit
for file in ${raw(settingsOf(given))}; do
  hash_of "$file"
  changed=$(stat -L -c %Z -- "$file" "$file"/* 2>/dev/null | sort -n | tail -n 1)
  printf 'is %s %s %s\n' "\${changed:-0}" "$hash" "$file"
done`;
}

/** What the probe printed, as a state; null when there is no such unit, or no such account. */
export function parse(stdout: string, { user, stable_seconds = 0 }: Args): ServiceState | null {
  const all = stdout.split('\n');
  if (all[0] === 'missing') return null;
  const property = new Map(all.map((line) => halves(line, '=')));
  const of = (name: string) => property.get(name) ?? '';
  if (of('LoadState') === '') throw new HailbookError('PROBE_FAILED', `systemctl show printed: ${stdout}`);
  // An account is there, and whether it lingers is a part of the state, also without the unit.
  if (user === undefined && of('LoadState') === 'not-found' && of('ActiveState') === 'inactive') return null;
  // Of a timer or a socket, which is no process, the time at which it was started.
  const began = Date.parse(of('ExecMainStartTimestamp') || of('InactiveExitTimestamp'));
  const running = stateOf(of('ActiveState'), of('SubState'));
  const crashed =
    Number(of('NRestarts')) > 0 && Number(of('now')) - began / 1000 < Math.max(stable_seconds, CRASH_SECONDS);
  const state = running === 'started' && crashed ? 'restarting' : running;
  const outdated = isOutdated(all, of);
  const runs = state === 'started' || state === 'starting';
  return {
    state,
    enabled: ['enabled', 'alias'].includes(of('sysv') || of('UnitFileState')),
    masked: of('UnitFileState').startsWith('masked') || of('LoadState') === 'masked',
    // A definition that systemd has not read is not the one that it was started with.
    stale: runs && (outdated || isStale(all, of('InvocationID'), began)),
    outdated,
    unit: textNow(of, user ?? 'root'),
    linger: of('linger') === 'yes',
    triggered_by: rests(all, 'trigger '),
  };
}

function textNow(of: (name: string) => string, owner: string): string {
  const [sha256 = ''] = of('sha256').split(' ');
  return of('text') === `644 ${owner}` ? sha256 : [sha256, of('text')].filter((word) => word !== '').join(' ');
}

/** systemd tells by itself, except of a file or a folder that was not there at all when it looked last (v252). */
function isOutdated(all: readonly string[], of: (name: string) => string): boolean {
  const override = of('override');
  const read = of('DropInPaths').replace(/\\(.)/g, '$1');
  return (
    of('NeedDaemonReload') === 'yes' ||
    (override !== '' && override !== of('FragmentPath') && of('LoadState') !== 'none') ||
    rests(all, 'drop-in ').some((file) => !read.includes(file) && of('LoadState') !== 'none')
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
