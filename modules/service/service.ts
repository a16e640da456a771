import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Explanation, type Step, type Touches } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { writeFile } from '../_file/steps.ts';
import { doInHome, doInScope, makeLinger } from '../_systemd/scope.ts';
import { MASKED_HINT, SYSTEMD_SHELL, systemdFailure } from '../_systemd/shell.ts';
import { definitionOf, ownDefinitionOf, unitKey, unitOf } from '../_systemd/unit.ts';
import { type Args, args, textOf } from './args.ts';
import { CRASH_SECONDS, fileOf, followsFiles, look, parse, type ServiceState, settingsOf } from './look.ts';

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
  explain,
  failure: (output, { name, user }) => systemdFailure(output, unitOf(name), user),
  warnings,
});

function touches(given: Args): Touches {
  const { name, user, restart_on = [] } = given;
  const unit = unitOf(name);
  const own = user === undefined ? [] : ownDefinitionOf(unit).map((path) => `~${user}/${path}`);
  const area = user === undefined ? 'system' : 'user';
  const files = ['/run', '/usr/lib', '/lib'].map((root) => `${root}/systemd/${area}/${unit}`);
  return {
    reads: [
      ...[...definitionOf(unit, user), ...own, ...files, ...restart_on].map((path) => `file:${path}` as const),
      ...(user === undefined ? [] : [`user:${user}` as const]),
    ],
    writes: [unitKey(name, user), ...(textOf(given) === undefined ? [] : [`file:${pathOf(given)}` as const])],
  };
}

/** Of the unit's own file, for people: where a home is, only the host knows. */
const pathOf = ({ name, user }: Args): string =>
  user === undefined ? `/etc/systemd/system/${unitOf(name)}` : `~${user}/${ownDefinitionOf(unitOf(name))[0]}`;

