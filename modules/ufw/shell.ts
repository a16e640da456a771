import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';
import { TRIAL_SHELL } from './trial.ts';

/** Of the old file and those that ufw made: the rules that ITEMS name, in that order, in the frame of the new file. */
const ARRANGE = `function load(path, prefix,   line, key, n) {
  while ((getline line <path) > 0) {
    if (line ~ /^### tuple ###/) {
      key = prefix == "" ? line : prefix "." ++n
      if (key in block) key = ""; else block[key] = "\\n" line "\\n"
    } else if (line ~ /^### END RULES ###/) key = ""
    else if (key != "" && line != "") block[key] = block[key] line "\\n"
  }
  close(path)
}
BEGIN {
  load(ENVIRON["OLD"], "")
  for (i = 1; i <= ENVIRON["MADE"] + 0; i++) load(ENVIRON["STAGE"] "/" i "." ENVIRON["FAMILY"], "+" i)
}
/^### END RULES ###/ {
  inside = 0
  n = split(ENVIRON["ITEMS"], items, "\\n")
  for (i = 1; i <= n; i++) {
    if (!(items[i] in block)) { print items[i] >"/dev/stderr"; exit 1 }
    printf "%s", block[items[i]]
  }
  print ""
}
!inside { print }
/^### RULES ###/ { inside = 1; found = 1 }
END { if (!found || inside) exit 1 }`;

/**
 * `begin`, `make ARGUMENT...` for each rule that is new, `arrange 4 RULE...`, `arrange 6 RULE...`, `switch`, then `policy`, `on`,
 * `boot`, `logs` or `off`. ufw makes the new rules in a copy of its folder; then the files take the place of the old ones and the
 * kernel gets each family's in one transaction. So there is no moment at which some of the rules are missing, wherever this is cut off.
 */
export const UFW_SHELL = sh`${raw(REFUSE)}
${raw(TRIAL_SHELL)}
[ -x /usr/sbin/ufw ] || refuse STEP_FAILED 'ufw is not installed'
export PATH="/usr/sbin:/sbin:$PATH"
umask 077
quiet() { said=$("$@" 2>&1 </dev/null) || { code=$?; printf '%s\n' "$said" >&2; exit $code; }; }
staged() { quiet ufw --datadir="$stage" "$@"; }
begin() {
  mkdir -p /run/hailbook && stage=$(mktemp -d /run/hailbook/ufw.XXXXXX) || exit
  trap 'rm -rf -- "$stage"' EXIT
  trap 'exit 143' HUP INT TERM
  made=0
  mkdir -p "$stage/etc/default" "$stage/lib/ufw" && cp -a /etc/ufw "$stage/etc/ufw" && cp -a /etc/default/ufw "$stage/etc/default/ufw" || exit
  sed -i 's/^ENABLED=.*/ENABLED=no/' "$stage/etc/ufw/ufw.conf" || exit
  empty
  # Writes both files even if there is no rule at all.
  staged allow 9/tcp
  staged delete allow 9/tcp
  keep frame
}
keep() { cp -- "$stage/etc/ufw/user.rules" "$stage/$1.4" && cp -- "$stage/etc/ufw/user6.rules" "$stage/$1.6" || exit; }
empty() { for file in user.rules user6.rules; do printf '*filter\nCOMMIT\n' >"$stage/etc/ufw/$file" || exit; done; }
make() {
  empty
  made=$((made + 1))
  staged "$@"
  keep "$made"
}
# arrange FAMILY RULE...: a rule is its line in the present file, or +N.K, the K-th of the N-th that was made.
arrange() {
  family=$1 file=user\${1#4}.rules
  shift
  items=$(printf '%s\n' "$@")
  OLD=/etc/ufw/$file STAGE=$stage MADE=$made FAMILY=$family ITEMS=$items awk ${ARRANGE} "$stage/frame.$family" >"$stage/new.$file" ||
    refuse STEP_FAILED 'the rules were changed on the host meanwhile; run it again'
}
switch() {
  for file in user.rules user6.rules; do
    [ -e "$stage/new.$file" ] || continue
    cp -- "$stage/new.$file" "/etc/ufw/.$file.hailbook" && chmod 0640 "/etc/ufw/.$file.hailbook" &&
      mv -f -- "/etc/ufw/.$file.hailbook" "/etc/ufw/$file" || exit
  done
  if iptables -w 10 -n -L ufw-user-input >/dev/null 2>&1; then quiet iptables-restore -w 10 -n /etc/ufw/user.rules; fi
  if ip6tables -w 10 -n -L ufw6-user-input >/dev/null 2>&1; then quiet ip6tables-restore -w 10 -n /etc/ufw/user6.rules; fi
}
policy() { quiet ufw default "$1" "$2"; }
logs() { quiet ufw logging "$1"; }
on() {
  # What is loaded and not as it should be is loaded anew; "enable" would leave it.
  if grep -q '^ENABLED=yes' /etc/ufw/ufw.conf; then quiet ufw reload; else quiet ufw --force enable; fi
}
boot() { quiet systemctl unmask ufw; quiet systemctl enable ufw; }
off() { quiet ufw disable; }`;
