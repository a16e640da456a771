import { type Static, Type } from 'typebox';
import { defineAction, type Step } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { SYSTEMD_SHELL, systemdFailure } from '../_systemd/shell.ts';
import { StableSeconds, UnitName, unitOf } from '../_systemd/unit.ts';

const args = Type.Object({
  service: UnitName('The unit; without a suffix it is a service.'),
  mode: Type.Enum(['restart', 'reload'], {
    default: 'restart',
    description: '`reload`: it reads its settings again and goes on.',
  }),
  stable_seconds: StableSeconds,
});
type Args = Static<typeof args>;

type RestartResult = { readonly unit: string; readonly mode: string };

/** A restart or reload, for handlers. */
export const restart = defineAction<typeof args, RestartResult>({
  name: 'restart',
  description: 'Restarts or reloads a service and waits until it is active and stays so; meant for handlers.',
  args,
  touches: ({ service }) => ({ writes: [`unit:${unitOf(service)}`] }),
  run,
  result: (_, { service, mode }) => ({ unit: unitOf(service), mode }),
  changes: () => true,
  failure: (output, { service }) => systemdFailure(output, unitOf(service)),
});

function run({ service, mode, stable_seconds }: Args): Step[] {
  // What `service` noted of the files in its restart_on is noted anew, or it would restart once more.
  const script = sh`unit=${unitOf(service)}
${raw(SYSTEMD_SHELL)}
known
[ ! -f "$record" ] || files=$(sed 1d "$record" | cut -d ' ' -f 2-)
set -f
IFS='
'
set -- $files
unset IFS
bring ${mode} ${stable_seconds} "$@"`;
  return [{ script, timeout: 600 + stable_seconds }];
}
