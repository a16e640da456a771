import { sh } from '../../engine/plan/sh.ts';

/**
 * `connects HOST PORT`. The shell itself cannot connect: /dev/tcp is bash's. curl's telnet says nothing until the other side
 * does, so on a silent port it ends by its time-out, but with a time at which it was connected: a short time-out first, so
 * that an open port is not waited on, and a long one for a host that is far. wget can only ask for a page.
 */
export const CONNECTS = sh`connects() {
  case $1 in *:*) set -- "[$1]" "$2" ;; esac
  if command -v curl >/dev/null; then
    for seconds in 0.2 2; do
      at=$(curl -q -s -g --noproxy '*' -o /dev/null --connect-timeout $seconds -m $seconds -w '%{time_connect}' "telnet://$1:$2" </dev/null 2>/dev/null) && code=0 || code=$?
      case $at in *[1-9]*) return 0 ;; esac
      # 28: out of time; anything else is an answer.
      [ $code = 28 ] || return 1
    done
    return 1
  fi
  wget --no-config --no-proxy -t 1 --dns-timeout=2 --connect-timeout=2 --read-timeout=0.2 -O /dev/null "http://$1:$2/" 2>&1 | grep -q ' connected\\.$'
}`;

/** `greets HOST PORT` prints what the other side says by itself within 2 s, sooner when it fits $pattern. */
export const GREETS = sh`greets() {
  case $1 in *:*) set -- "[$1]" "$2" ;; esac
  command -v curl >/dev/null || refuse STEP_FAILED 'what a port says can only be read by curl, which is not installed here'
  for seconds in 0.3 2; do
    said=$(curl -q -s -g --noproxy '*' --connect-timeout 2 -m $seconds "telnet://$1:$2" </dev/null 2>/dev/null | tr -d '\\000\\r')
    ! printf '%s\n' "$said" | fits || break
  done
  printf '%s\n' "$said"
}`;

/**
 * `get URL OPTION...` sets $status, $body and, when there was no answer, $problem. Not through a proxy: these are services of
 * the hosts themselves. A redirection is an answer. $trust is empty, or `any`, or the file of an authority.
 */
export const GET = sh`get() {
  status='' body='' problem='' url=$1
  if command -v curl >/dev/null; then
    case $trust in '') set -- ;; any) set -- -k ;; *) set -- --cacert "$trust" ;; esac
    body=$(curl -q -sS -g --noproxy '*' --connect-timeout 5 -m 20 "$@" -w '\n%{http_code}' "$url" 2>&1 </dev/null | tr -d '\\000')
    status=\${body##*
} body=\${body%
*}
    [ "$status" != 000 ] || problem=$(printf '%s\n' "$body" | grep '^curl: ' | head -n 1)
  else
    case $trust in '') set -- ;; any) set -- --no-check-certificate ;; *) set -- --ca-certificate="$trust" ;; esac
    headers=$(mktemp) || exit
    body=$(wget --no-config --no-proxy -S -q --content-on-error --max-redirect=0 -t 1 -T 10 "$@" -O - "$url" 2>"$headers" | tr -d '\\000')
    status=$(awk '$1 ~ /^HTTP\\// { s = $2 } END { print s }' "$headers")
    [ -n "$status" ] || problem=$(grep -v '^ ' "$headers" | head -n 1)
    rm -f "$headers"
  fi
  [ -n "$status" ] && [ "$status" != 000 ] || problem=\${problem:-no answer}
}`;

/**
 * `connections PORT` prints how many TCP connections to a port of this host are open or being opened or closed: the states
 * ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2 and TIME_WAIT (1 to 6 in proc(5), /proc/net/tcp).
 */
export const CONNECTIONS = sh`connections() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$1")" '
    substr($2, length($2) - 4) == port && $4 ~ /^0[1-6]$/ { n++ }
    END { print n + 0 }'
}`;
