import fc from 'fast-check';
import { sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

/** What it reads when it starts, or when it is told to, is written down: so anybody can see whether it was. */
const UNIT = `[Service]
ExecStart=/bin/sh -c 'cat /etc/hb-r.conf >/run/hb-r.seen; exec sleep 5000'
ExecReload=/bin/sh -c 'cat /etc/hb-r.conf >/run/hb-r.seen'
`;
const FILE = '/etc/systemd/system/hb-r.service';

const args = fc.record(
  {
    service: fc.constantFrom('hb-r', 'hb-r', 'hb-r', 'hb-r.service', 'hb-r.service', 'hb-none'),
    mode: fc.constantFrom('restart', 'reload'),
    stable_seconds: fc.constant(0),
    daemon_reload: fc.boolean(),
  },
  { requiredKeys: ['service', 'stable_seconds'] },
);

const deed = fc.constantFrom(
  'systemctl start hb-r',
  'systemctl start hb-r',
  'systemctl stop hb-r',
  'systemctl reset-failed hb-r',
  'systemctl start hb-r; systemctl kill -s KILL hb-r',
  'systemctl mask --runtime hb-r',
  `printf '[Unit]\\nConditionPathExists=/nowhere\\n' >>${FILE}`,
  `printf '[Service]\\nNonsense=1\\n' >${FILE}`,
  `printf '[Service]\\nNice=5\\n' >>${FILE}`,
  `printf '[Unit]\\nDescription=x\\n' >>${FILE}; systemctl daemon-reload`,
);

export default defineSpec({
  module: 'restart',
  fresh: sh`exec 2>/dev/null
systemctl stop hb-r
rm -rf /etc/systemd/system/hb-r.* /run/systemd/system/hb-r.* /run/hb-r.seen
echo one >/etc/hb-r.conf
printf %s ${UNIT} >${FILE}
systemctl daemon-reload; systemctl reset-failed hb-r
:`,
  before: fc
    .array(deed, { maxLength: 2 })
    .map((deeds) => ['exec >/dev/null 2>&1', ...deeds, 'sleep 0.3; echo two >/etc/hb-r.conf'].join('\n')),
  args,
  refusesLate: ['SERVICE_FAILED'],
  sees: ({ service }) => sh`[ ${service} != hb-none ] && systemctl is-active -q hb-r || exit
[ "$(systemctl show -p NeedDaemonReload --value hb-r)" = no ] || exit
sleep 0.3; cmp /etc/hb-r.conf /run/hb-r.seen`,
  cleanup: sh`systemctl stop hb-r; rm -rf /etc/systemd/system/hb-r.* /run/systemd/system/hb-r.* /etc/hb-r.conf /run/hb-r.seen; systemctl daemon-reload`,
});
