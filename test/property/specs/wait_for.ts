import fc from 'fast-check';
import { type Sh, sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

/** A socket of systemd is a port that takes connections on any host: what connects starts a `cat` of its own. */
const PORT = 7989;
const FILES = ['/srv/w/a', "/srv/w/it's b"];
const LINES = ['ready in 12 ms', 'busy', '-e x', "it's $HOME", ''];
/** Expression → a text of LINES that it fits, by hand: grep itself must not be asked. */
const FITS: Readonly<Record<string, readonly string[]>> = {
  '^first$': ['first'],
  '^fir|^sec': ['first'],
  '^ready in [0-9]+ ms$': ['ready in 12 ms'],
  'busy|-e': ['busy', '-e x'],
  "it's \\$HOME": ["it's $HOME"],
  '-e x': ['-e x'],
};

const file = fc.constantFrom(...FILES);
const state = fc.constantFrom('present', 'absent');
const brief = { timeout: fc.constant(1), every: fc.constant(0.3) };
const args = fc.oneof(
  fc.record(
    { file, matches: fc.constantFrom(...Object.keys(FITS)), state, ...brief },
    { requiredKeys: ['file', 'timeout', 'every'] },
  ),
  fc.record(
    {
      port: fc.constantFrom(PORT, PORT, PORT + 1, 22),
      host: fc.constantFrom('127.0.0.1', 'localhost'),
      state: fc.constantFrom('present', 'absent', 'drained'),
      ...brief,
    },
    { requiredKeys: ['port', 'timeout', 'every'] },
  ),
);

const deed = fc.oneof(
  fc
    .tuple(file, fc.array(fc.constantFrom(...LINES), { maxLength: 3 }))
    .map(([path, lines]): Sh => sh`[ -d ${path} ] || printf '%s\n' ${['first', ...lines]} >${path}`),
  fc.constant(sh`systemctl start hb-w.socket`),
  file.map((path) => sh`[ -e ${path} ] || mkdir ${path}`),
);

export default defineSpec({
  module: 'wait_for',
  prepare: sh`printf '[Socket]\nListenStream=127.0.0.1:${PORT}\nAccept=yes\n' >/etc/systemd/system/hb-w.socket
printf '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n' >/etc/systemd/system/hb-w@.service
systemctl daemon-reload`,
  fresh: 'systemctl stop hb-w.socket 2>/dev/null; rm -rf /srv/w; mkdir -p /srv/w',
  before: fc.array(deed, { minLength: 2, maxLength: 7 }),
  args,
  refusesLate: ['WAIT_TIMEOUT'],
  sees: (given) => {
    const absent = given.state === 'absent';
    if ('port' in given && given.state === 'drained')
      return sh`[ "$(ss -Htn state connected "( sport = :"${given.port}" )" | wc -l)" = 0 ]`;
    if ('port' in given)
      return sh`case $(systemctl is-active hb-w.socket) in active) open=yes ;; *) open= ;; esac
case ${given.port} in 22) open=yes ;; ${PORT}) ;; *) open= ;; esac
[ "\${open:-no}" = ${absent ? 'no' : 'yes'} ]`;
    const lines = 'matches' in given && given.matches !== undefined ? (FITS[given.matches] ?? []) : undefined;
    const there = sh`there=no
if [ -e ${given.file} ]; then there=yes; fi`;
    const fitting =
      lines === undefined
        ? sh`:`
        : sh`if [ -f ${given.file} ]; then
  there=no
  while IFS= read -r line; do
    for wanted in ${lines}; do [ "$line" != "$wanted" ] || there=yes; done
  done <${given.file}
else
  there=no
fi`;
    return [there, fitting, sh`[ "$there" = ${absent ? 'no' : 'yes'} ]`].join('\n');
  },
  cleanup: sh`systemctl stop hb-w.socket; rm -rf /srv/w /etc/systemd/system/hb-w*; systemctl daemon-reload`,
});
