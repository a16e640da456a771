import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { type Args, optionsOf, pinFile, upgradeWords } from './args.ts';
import { LOCKS, SIMULATED } from './shell.ts';
import { STALE } from './stale.ts';
import { wanted } from './version.ts';

// One call for all packages costs less than a second one for some of them: 3 ms where hundreds are installed. Only with the star
// also those that are not installed, which may be held as well.
const PACKAGES = sh`# packages NAME...: of these what dpkg knows ("dpkg" itself tells the architecture), all that is held, and what it left in the middle.
packages() {
  known=$(dpkg-query -W -f '\${db:Status-Want} \${db:Status-Eflag} \${db:Status-Status} \${Package} \${Architecture} \${Version}\n' '*') || exit
  printf '%s\n' "$known" | names=" $* dpkg " awk '
    index(ENVIRON["names"], " " $4 " ") { print "has", $0 }
    $1 == "hold" && $3 == "installed" { print "held", $4 }
    $2 != "ok" || $3 !~ /^(installed|config-files|not-installed)$/ { print "unfinished", $4; left = 1 }
    END { exit left }'
  left=$?
  [ ! -f /var/lib/apt/extended_states ] || names=" $* " awk '
    $1 == "Package:" { package = $2 }
    $0 == "Auto-Installed: 1" && index(ENVIRON["names"], " " package " ") { print "automatic", package }' /var/lib/apt/extended_states
  if [ -n "$(ls /var/lib/dpkg/updates)" ]; then echo unfinished dpkg; left=1; fi
  [ "$left" = 0 ] || holders | sed 's/^/busy /'
}`;

// A package's name and version stand in the file itself; of one that was brought from the controller, in a note by its checksum.
const DEBS = sh`# deb FILE, brought SHA256: "deb FILE" and then "of NAME VERSION" when that is known; the name goes to $named.
deb() {
  of=$(dpkg-deb --show --showformat='\${Package} \${Version}' -- "$1" 2>/dev/null) || of=''
  printf 'deb %s\nof %s\n' "$1" "$of"
  named="$named \${of%% *}"
}
brought() {
  of=''
  [ ! -f "/var/lib/hailbook/apt/$1" ] || read -r of <"/var/lib/hailbook/apt/$1"
  printf 'deb %s\nof %s\n' "$1" "$of"
  named="$named \${of%% *}"
}`;

const PINS = sh`pins() {
  for file; do
    [ ! -f "/etc/apt/preferences.d/$file" ] || sed 's/^/pin /' "/etc/apt/preferences.d/$file"
  done
}`;

/** When dpkg was interrupted a simulation may fail; what it would say is known when that is mended. */
const FORETOLD = sh`${raw(SIMULATED)}
foretold() {
  simulated "$@" && return
  code=$?
  [ "$left" != 0 ] || exit $code
  echo unknown
}`;

// What depends on a package goes with it, unless that is held. Asked only when there is something to remove.
const REMOVAL = sh`removal() {
  [ "$left" = 0 ] || return 0
  there=$(dpkg-query -W -f '\${binary:Package} \${db:Status-Status}\n' -- "$@" 2>/dev/null | sed -n 's/ installed$//p')
  [ -n "$there" ] || return 0
  plan=$(simulated apt-get -s -q remove $there 2>&1) || plan="Stuck $(printf '%s\n' "$plan" | sed -n '/^E: /{s///p;q;}')"
  printf '%s\n' "$plan" | sed -n 's/^\\(Remv\\|Stuck\\) /removal \\1 /p'
}`;

/** When the lists were refreshed, and now; the file is the one that Debian's and Ubuntu's own tools go by. */
const LISTS = sh`lists() {
  for list in /var/lib/apt/lists/*Release; do
    [ -e "$list" ] || { echo lists none; return; }
  done
  echo "lists $(stat -c %Y /var/lib/apt/periodic/update-success-stamp 2>/dev/null || echo 0) $(date +%s)"
}`;

/** A line for each thing, its kind first. Only what the task asks about is looked at. */
export function look(given: Args): Sh {
  const { names = [], deb = [], src, state, upgrade, autoremove, clean, cache_valid_time, pin } = given;
  const items = names.flat().map((item) => wanted(item).name);
  const bare = [...new Set(items.map((name) => name.replace(/:.*/, '')))];
  const options = optionsOf(given);
  // Which version is meant by a star depends on what there is.
  const asksVersions = state === 'latest' || names.flat().some((item) => item.includes('*'));
  const latest = state === 'latest';
  return lines(
    PACKAGES,
    LOCKS,
    sh`named=''`,
    (deb.length > 0 || src !== undefined) && DEBS,
    ...deb.map((path) => sh`deb ${path}`),
    src !== undefined && sh`brought ${src.sha256}`,
    sh`packages ${bare} $named`,
    (pin !== undefined || state === 'absent') && sh`${raw(PINS)}\npins ${bare.map(pinFile)}`,
    (asksVersions || upgrade !== undefined || autoremove || state === 'absent') && FORETOLD,
    state === 'absent' && items.length > 0 && sh`${raw(REMOVAL)}\nremoval ${items}`,
    asksVersions &&
      sh`policy=$(foretold apt-cache ${options} policy ${items}) || exit; printf '%s\n' "$policy" | sed 's/^/policy /'`,
    upgrade !== undefined &&
      sh`plan=$(foretold apt-get ${options} -s -q ${upgradeWords(upgrade)}) || exit; printf '%s\n' "$plan" | sed -n 's/^\\(Inst\\|Remv\\|unknown\\)/upgrade \\1/p'`,
    autoremove &&
      sh`plan=$(foretold apt-get -s -q autoremove) || exit; printf '%s\n' "$plan" | sed -n 's/^\\(Remv\\|unknown\\)/unneeded \\1/p'`,
    (latest || upgrade !== undefined || cache_valid_time !== undefined) && sh`${raw(LISTS)}\nlists`,
    clean && sh`find /var/cache/apt/archives -maxdepth 1 -name '*.deb' -printf 'archive %f\n'`,
    STALE,
    sh`stale`,
  );
}
