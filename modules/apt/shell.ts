import { lines, raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

// apt and dpkg take POSIX locks, which flock(1) cannot test; /proc/locks names who has one, /proc/PID/fd the file.
const LOCKS = sh`holders() {
  for pid in $(awk '$2 == "POSIX" && $4 == "WRITE" { print $5 }' /proc/locks | sort -u); do
    find "/proc/$pid/fd" \\( -lname '/var/lib/dpkg/lock*' -o -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \\) 2>/dev/null |
      grep -q . && printf '%s (process %s)\n' "$(cat "/proc/$pid/comm")" "$pid"
  done | paste -sd , -
}
unlocked() {
  waited=0
  while who=$(holders); [ -n "$who" ]; do
    [ $waited -lt 1200 ] || refuse WAIT_TIMEOUT "apt is locked by $who for more than 20 minutes"
    echo "waiting until $who releases apt's lock"
    sleep 2
    waited=$((waited + 2))
  done
}`;

// confdef and confold: a configuration file that was changed on the host stays, without a question.
const APT_GET = sh`export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
umask 022
apt_get() {
  unlocked
  apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}
mend() {
  [ -n "$(ls /var/lib/dpkg/updates)" ] || [ -n "$(dpkg --audit)" ] || return 0
  unlocked
  echo 'finishing what an interrupted installation left'
  dpkg --force-confdef --force-confold --configure -a </dev/null || apt_get -f install || exit
}`;

const INSTALL = sh`refresh() {
  fresh=yes
  echo 'refreshing the package lists'
  # The lists have a lock of their own for which apt does not wait.
  apt_get update || { sleep 5; apt_get update; } || exit
}
# choose ITEM...: of each item, which is one name or several alternatives, the first that a package source offers.
choose() {
  offered=" $(apt-cache policy $* 2>/dev/null | awk '/^[^ ]/ { name = $1; sub(/:$/, "", name) } $1 == "Candidate:" && $2 != "(none)" { print name }' | paste -sd ' ' -) "
  chosen='' unknown=''
  for item; do
    for name in $item; do
      case $offered in *" $name "*) chosen="$chosen $name"; continue 2 ;; esac
    done
    unknown="$unknown\${unknown:+, }$(printf '%s\n' "$item" | sed 's/ / or /g')"
  done
  [ -z "$unknown" ]
}
# provide ITEM...: installed, with the lists refreshed once if an item is unknown or what the lists name is gone.
provide() {
  mend
  fresh=''
  choose "$@" || { refresh; choose "$@"; } || refuse PACKAGE_UNAVAILABLE "no package source offers $unknown"
  said=$(mktemp) || exit
  trap 'rm -f "$said"' EXIT
  apt_get --no-remove install $chosen 2>"$said" && return
  code=$?
  cat "$said" >&2
  [ -z "$fresh" ] && grep -q 'Failed to fetch\\|Unable to fetch' "$said" || exit $code
  refresh
  choose "$@" || refuse PACKAGE_UNAVAILABLE "no package source offers $unknown"
  apt_get --no-remove install $chosen || exit
}`;

// What depends on a package goes with it; apt-get remove has no option against that, only a simulation that tells.
const REMOVE = sh`# discard NAME...: removed, and nothing else with them.
discard() {
  mend
  unlocked
  plan=$(LC_ALL=C apt-get -s -q remove "$@") || exit
  more=$(printf '%s\n' "$plan" | awk '$1 == "Remv" { sub(/:.*/, "", $2); print $2 }' | sort -u | grep -vxF "$(printf '%s\n' "$@")" | paste -sd ' ' -)
  [ -z "$more" ] || refuse STEP_FAILED "other packages would be removed too: $more"
  apt_get remove "$@"
}`;

/** Shell functions of the module's steps: `provide ITEM...`, `discard NAME...`. */
export const APT_SHELL = sh`${raw(lines(REFUSE, LOCKS, APT_GET, INSTALL, REMOVE))}`;
