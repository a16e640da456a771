import fc from 'fast-check';
import { raw, type Sh, sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

/** What it reads when it starts is written down, so that anybody can see whether it was restarted since. */
const text = (seen: string, seconds: number): string => `[Service]
ExecStart=/bin/sh -c 'cat /etc/hb-p.conf >${seen}; exec sleep ${seconds}'
[Install]
WantedBy=multi-user.target default.target
`;
const HOST = text('/run/hb-p.seen', 4000);
const OWN = text('%t/hb-p.seen', 4000);
const TIMER = '[Timer]\nOnCalendar=yearly\nUnit=hb-p-job.service\n[Install]\nWantedBy=timers.target\n';
const HOME = '/home/hbp/.config/systemd/user';
const USER = sh`runuser -u hbp -- env XDG_RUNTIME_DIR="/run/user/$(id -u hbp)"`;

const wish = {
  state: fc.constantFrom('started', 'stopped'),
  enabled: fc.boolean(),
  stable_seconds: fc.constant(0),
};
const asks = (given: object): boolean =>
  ['state', 'enabled', 'masked', 'unit', 'restart_on'].some((name) => name in given);

/** A unit of a package, which can be masked; one of the administrator; a timer; and one of an account. */
const args = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        {
          name: fc.constant('hb-p'),
          ...wish,
          masked: fc.constant(false),
          unit: fc.constantFrom(HOST, text('/run/hb-p.seen', 5000)),
          restart_on: fc.constant(['/etc/hb-p.conf']),
        },
        { requiredKeys: ['name', 'stable_seconds'] },
      ),
    },
    {
      weight: 2,
      arbitrary: fc.record({ name: fc.constant('hb-p.timer'), ...wish }, { requiredKeys: ['name', 'stable_seconds'] }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        name: fc.constant('hb-p.timer'),
        masked: fc.constant(true),
        state: fc.constant('stopped'),
        enabled: fc.constant(false),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record(
        {
          name: fc.constant('hb-p'),
          user: fc.constant('hbp'),
          ...wish,
          linger: fc.constant(true),
          unit: fc.constantFrom(OWN, text('%t/hb-p.seen', 5000)),
          restart_on: fc.constant(['/etc/hb-p.conf']),
        },
        { requiredKeys: ['name', 'user', 'stable_seconds'] },
      ),
    },
  )
  .filter(asks);
type Args = typeof args extends fc.Arbitrary<infer A> ? A : never;

/** What people do by hand. Each may fail where an earlier one is in its way. */
const deed = fc.constantFrom<Sh>(
  sh`systemctl start hb-p`,
  sh`systemctl enable hb-p`,
  sh`systemctl start hb-p.timer`,
  sh`systemctl enable hb-p.timer`,
  sh`systemctl mask hb-p`,
  sh`systemctl mask --runtime hb-p.timer`,
  sh`echo changed >>/etc/hb-p.conf`,
  sh`systemctl kill -s KILL hb-p; sleep 0.1`,
  sh`printf '[Service]\nNice=5\n' >/run/hb-p.part; mkdir -p /etc/systemd/system/hb-p.service.d; mv /run/hb-p.part /etc/systemd/system/hb-p.service.d/nice.conf`,
  sh`printf %s ${HOST} >/etc/systemd/system/hb-p.service; chmod 666 /etc/systemd/system/hb-p.service`,
  sh`printf %s ${HOST} >/etc/systemd/system/hb-p.service; systemctl daemon-reload; systemctl restart hb-p`,
  sh`${raw(USER)} systemctl --user start hb-p`,
  sh`${raw(USER)} systemctl --user enable hb-p`,
  sh`printf %s ${OWN} >${HOME}/hb-p.service; chown hbp: ${HOME}/hb-p.service`,
);
const deeds = fc.array(deed, { maxLength: 4 }).map((all) => ['exec >/dev/null 2>&1', ...all, ':'].join('\n'));

export default defineSpec<Args>({
  module: 'service',
  prepare: sh`id -u hbp >/dev/null 2>&1 || useradd -m -s /bin/bash hbp`,
  fresh: sh`exec 2>/dev/null
systemctl stop hb-p.timer hb-p
${raw(USER)} systemctl --user stop hb-p
rm -rf /etc/systemd/system/hb-p.* /run/systemd/system/hb-p.* /etc/systemd/system/*.wants/hb-p.* ${HOME} /run/hb-p.* /run/hailbook/restart_on/hb-p*
echo one >/etc/hb-p.conf
printf %s ${HOST} >/lib/systemd/system/hb-p.service
printf %s ${TIMER} >/lib/systemd/system/hb-p.timer
printf '[Service]\nExecStart=/bin/true\n' >/lib/systemd/system/hb-p-job.service
runuser -u hbp -- mkdir -p ${HOME}
printf %s ${OWN} >${HOME}/hb-p.service; chown hbp: ${HOME}/hb-p.service
systemctl daemon-reload; systemctl reset-failed hb-p hb-p.timer
loginctl enable-linger hbp
until [ -S "/run/user/$(id -u hbp)/systemd/private" ]; do sleep 0.1; done
${raw(USER)} systemctl --user daemon-reload
${raw(USER)} systemctl --user reset-failed
:`,
  before: fc.oneof(deeds, args, fc.tuple(args, deeds), fc.tuple(deeds, args, deeds)),
  args,
  // Somebody masked it, and the task does not say that it may be unmasked.
  refuses: ['SERVICE_FAILED'],
  sees: (given) => {
    const { name, state, enabled } = given;
    const own = 'user' in given && given.user !== undefined;
    const systemctl = own ? sh`${raw(USER)} systemctl --user` : sh`systemctl`;
    const asked = 'unit' in given ? given.unit : undefined;
    const follows = name === 'hb-p' && 'restart_on' in given && given.restart_on !== undefined && state !== 'stopped';
    const seen = own ? sh`"/run/user/$(id -u hbp)/hb-p.seen"` : sh`/run/hb-p.seen`;
    const file = own ? `${HOME}/hb-p.service` : '/etc/systemd/system/hb-p.service';
    return sh`set -e
shows() { [ "$(${raw(systemctl)} show -p "$1" --value -- ${name})" = "$2" ]; }
[ ${state ?? ''} != started ] || shows ActiveState active
[ ${state ?? ''} != stopped ] || ! ${raw(systemctl)} is-active -q -- ${name}
[ ${String(enabled)} != true ] || ${raw(systemctl)} is-enabled -q -- ${name}
[ ${String(enabled)} != false ] || ! ${raw(systemctl)} is-enabled -q -- ${name} 2>/dev/null
[ ${String('masked' in given ? given.masked : '')} != true ] || shows LoadState masked
[ ${String('masked' in given ? given.masked : '')} != false ] || shows LoadState loaded
shows NeedDaemonReload no
[ -z ${asked ?? ''} ] || { printf %s ${asked ?? ''} | cmp - ${file} && [ "$(stat -c %a ${file})" = 644 ]; }
if ${follows ? 'true' : 'false'} && shows ActiveState active; then sleep 0.3; cmp /etc/hb-p.conf ${raw(seen)}; fi`;
  },
  cleanup: sh`systemctl stop hb-p.timer hb-p 2>/dev/null
loginctl disable-linger hbp; systemctl stop "user@$(id -u hbp)"; sleep 0.5; userdel -rf hbp 2>/dev/null
rm -rf /etc/systemd/system/hb-p.* /etc/systemd/system/*.wants/hb-p.* /lib/systemd/system/hb-p[.-]* /etc/hb-p.conf /run/systemd/system/hb-p.*
systemctl daemon-reload`,
});
