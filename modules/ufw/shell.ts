import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';
import { TRIAL_SHELL } from './trial.ts';

/** What ufw's own files say, and what the kernel has of it; ufw itself, which takes 82 ms to start, is not asked. */
export const LOOK = sh`echo "ssh $SSH_CONNECTION"
[ -x /usr/sbin/ufw ] || { echo absent; exit; }
# What these two files set are plain NAME=value lines; a comment or another setting is left out.
settings=$(sed -n 's/^\\(ENABLED\\|IPV6\\|DEFAULT_INPUT_POLICY\\|DEFAULT_OUTPUT_POLICY\\)=/set \\1 /p' /etc/ufw/ufw.conf /etc/default/ufw | tr -d '"') || exit
printf '%s\n' "$settings"
if [ -e /var/lib/hailbook/ufw/trial/changed ]; then
  read -r by </var/lib/hailbook/ufw/trial/by
  if [ "$by" = "$SSH_CONNECTION" ]; then echo 'trial ours'; else echo 'trial theirs'; fi
fi
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
[ $# = 0 ] || ! command -v ip >/dev/null || ip -o addr show to "\${3%%%*}" | awk '{ print "device " $2; exit }'
case $settings in *'ENABLED yes'*)
  for family in '' 6; do
    [ "$family$noipv6" != 6yes ] || continue
    ip\${family}tables -w 10 -S 2>/dev/null | awk -v f="$family" '
      $1 == "-P" { print "policy" f, $2, $3; next }
      $1 != "-A" { next }
      $2 == "INPUT" && $4 == "ufw" f "-before-input" || $2 == "ufw" f "-before-input" && $4 == "ufw" f "-user-input" { print "hook" f; reached[$2] = 1 }
      # Whoever lets everything in before ufw is asked has no firewall.
      ($2 == "INPUT" || $2 == "ufw" f "-before-input") && !reached[$2] && / -j ACCEPT$/ {
        rule = $0
        sub(/^-A [^ ]+/, "", rule); sub(/ -p (tcp|udp)/, "", rule); sub(/ -m (tcp|udp)/, "", rule)
        if (rule == " -j ACCEPT") print ($2 == "INPUT" ? "open" : "bypass") f, "ip" f "tables", $0
      }
      $2 ~ "^ufw" f "-user-(input|output|forward)$" { print "loaded" f, $0 }'
  done ;;
esac
true`;

/**
 * `begin`, `rule ARGUMENT...` for each rule, `switch`, then `policy`, `on`, `boot` or `off`. ufw builds the rules in a copy of its
 * folder; then the files take the place of the old ones and the kernel gets each family's in one transaction. So there
 * is no moment at which some of the rules are missing, wherever this is cut off.
 */
export const UFW_SHELL = sh`${raw(REFUSE)}
${raw(TRIAL_SHELL)}
[ -x /usr/sbin/ufw ] || refuse STEP_FAILED 'ufw is not installed'
export PATH="/usr/sbin:/sbin:$PATH"
umask 077
quiet() { said=$("$@" 2>&1 </dev/null) || { code=$?; printf '%s\n' "$said" >&2; exit $code; }; }
begin() {
  mkdir -p /run/hailbook && stage=$(mktemp -d /run/hailbook/ufw.XXXXXX) || exit
  trap 'rm -rf -- "$stage"' EXIT
  trap 'exit 143' HUP INT TERM
  mkdir -p "$stage/etc/default" "$stage/lib/ufw" && cp -a /etc/ufw "$stage/etc/ufw" && cp -a /etc/default/ufw "$stage/etc/default/ufw" || exit
  sed -i 's/^ENABLED=.*/ENABLED=no/' "$stage/etc/ufw/ufw.conf" || exit
  for file in user.rules user6.rules; do printf '*filter\nCOMMIT\n' >"$stage/etc/ufw/$file" || exit; done
  # Writes both files even if there is no rule at all.
  rule allow 9/tcp
  rule delete allow 9/tcp
}
rule() { quiet ufw --datadir="$stage" "$@"; }
switch() {
  for file in user.rules user6.rules; do
    # Without IPv6 ufw writes no file for it.
    grep -q '^### RULES' "$stage/etc/ufw/$file" || continue
    cp -- "$stage/etc/ufw/$file" "/etc/ufw/.$file.hailbook" && chmod 0640 "/etc/ufw/.$file.hailbook" &&
      mv -f -- "/etc/ufw/.$file.hailbook" "/etc/ufw/$file" || exit
  done
  if iptables -w 10 -n -L ufw-user-input >/dev/null 2>&1; then quiet iptables-restore -w 10 -n /etc/ufw/user.rules; fi
  if ip6tables -w 10 -n -L ufw6-user-input >/dev/null 2>&1; then quiet ip6tables-restore -w 10 -n /etc/ufw/user6.rules; fi
}
policy() { quiet ufw default "$1" "$2"; }
on() {
  # What is loaded and not as it should be is loaded anew; "enable" would leave it.
  if grep -q '^ENABLED=yes' /etc/ufw/ufw.conf; then quiet ufw reload; else quiet ufw --force enable; fi
}
boot() { quiet systemctl unmask ufw; quiet systemctl enable ufw; }
off() { quiet ufw disable; }`;
