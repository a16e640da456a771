import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

// After an upgrade of the system's Python, bin/python leads to another version than the packages were installed for.
const FIND_SITE = sh`# find_site VENV: sets $site to its folder of packages; fails where there is no working environment. Starts no Python.
find_site() {
  [ -f "$1/pyvenv.cfg" ] && [ -x "$1/bin/python" ] || return 1
  version=$(readlink -f -- "$1/bin/python")
  site=$1/lib/\${version##*/}/site-packages
  if [ "\${version##*/}" = python3 ]; then for site in "$1"/lib/python3.*/site-packages; do :; done; fi
  [ -d "$site" ]
}`;

/** `look VENV PATTERN...` prints what the metadata of an environment tells of the packages that match. */
export const LOOK = sh`${raw(FIND_SITE)}
# noted: of the metadata on stdin (path, hash, size; what pip compiled itself has no size) "size path".
noted() {
  tr -d '\r' | awk '{
    size = $0; sub(/.*,/, "", size)
    if (size == "" || !sub(/,[^,]*,[0-9]+$/, "")) next
    if (/^"/) { $0 = substr($0, 2, length($0) - 2); gsub(/""/, "\\"") }
    print size, $0
  }'
}
# damaged FOLDER: the files of a package that are gone or have another size.
damaged() {
  [ -f "$1/RECORD" ] || { echo "damaged \${1%.dist-info} RECORD"; return; }
  { noted <"$1/RECORD"; echo; noted <"$1/RECORD" | cut -d ' ' -f 2- | tr '\n' '\\0' | xargs -0 -r stat -L -c '%s %n' -- 2>/dev/null; } |
    awk -v package="\${1%.dist-info}" '$0 == "" { present = 1; next } !present { noted[$0]; next } { delete noted[$0] }
      END { for (line in noted) { sub(/^[0-9]+ /, "", line); print "damaged", package, line } }' | sort
}
look() {
  if [ -e "$1/.hailbook-unfinished" ]; then echo unfinished; fi
  find_site "$1" || { echo absent; return; }
  echo "site $site"
  cd -- "$site" || exit
  shift
  for pattern; do
    for folder in $pattern; do
      [ -d "$folder" ] || continue
      echo "has $folder"
      damaged "$folder"
    done
  done
}`;

/** Steps, run as the owner: `create VENV PYTHON`, `install VENV MARKED ARGUMENT...`. */
export const PIP_SHELL = sh`${raw(REFUSE)}
${raw(FIND_SITE)}
umask 022
cd /
HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
export HOME
# While this file is there, what it names is at work or was cut off.
begin() { echo "$2" >"$1/.hailbook-unfinished" || exit; }
cut_off() { [ -f "$1/.hailbook-unfinished" ] && [ "$(cat "$1/.hailbook-unfinished")" = "$2" ]; }
# scratch VENV: where pip unpacks, in the environment, so what a cut-off run left is known and goes with the next one.
scratch() {
  TMPDIR=$1/.hailbook-tmp
  export TMPDIR
  rm -rf -- "$TMPDIR"
  mkdir -m 0700 -- "$TMPDIR" || exit
}
# One at a time: an installation goes on for a while when its connection is lost, and the next run must not work beside it.
# The folder itself is the lock, for everything in it may be thrown away.
lock() {
  exec 9<"$1" || exit
  flock -n 9 && return
  echo "waiting for another installation in $1"
  flock -w 900 9 || refuse STEP_FAILED "another installation in $1 does not end"
}
create() {
  lock "$1"
  [ -O "$1" ] || refuse PATH_REFUSED "$1 belongs to another account: name it in owner"
  # An environment that was cut off while it was made may lack pip, or half of it, and is made anew.
  if find_site "$1" && ! cut_off "$1" venv; then return; fi
  if [ ! -e "$1/.hailbook-unfinished" ] && [ ! -f "$1/pyvenv.cfg" ] && [ -n "$(ls -A -- "$1")" ]; then
    refuse PATH_REFUSED "$1 is there and is no virtual environment"
  fi
  begin "$1" venv
  find "$1" -mindepth 1 ! -path "$1/.hailbook-unfinished" -delete || exit
  scratch "$1"
  echo "making a virtual environment"
  "$2" -m venv -- "$1" || exit
}
install() {
  venv=$1
  shift
  begin "$venv" packages
  find_site "$venv" && rm -rf -- "$site"/~*
  scratch "$venv"
  # A cache would keep every wheel a second time, on every host.
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-cache-dir --progress-bar off "$@" </dev/null || exit
  rm -rf -- "$TMPDIR" && rm -f -- "$venv/.hailbook-unfinished"
}`;
