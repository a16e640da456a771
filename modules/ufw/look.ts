import { raw, type Sh, sh } from '../../engine/plan/sh.ts';

/**
 * What ufw's own files say, and what the kernel has of it; ufw itself, which takes 82 ms to start, is not asked.
 * @param apps application profiles of which the ports are wanted
 */
export const lookFor = (apps: readonly string[]): Sh => sh`${raw(FILES)}
${raw(
  apps.length === 0
    ? sh`:`
    : sh`APPS=${apps.join('\n')}; export APPS
${raw(PROFILES)}`,
)}
${raw(KERNEL)}`;

const FILES = sh`echo "ssh $SSH_CONNECTION"
[ -x /usr/sbin/ufw ] || { echo absent; exit; }
# What these two files set are plain NAME=value lines; a comment or another setting is left out.
settings=$(sed -n 's/^\\(ENABLED\\|IPV6\\|LOGLEVEL\\|DEFAULT_INPUT_POLICY\\|DEFAULT_OUTPUT_POLICY\\|DEFAULT_FORWARD_POLICY\\)=/set \\1 /p' /etc/ufw/ufw.conf /etc/default/ufw | tr -d '"') || exit
printf '%s\n' "$settings"
kept=/var/lib/hailbook/ufw
if [ -e $kept/trial/changed ]; then
  read -r by <$kept/trial/by
  if [ "$by" = "$SSH_CONNECTION" ]; then echo 'trial ours'; else echo 'trial theirs'; fi
fi
[ ! -e $kept/taken_back ] || sed 's/^/taken_back /' $kept/taken_back
[ -d /proc/sys/net/ipv6 ] || { echo 'no ipv6'; noipv6=yes; }
for family in '' 6; do
  sed -n "s/^### tuple ###/tuple$family &/p; /^-A ufw$family-user-\\(input\\|output\\|forward\\) /s/^/line$family /p" /etc/ufw/user$family.rules || exit
done
# At boot a unit loads the rules; a masked one does not.
if [ ! -d /run/systemd/system ]; then echo boot
elif [ "$(readlink /etc/systemd/system/ufw.service)" != /dev/null ]; then
  for wanted in /etc/systemd/system/*.wants/ufw.service; do [ ! -L "$wanted" ] || echo boot; done
fi
# device: where the address that was called is
set -- $SSH_CONNECTION
[ $# = 0 ] || ! command -v ip >/dev/null || ip -o addr show to "\${3%%%*}" | awk '{ print "device " $2; exit }'`;

/** As ufw reads them (applications.py): an ini file each, in the order of their names, of which the last one counts. */
const PROFILES = sh`for file in /etc/ufw/applications.d/*; do
  case $file in *.dpkg-new|*.dpkg-old|*.dpkg-dist|*.rpmnew|*.rpmsave|*~) continue ;; esac
  [ ! -f "$file" ] || awk '
    BEGIN { n = split(ENVIRON["APPS"], names, "\\n"); for (i = 1; i <= n; i++) asked[names[i]] }
    /^\\[/ { app = $0; sub(/^\\[/, "", app); sub(/\\].*/, "", app) }
    app in asked && tolower($0) ~ /^ports[ \\t]*[=:]/ { sub(/^[^=:]*[=:][ \\t]*/, ""); sub(/[ \\t\\r]+$/, ""); print "app", app "=" $0 }' "$file"
done`;

const KERNEL = sh`for family in '' 6; do
  [ "$family$noipv6" != 6yes ] || continue
  filter=$(ip\${family}tables -w 10 -S 2>/dev/null)
  printf '%s\n' "$filter" | awk -v f="$family" '
    $1 == "-P" { print "policy" f, $2, $3; next }
    $1 != "-A" { next }
    $2 == "INPUT" && $4 == "ufw" f "-before-input" || $2 == "ufw" f "-before-input" && $4 == "ufw" f "-user-input" { print "hook" f; reached[$2] = 1 }
    # Whoever lets everything in before ufw is asked has no firewall.
    ($2 == "INPUT" || $2 == "ufw" f "-before-input") && !reached[$2] && / -j ACCEPT$/ {
      rule = $0
      sub(/^-A [^ ]+/, "", rule); sub(/ -p (tcp|udp)/, "", rule); sub(/ -m (tcp|udp)/, "", rule)
      if (rule == " -j ACCEPT") print ($2 == "INPUT" ? "open" : "bypass") f, "ip" f "tables", $0
    }
    # What was published goes by the rules for forwarded traffic: where ufw is asked about that, it is not by-passed.
    $2 == "DOCKER-USER" && $NF == "ufw" f "-user-forward" { print "guarded" f }
    $2 ~ "^ufw" f "-user-(input|output|forward)$" { print "loaded" f, $0 }'
  # A container's published port is led past INPUT by a rule of the table nat.
  case $filter in *'-N DOCKER'*|*'-N NETAVARK'*|*'-N CNI-'*|*'-N KUBE-'*)
    ip\${family}tables -w 10 -t nat -S 2>/dev/null | sed -n "/ --dport .* -j DNAT /s/^/published$family /p"
  esac
done
true`;
