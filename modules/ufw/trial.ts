import type { Trial } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

/** From the end of the change until the host takes it back. */
const SECONDS = 30;
/** Until then the change must have begun: as long as a step may take, and the look before it. */
const BEGUN = 1260;

/*
 * $trial, which only root can read: what the firewall was (`etc/…`, and `active` when the kernel had it), `by`, the connection that
 * changes it, `end`, in seconds since the host was started (the wall clock may jump), and `changed` as soon as there is something to
 * take back. It is on the disk, because the new rules are too: a reboot must not make them those that hold.
 * Whoever changes or takes back has the lock on $home.
 */
const PLACES = sh`home=/var/lib/hailbook/ufw
trial=$home/trial
unit=/etc/systemd/system/hailbook-ufw.service
wanted=/etc/systemd/system/sysinit.target.wants/hailbook-ufw.service
alone() { exec 7<"$home" && flock -w 60 7; }
over() {
  rm -f -- "$wanted" "$unit"
  # At once, because half a folder would be taken for a whole one.
  mv -T -- "$trial" "$trial.over" && rm -rf -- "$trial.over"
}`;

/** The host's own clock, and what a reboot meets instead: `undo clock`, `undo boot`. */
const UNDO = sh`${raw(PLACES)}
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
exec 7<"$home" || exit
# The lock is waited for without an end: a change that is being made ends.
while flock 7 && [ -d "$trial" ] && [ "$1" = clock ]; do
  read -r end <"$trial/end"
  read -r up _ </proc/uptime
  [ "\${up%%.*}" -lt "$end" ] || break
  flock -u 7
  sleep 1
done
[ -d "$trial" ] || exit 0
[ -e "$trial/changed" ] || { over; exit; }

put() { cp -a -- "$trial$1" "\${1%/*}/.\${1##*/}.hailbook" && mv -f -- "\${1%/*}/.\${1##*/}.hailbook" "$1"; }
files() {
  for link in /etc/systemd/system/ufw.service /etc/systemd/system/*.wants/ufw.service; do
    [ ! -L "$link" ] || [ -L "$trial$link" ] || rm -f -- "$link"
  done
  (cd "$trial" && find ./etc ! -type d) | while read -r file; do put "\${file#.}" || exit; done
}
# What the kernel had. Where the disk takes nothing, its chains come from the copy.
kernel() {
  [ -e "$trial/active" ] || { /lib/ufw/ufw-init force-stop; return; }
  if [ $1 = 0 ]; then
    for _ in 1 2 3; do ufw reload && return; sleep 2; done
  fi
  iptables-restore -w 10 -n <"$trial/etc/ufw/user.rules"
  ip6tables-restore -w 10 -n <"$trial/etc/ufw/user6.rules"
}
files
failed=$?
[ "$1" = boot ] || kernel $failed >/dev/null 2>&1 7<&-
logger -t hailbook 'the last change of the firewall was taken back: nobody could say that the host is still reached'
[ $failed = 0 ] || exit
date -u +%Y-%m-%dT%H:%M:%SZ >"$home/taken_back"
over`;

/** A boot in the middle of a trial puts the files back before ufw reads them. */
const UNIT = `[Unit]
Description=Take back a change of the firewall that nobody has kept (hailbook)
DefaultDependencies=no
RequiresMountsFor=/etc/ufw /etc/default /etc/systemd/system /var/lib/hailbook
After=systemd-remount-fs.service local-fs.target
Before=ufw.service network-pre.target
ConditionPathExists=/var/lib/hailbook/ufw/trial

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/hailbook/ufw/trial/undo boot
`;

/** `held` before the first thing that is changed, `armed` after the last. */
export const TRIAL_SHELL = sh`${raw(PLACES)}
armed() { read -r up _ </proc/uptime && echo $((\${up%%.*} + ${SECONDS})) >"$trial/end"; }
held() {
  alone || refuse STEP_FAILED 'the firewall stays locked by another run'
  # The clock may have been faster.
  [ -d "$trial" ] || refuse STEP_FAILED 'the host has given up waiting for this change; run it again'
  : >"$trial/changed" && armed && sync -f -- "$trial"
}
kept() {
  [ -d "$home" ] && alone && [ -d "$trial" ] || refuse TAKEN_BACK "the host has taken the firewall's change back"
  over
  rm -f -- "$home/taken_back"
}`;

const BEGIN = sh`${raw(REFUSE)}
${raw(TRIAL_SHELL)}
[ -x /usr/sbin/ufw ] || refuse STEP_FAILED 'ufw is not installed'
(umask 022 && mkdir -p /var/lib/hailbook) && mkdir -p -m 0700 -- "$home" || exit
umask 077
alone || refuse STEP_FAILED 'the firewall stays locked by another run'
seconds=${SECONDS}
# What a run before this one has changed and not kept goes back to where that one began.
if [ ! -e "$trial/changed" ]; then
  seconds=${BEGUN}
  rm -rf -- "$trial" "$trial.new" && mkdir -- "$trial.new" && cd "$trial.new" || exit
  cp -a --parents /etc/ufw /etc/default/ufw . || exit
  for link in /etc/systemd/system/ufw.service /etc/systemd/system/*.wants/ufw.service; do
    [ ! -L "$link" ] || cp -a --parents -- "$link" . || exit
  done
  if grep -q -i '^ENABLED=.*yes' /etc/ufw/ufw.conf && iptables -w 10 -n -L ufw-user-input >/dev/null 2>&1; then : >active; fi
  printf '%s\n' ${UNDO} >undo || exit
  cd / && mv -T -- "$trial.new" "$trial" || exit
fi
printf '%s\n' "$SSH_CONNECTION" >"$trial/by" || exit
read -r up _ </proc/uptime && echo $((\${up%%.*} + seconds)) >"$trial/end" || exit
if [ -d /run/systemd/system ]; then
  umask 022
  printf '%s' ${UNIT} >"$unit" && mkdir -p -- "\${wanted%/*}" && ln -s -f -- "$unit" "$wanted" || exit
  sync -f -- "$unit" && sync -f -- "$trial" || exit
  # A service of its own: what a login leaves may be ended with it.
  systemd-run --quiet --collect --description='Clock of a change of the firewall (hailbook)' /bin/sh "$trial/undo" clock 7<&- || exit
else
  sync -f -- "$trial" || exit
  setsid /bin/sh "$trial/undo" clock </dev/null >/dev/null 2>&1 7<&- &
fi`;

/** The engine runs `begin`, the steps, and `keep` over a connection that was made after them. */
export const TRIAL: Trial = {
  begin: { script: BEGIN },
  keep: sh`${raw(REFUSE)}
${raw(TRIAL_SHELL)}
kept`,
  seconds: SECONDS,
};
