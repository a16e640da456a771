import { type Static, Type } from 'typebox';
import { defineAction, type Probe } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';

const args = Type.Object({
  required_only: Type.Boolean({
    description:
      'Only when the host says that it wants one: /run/reboot-required is there, as Debian has it after a new kernel.',
    default: false,
  }),
  message: Type.String({
    description: 'What those who are logged in are told.',
    default: 'hailbook reboots this host',
    pattern: '^[^\\n\\0]*$',
  }),
  delay: Type.Integer({ description: 'Seconds between the word and the deed.', minimum: 1, maximum: 600, default: 1 }),
  timeout: Type.Integer({
    description: 'Seconds until it must be back and ready.',
    minimum: 10,
    maximum: 7200,
    default: 600,
  }),
  ready: Type.Array(Type.String(), {
    description: 'A command that exits 0 when the host is ready; else when systemd has started all it has to.',
    default: [],
  }),
});
type Args = Static<typeof args>;

/** Restarts the host and waits until it is back. Everything that was known of it is asked anew. */
export const reboot = defineAction<typeof args, { readonly rebooted: boolean }>({
  name: 'reboot',
  description: 'Restarts the host and waits until it is back.',
  args,
  touches: () => ({ writes: ['*'] }),
  guard,
  // In the background, so that we hear that it was begun; `shutdown` counts in minutes.
  run: ({ delay, message }) => [
    {
      script: sh`command -v systemctl >/dev/null || command -v reboot >/dev/null || { echo "hailbook: there is neither systemctl nor reboot" >&2; exit 1; }
if command -v wall >/dev/null; then echo ${message} | wall 2>/dev/null; fi
setsid sh -c 'sleep "$1"; systemctl reboot || reboot' sh ${delay} >/dev/null 2>&1 </dev/null &`,
    },
  ],
  result: () => ({ rebooted: true }),
  changes: () => true,
  absence: ({ timeout, delay, ready }) => ({
    // A container shares its kernel, and so the id of the boot, with others; but process 1 is a new one.
    identity: sh`cat /proc/sys/kernel/random/boot_id && s=$(cat /proc/1/stat) && set -- \${s##*) } && shift 19 && echo "$1"`,
    ready:
      ready.length > 0
        ? sh`${ready}`
        : sh`! command -v systemctl >/dev/null || case $(systemctl is-system-running) in running | degraded) ;; *) systemctl list-jobs --no-legend | head -n 3; exit 1 ;; esac`,
    seconds: timeout + delay,
  }),
  failure: ({ stderr }) =>
    stderr.startsWith('hailbook: ') ? { code: 'STEP_FAILED', message: stderr.trim().slice('hailbook: '.length) } : null,
});

function guard({ required_only }: Args): Probe<boolean> | null {
  if (!required_only) return null;
  return {
    script: sh`if [ -e /run/reboot-required ]; then echo due; fi`,
    parse: (stdout) => stdout === '',
  };
}