function desired(given: Args, current: ServiceState | null): Partial<ServiceState> | null {
  const { state, enabled, masked, linger } = given;
  const text = textOf(given);
  // What does not exist is stopped, and nothing starts it.
  if (current === null && state !== 'started' && !enabled && !masked && !linger && !text) return null;
  return {
    // What failed does not run either.
    ...(state === undefined ? {} : { state: state === 'stopped' && current?.state === 'failed' ? 'failed' : state }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(masked === undefined ? {} : { masked }),
    ...(linger === undefined ? {} : { linger }),
    ...(text === undefined ? {} : { unit: text.sha256 }),
    ...(followsFiles(given) ? { stale: false } : {}),
    outdated: false,
  };
}

function steps(change: Change<ServiceState>, given: Args): Step[] {
  const { name, state, enabled, masked, user, linger, timeout, stable_seconds = 0 } = given;
  const before = change.kind === 'create' ? null : change.before;
  refuseMasked(before, given);
  refuseTransient(before, given);
  const changed = (field: keyof ServiceState) => change.kind !== 'update' || change.fields.includes(field);
  const text = changed('unit') ? textOf(given) : undefined;
  const unit = unitOf(name);
  const enables = enabled === true && (changed('enabled') || text !== undefined);
  const disables = enabled === false && before?.enabled === true;
  const stops = state === 'stopped' && changed('state') && before !== null;
  // A file that only had another mode is what it was started with.
  const renewed = text !== undefined && before?.unit.split(' ')[0] !== text.sha256;
  const renews = followsFiles(given) && isUp(before) && (changed('stale') || renewed);
  const brings = renews || (state === 'started' && changed('state'));
  const work = [
    (changed('outdated') || text !== undefined) && sh`ctl daemon-reload || exit`,
    (enables || disables || stops || brings) && sh`known`,
    enables && sh`enable ${text === undefined ? 'enable' : 'reenable'}`,
    disables && sh`disable`,
    stops && sh`turn stop; rm -f "$record"`,
    brings && bring(given, before, renewed),
    masked === true && changed('masked') && sh`mask`,
  ].filter((script) => script !== false);
  // Whether an account has its systemd does not matter to a text that it will read when it starts.
  const optional = !(enables || disables || stops || brings || masked === true);
  const script = lines(sh`unit=${unit} account=${user ?? ''} limit=${timeout}`, SYSTEMD_SHELL, ...work);
  return [
    ...(user !== undefined && linger !== undefined && changed('linger') ? [{ script: makeLinger(user, linger) }] : []),
    ...(masked === false && before?.masked ? [{ script: doInScope(unit, user, unmask(unit, user)) }] : []),
    ...(text === undefined ? [] : [write(given, text.text)]),
    ...(work.length === 0
      ? []
      : [
          {
            script: doInScope(unit, user, script, optional),
            timeout: 3 * timeout + stable_seconds + 2 * CRASH_SECONDS,
          },
        ]),
  ];
}

const isUp = (before: ServiceState | null): before is ServiceState =>
  before !== null && before.state !== 'stopped' && before.state !== 'failed';

/** Starts or restarts it. One that is starting already, with what is there now, is only waited for. */
function bring(given: Args, before: ServiceState | null, renewed: boolean): Sh {
  const { stable_seconds } = given;
  const joins = before?.state === 'starting' && !before.stale && !renewed;
  const verb = isUp(before) && !joins ? 'restart' : 'start';
  const seconds = before?.state === 'restarting' ? Math.max(stable_seconds ?? 0, CRASH_SECONDS) : stable_seconds;
  // What it read when it was started is not known now, so nothing is noted.
  const files = joins ? sh`` : settingsOf(given);
  return sh`lasting
bring ${verb} ${seconds ?? ''} ${raw(files)}`;
}

function unmask(unit: string, user: string | undefined): Sh {
  const scope = user === undefined ? [] : ['--user'];
  return sh`systemctl ${[...scope, 'unmask', '-q', '--', unit]} && systemctl ${[...scope, '--runtime', 'unmask', '-q', '--', unit]}`;
}

/** The unit's file; an account's own is written by that account, in its home. */
function write(given: Args, text: string | Uint8Array): Step {
  const { user } = given;
  if (user === undefined) return writeFile(pathOf(given), text, { owner: 'root', group: 'root', mode: '0644' });
  const file = raw(fileOf(given));
  const script = sh`${raw(FILE_SHELL)}
file=${file}
settle "\${file%/*}" folder '' '' '' && settle "$file" put 0644 '' '' cat`;
  return { script: doInHome(user, script), stdin: text };
}

function explain(change: Change<ServiceState>, given: Args): Explanation | null {
  const text = textOf(given);
  if (text === undefined || (change.kind === 'update' && !change.fields.includes('unit'))) return null;
  const file = raw(fileOf(given));
  const before = sh`[ ! -f ${file} ] || [ -L ${file} ] || cat <${file}`;
  return {
    path: pathOf(given),
    before: given.user === undefined ? before : doInHome(given.user, before),
    after: text.text,
  };
}

/** @throws HailbookError SERVICE_FAILED: somebody masked it so that nothing starts it, and the task does not say otherwise */
function refuseMasked(before: ServiceState | null, { name, state, enabled, masked, unit, unit_src }: Args): void {
  if (!before?.masked || masked !== undefined) return;
  const asked = [state === 'started', enabled, unit !== undefined, unit_src !== undefined];
  if (!asked.some((wish) => wish === true)) return;
  throw new HailbookError('SERVICE_FAILED', `${unitOf(name)} is masked`, { hint: MASKED_HINT });
}

/** @throws HailbookError SERVICE_FAILED: it would end with the session in which it was started */
function refuseTransient(before: ServiceState | null, { name, state, user, linger }: Args): void {
  if (user === undefined || state !== 'started' || before === null || before.linger || linger !== undefined) return;
  throw new HailbookError(
    'SERVICE_FAILED',
    `${unitOf(name)} would end when ${user} logs out: ${user} does not linger`,
    {
      hint: 'write `linger: true`, or `linger: false` if that is how it is meant',
    },
  );
}

function warnings(current: ServiceState | null, { name, state, enabled, user, linger }: Args): string[] {
  const unit = unitOf(name);
  const others = state === 'stopped' ? (current?.triggered_by ?? []) : [];
  const onLogin = user !== undefined && enabled === true && linger !== true && current?.linger === false;
  return [
    ...others.map((other) => `${other} can start ${unit} again: it runs`),
    ...(onLogin ? [`${unit} starts when ${user} logs in, not when the host boots: ${user} does not linger`] : []),
  ];
}
