import { HailbookError } from '../errors.ts';
import { type Sh, sh } from '../plan/sh.ts';
import type { HostLock, Reply, WireRecord } from './connection.ts';

/*
 * The lock is flock(2) on a file that the shell's loop holds open as descriptor 9 (protocol.ts), in /run/hailbook for root and in
 * ~/.local/state/hailbook for others. The kernel lets go of it when the shell and what it runs have ended, so none is left by a reboot
 * or a kill. Beside it: `holder`, who holds it, and `doing`, `busy <what>` or `idle`, touched by signs of life.
 */

/** Seconds between signs of life of a shell that holds a lock. */
export const SIGN_OF_LIFE = 15;
/** Minutes without one until a shell that does nothing counts as forgotten: its controller's network is gone. */
const FORGOTTEN = 1;
/** Seconds for a run that has just ended to let go. */
const LEAVING = 2;
/** Seconds that what a dead run left working may take: more than any step may. */
const LEFTOVER_TIMEOUT = 4 * 3600;
/** Exit code of the script: another run, alive, has it. */
const BUSY = 1;

/** A record that takes the host's lock or fails. Its output is for `lockAnswer`. */
export function lockRecord(lock: HostLock, doing: string): WireRecord {
  return { script: takeLock(lock, doing), group: -1, locks: true, timeout: LEFTOVER_TIMEOUT + lock.wait };
}

/**
 * Waits for what a run that is dead left working, ends a shell that its controller has forgotten, and gives up on a living one.
 * A run is dead when the process that its session hung from (sshd's, or the controller itself) is gone; a process is known by its
 * start time too, because pids come again.
 */
function takeLock({ holder, run, wait }: HostLock, now: string): Sh {
  return sh`[ -n "$hailbook_folder" ] || { echo nowhere; exit 0; }
cd "$hailbook_folder" || exit
doing() { sed 's/^busy //' doing; }
field() { sed -n "s/^$1=//p" holder 2>/dev/null; }
# After the last ')' of stat, because a process may be called anything: $2 is the parent, $20 the start time.
of() { s=$(cat "/proc/$2/stat" 2>/dev/null) || return 1; s=\${s##*) }; n=$1; set -- $s; shift $((n - 1)); echo "$1"; }
hold() {
  p=$hailbook_pid
  while read -r comm <"/proc/$p/comm"; do
    case $comm in sh | dash | bash | ash | busybox | sudo | su | runuser | timeout) ;; *) break ;; esac
    p=$(of 2 "$p") && [ "$p" -gt 1 ] || break
  done
  printf '%s\n' by=${holder} run=${run} "since=$(date +%s)" "from=\${SSH_CONNECTION%% *}" "session=$p $(of 20 "$p")" "shell=$hailbook_pid" >holder
  printf 'busy %s\n' ${now} >doing
}
try() { flock "$@" 9 && hold; }
try -n && exit
[ "$(field run)" = ${run} ] && exit
try -w ${LEAVING} && exit
session=$(field session) shell=$(field shell)
if [ -n "$session" ] && [ "$(of 20 "\${session% *}")" != "\${session#* }" ]; then
  echo "waiting for what $(field by) left working: $(doing)"
  try -w ${LEFTOVER_TIMEOUT} && exit
elif [ -n "$shell" ] && grep -q '^idle' doing && [ -n "$(find doing -mmin +${FORGOTTEN})" ]; then
  echo "taken over from $(field by), who has not been heard of for $(($(date +%s) - $(stat -c %Y doing))) s"
  kill "$shell"
  try -w 10 && exit
elif [ ${wait} -gt 0 ]; then
  echo "waiting for $(field by): $(doing)"
  try -w ${wait} && exit
fi
echo "held=$(field since) $(field from) $(date +%s) $(field by)"
echo "doing=$(cat doing)"
exit ${BUSY}`;
}

/**
 * What the record's answer means.
 * @throws HailbookError HOST_LOCKED
 */
export function assertLocked(reply: Reply, label: string, { tell }: HostLock): void {
  if (reply.code === 0) {
    if (reply.stdout.includes('nowhere'))
      tell('there is no place for a lock on the host, so other runs are not kept away');
    return;
  }
  const [, since, from, now, by] = /^held=(\d*) (\S*) (\d+) (.*)$/m.exec(reply.stdout) ?? [];
  if (reply.code !== BUSY || now === undefined)
    throw new HailbookError('HOST_LOCKED', `the lock of ${label} cannot be taken: ${reply.stderr.trim()}`, {
      hint: 'flock (of util-linux) must be there, and /run writable for root.',
    });
  const [, doing] = /^doing=busy (.+)$/m.exec(reply.stdout) ?? [];
  const who = `${by || 'another run'}${from ? ` (from ${from})` : ''}`;
  const begun = since ? `, begun ${ago(Number(now) - Number(since))}` : '';
  const what = doing ? `, now at "${doing}"` : '';
  throw new HailbookError('HOST_LOCKED', `${label} is being changed by ${who}${begun}${what}`, {
    hint: 'Wait for it, or let this run wait: --lock-timeout SECONDS. The lock of a run that died is recognised by itself.',
  });
}

const ago = (seconds: number): string => (seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`);
