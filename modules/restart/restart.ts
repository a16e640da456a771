import { type Static, Type } from 'typebox';
import { defineAction, type Step } from '../../engine/plan/contract.ts';
import { lines, sh } from '../../engine/plan/sh.ts';
import { doInScope } from '../_systemd/scope.ts';
import { SYSTEMD_SHELL, systemdFailure } from '../_systemd/shell.ts';
import { StableSeconds, StartTimeout, UnitAccount, UnitName, unitKey, unitOf } from '../_systemd/unit.ts';

const args = Type.Object({
  service: UnitName('The unit; without a suffix it is a service.'),
  mode: Type.Enum(['restart', 'reload'], {
    default: 'restart',
    description: '`reload`: it reads its settings again and goes on; one that does not run is started.',
  }),
  user: UnitAccount,
  daemon_reload: Type.Boolean({
    default: false,
    description:
      'systemd reads all unit files again before, and what is made of others (`/etc/fstab`). Of the unit itself it does when that is needed.',
  }),
  stable_seconds: StableSeconds,
  timeout: StartTimeout,
});
type Args = Static<typeof args>;

type RestartResult = { readonly unit: string; readonly mode: string };

/** A restart or reload, for handlers. */
export const restart = defineAction<typeof args, RestartResult>({
  name: 'restart',
  description: 'Restarts or reloads a service and waits until it is active and stays so; meant for handlers.',
  args,
  touches: ({ service, user, daemon_reload }) => ({ writes: daemon_reload ? ['*'] : [unitKey(service, user)] }),
  run,
  result: (_, { service, mode }) => ({ unit: unitOf(service), mode }),
  changes: () => true,
  failure: (output, { service, user }) => systemdFailure(output, unitOf(service), user),
});

function run({ service, mode, user, daemon_reload, stable_seconds, timeout }: Args): Step[] {
  const unit = unitOf(service);
  const script = lines(
    sh`unit=${unit} account=${user ?? ''} limit=${timeout}`,
    SYSTEMD_SHELL,
    daemon_reload && sh`ctl daemon-reload || exit`,
    sh`known
verb=${mode}`,
    mode === 'reload' && sh`ctl is-active -q -- "$unit" || verb=start`,
    // What `service` noted of the files in its restart_on is noted anew, or it would restart once more.
    sh`[ ! -f "$record" ] || files=$(sed 1d "$record" | cut -d ' ' -f 2-)
set -f
IFS='
'
set -- $files
unset IFS
bring "$verb" ${stable_seconds ?? ''} "$@"`,
  );
  return [{ script: doInScope(unit, user, script), timeout: 3 * timeout + (stable_seconds ?? 0) + 120 }];
}
