import { lines, raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';
import { STALE } from './stale.ts';

// apt and dpkg take POSIX locks, which flock(1) cannot test; /proc/locks names who has one, /proc/PID/fd the file.
export const LOCKS = sh`holders() {
  for pid in $(awk '$2 == "POSIX" && $4 == "WRITE" { print $5 }' /proc/locks | sort -u); do
    find "/proc/$pid/fd" \\( -lname '/var/lib/dpkg/lock*' -o -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \\) 2>/dev/null |
      grep -q . && printf '%s (process %s)\n' "$(cat "/proc/$pid/comm")" "$pid"
  done | paste -sd , - | sed 's/,/, /g'
}`;

/**
 * A simulation writes nothing: apt's logs of it are left out, its cache is kept in memory, and the one that it is made from is used when it is newer than all
 * that it is made of. (Made anew that costs 0.4 s; only a real apt-get writes it.)
 */
export const SIMULATED = sh`simulated() {
  program=$1
  shift
  set -- -o Dir::Cache::pkgcache= -o Dir::Log::Planner=/dev/null -o Dir::Log::Solver=/dev/null "$@"
  if [ ! -e /var/cache/apt/srcpkgcache.bin ] ||
    [ -n "$(find /etc/apt /var/lib/apt/lists -newer /var/cache/apt/srcpkgcache.bin 2>/dev/null | head -n 1)" ]; then
    set -- -o Dir::Cache::srcpkgcache= "$@"
  fi
  "$program" "$@"
}`;

const UNLOCKED = sh`wait=1200
unlocked() {
  waited=0
  while who=$(holders); [ -n "$who" ]; do
    [ "$waited" -lt "$wait" ] || refuse WAIT_TIMEOUT "apt is locked by $who for more than $wait seconds"
    echo "waiting until $who releases apt's lock"
    sleep 2
    waited=$((waited + 2))
  done
}`;

// confdef and confold: a configuration file that was changed on the host stays, without a question.
const APT_GET = sh`export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
umask 022
tuned() { "$@"; }
apt_get() {
  unlocked
  tuned apt-get -q -y -o "DPkg::Lock::Timeout=$wait" -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}
interrupted() { [ -n "$(ls /var/lib/dpkg/updates)" ] || [ -n "$(dpkg --audit)" ]; }
mend() {
  interrupted || return 0
  # Who is at work has not been interrupted.
  unlocked
  interrupted || return 0
  echo 'finishing what an interrupted installation left'
  dpkg --force-confdef --force-confold --configure -a </dev/null || apt_get --no-remove -f install || exit
}
# refresh [strictly]: the lists have a lock of their own for which apt does not wait.
refresh() {
  fresh=yes
  echo 'refreshing the package lists'
  set -- \${1:+-o APT::Update::Error-Mode=any} update
  apt_get "$@" || { sleep 5; apt_get "$@"; } || exit
}
# refreshed: the age of the lists counts from the end of the work that they were fetched for.
refreshed() {
  [ -z "$fresh" ] || { mkdir -p /var/lib/apt/periodic && touch /var/lib/apt/periodic/update-success-stamp; }
}
fresh=''`;

/** Shell functions that every step begins with. */
export const APT_SHELL = sh`${raw(lines(REFUSE, LOCKS, UNLOCKED, APT_GET))}`;

/** `provide ITEM...`: installed, with the lists refreshed once if an item is unknown or what the lists name is gone. */
export const INSTALL_SHELL = sh`# offers NAME...: "NAME candidate VERSION" and "NAME version VERSION", the later ones first.
offers() {
  tuned apt-cache policy "$@" 2>/dev/null | awk '
    /^[^ ]/ { name = $1; sub(/:$/, "", name) }
    $1 == "Candidate:" && $2 != "(none)" { print name, "candidate", $2 }
    /^ (\\*\\*\\*|   ) [^ ]/ { print name, "version", $(NF - 1) }'
}
# offer NAME RELATION: what apt-get is to install; fails when that is not offered.
offer() {
  candidate=$(printf '%s\n' "$offered" | awk -v name="$1" '$1 == name && $2 == "candidate" { print $3; exit }')
  [ -n "$candidate" ] || return 1
  case $2 in
    '') echo "$1" ;;
    '>='*) dpkg --compare-versions "$candidate" ge "\${2#>=}" && echo "$1" ;;
    *)
      for version in $(printf '%s\n' "$offered" | awk -v name="$1" '$1 == name && $2 == "version" { print $3 }'); do
        case $version in \${2#=}) echo "$1=$version"; return ;; esac
      done
      return 1
  esac
}
# choose ITEM...: of each item, which is one package or several alternatives, the first that a package source offers.
choose() {
  set -f
  offered=$(offers $(printf '%s\n' $* | sed 's/[=>].*//'))
  chosen='' unknown=''
  for item; do
    for one in $item; do
      name=\${one%%[=>]*}
      if take=$(offer "$name" "\${one#"$name"}"); then chosen="$chosen $take"; continue 2; fi
    done
    unknown="$unknown\${unknown:+, }$(printf '%s\n' "$item" | sed 's/ / or /g')"
  done
  set +f
  [ -z "$unknown" ]
}
provide() {
  choose "$@" || { [ -z "$fresh" ] && refresh && choose "$@"; } || refuse PACKAGE_UNAVAILABLE "no package source offers $unknown"
  said=$(mktemp) || exit
  trap 'rm -f "$said"' EXIT
  rights apt_get --no-remove install $chosen 2>"$said" && { cat "$said" >&2; return; }
  code=$?
  cat "$said" >&2
  [ -z "$fresh" ] && grep -q 'Failed to fetch\\|Unable to fetch' "$said" || exit $code
  refresh
  choose "$@" || refuse PACKAGE_UNAVAILABLE "no package source offers $unknown"
  rights apt_get --no-remove install $chosen || exit
}`;

/**
 * `discard remove|purge NAME...`: gone, and nothing else with them. What depends on a package goes with it; apt-get remove has no option
 * against that, only a simulation that tells.
 */
export const REMOVE_SHELL = sh`${raw(SIMULATED)}
discard() {
  how=$1
  shift
  there=$(dpkg-query -W -f '\${Package} \${db:Status-Status}\n' -- "$@" 2>/dev/null | awk -v how="$how" '
    $2 != "not-installed" && (how == "purge" || $2 != "config-files") { print $1 }')
  [ -n "$there" ] || return 0
  unlocked
  plan=$(simulated apt-get -s -q "$how" $there) || exit
  more=$(printf '%s\n' "$plan" | awk '$1 == "Remv" || $1 == "Purg" { sub(/:.*/, "", $2); print $2 }' | sort -u | grep -vxF "$(printf '%s\n' "$@")" | paste -sd ' ' -)
  [ -z "$more" ] || refuse PACKAGE_REFUSED "other packages would be removed too: $more"
  rights apt_get "$how" $there || exit
}`;

/** `install_debs FILE...`, and `bring SHA256` with the file on stdin, which leaves a note of what was in it. */
export const DEBS_SHELL = sh`install_debs() {
  for file; do
    [ -f "$file" ] || refuse STEP_FAILED "there is no $file on the host"
    dpkg-deb --show --showformat='installing \${Package} \${Version}\n' -- "$file" || refuse STEP_FAILED "$file is no Debian package"
  done
  rights apt_get --no-remove install "$@" || exit
}
bring() {
  mkdir -p /var/lib/hailbook/apt || exit
  trap 'rm -f "/var/lib/hailbook/apt/'"$1"'.deb"' EXIT
  (umask 077 && cat >"/var/lib/hailbook/apt/$1.deb") || exit
  install_debs "/var/lib/hailbook/apt/$1.deb"
  dpkg-deb --show --showformat='\${Package} \${Version}\n' "/var/lib/hailbook/apt/$1.deb" >"/var/lib/hailbook/apt/$1"
}`;

/**
 * `keep hold|manual ITEM...`: of each item the alternative that is installed. `unhold ITEM...`: of each item every one that is held,
 * installed or not.
 */
export const HOLD_SHELL = sh`known_as() { dpkg-query -W -f "\\\${db:Status-$1}" -- "$2" 2>/dev/null; }
keep() {
  how=$1
  shift
  for item; do
    for one in $item; do
      [ "$(known_as Status "\${one%%[=>]*}")" = installed ] || continue
      apt-mark "$how" -- "\${one%%[=>]*}" || exit
      break
    done
  done
}
unhold() {
  for one in $*; do
    [ "$(known_as Want "\${one%%[=>]*}")" != hold ] || apt-mark unhold -- "\${one%%[=>]*}" || exit
  done
}`;

export const SERVICES_SHELL = sh`${raw(STALE)}
restart_stale() {
  for unit in $(stale | sed -n 's/^stale //p'); do
    echo "restarting $unit, which runs from files that were replaced"
    if [ "$unit" = systemd ]; then systemctl daemon-reexec || exit; continue; fi
    systemctl try-restart -- "$unit" && continue
    printf 'hailbook: SERVICE_FAILED %s does not start again after its files were replaced\n' "$unit" >&2
    journalctl --no-pager -q -n 20 -o cat --unit="$unit" >&2
    exit 73
  done
}`;
