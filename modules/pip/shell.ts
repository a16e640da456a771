import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

// After an upgrade of the system's Python, bin/python leads to another version than the packages were installed for.
const FIND_SITE = sh`# find_site VENV: sets $site to its folder of packages; fails where there is no working environment. Starts no Python.
find_site() {
  [ -f "$1/pyvenv.cfg" ] && [ -x "$1/bin/python" ] || return 1
  version=$(readlink -f -- "$1/bin/python")
  site=$1/lib/\${version##*/}/site-packages
  case \${version##*/} in python3.*) ;; *) for site in "$1"/lib/python3.*/site-packages; do :; done ;; esac
  [ -d "$site" ]
}`;

/** `look VENV PYTHON OWNER PATTERN...` prints what the metadata of an environment tells of the packages that match. */
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
  venv=$1 python=$2 owner=$3
  shift 3
  [ -f "$venv/pyvenv.cfg" ] || [ -e "$venv/.hailbook-unfinished" ] || { echo absent; return; }
  if [ -e "$venv/.hailbook-unfinished" ]; then echo unfinished; fi
  if [ -n "$owner" ]; then [ "$(stat -c %U -- "$venv")" = "$owner" ]; else [ -O "$venv" ]; fi || echo foreign
  for library in "$venv"/lib/python3.*; do
    [ ! -d "$library" ] || echo "lib \${library##*/python}"
  done
  echo "runs $(readlink -e -- "$venv/bin/python")"
  echo "offered $(readlink -e -- "$(command -v -- "$python")" 2>/dev/null)"
  [ ! -f "$venv/pyvenv.cfg" ] || sed -n 's/^include-system-site-packages *= */system /p' "$venv/pyvenv.cfg"
  if find_site "$venv"; then
    echo "site $site"
    cd -- "$site" || exit
    for pattern; do
      for folder in $pattern; do
        [ -d "$folder" ] || continue
        echo "has $folder"
        damaged "$folder"
      done
    done
  fi
  echo end
}`;

/** `noted_file VENV NAME`: the checksum of the requirements file of that name (on the controller) that was installed last, and what was verified. */
export const NOTED = sh`noted_file() {
  [ ! -f "$1/.hailbook-requirements" ] || file=$2 awk 'substr($0, 66) == ENVIRON["file"] { print "requirements", substr($0, 1, 64) }' "$1/.hailbook-requirements"
  [ ! -f "$1/.hailbook-verified" ] || sed 's/^/verified /' "$1/.hailbook-verified"
}`;

/**
 * `newer VENV ARGUMENT...`: what pip would install, in its own words. Run as the owner: whoever owns an environment decides what its Python
 * does. It writes nothing, not even its own compiled files; an environment that does not work is mended first.
 */
export const NEWER = sh`newer() {
  [ -O "$1" ] || { echo Would install unknown-; return; }
  [ ! -e "$1/.hailbook-unfinished" ] && [ -x "$1/bin/python" ] || return 0
  venv=$1
  shift
  cd /
  HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
  export HOME
  said=$("$venv/bin/python" -B -m pip install --disable-pip-version-check --no-input --no-cache-dir --progress-bar off --dry-run --upgrade "$@" </dev/null) || exit
  printf '%s\n' "$said" | grep '^Would install ' || :
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
# create VENV PYTHON [anew]
create() {
  lock "$1"
  [ -O "$1" ] || refuse PATH_REFUSED "$1 belongs to another account: name it in owner"
  # An environment that was cut off while it was made may lack pip, or half of it, and is made anew.
  if [ -z "$3" ] && find_site "$1" && ! cut_off "$1" venv; then return; fi
  if [ ! -e "$1/.hailbook-unfinished" ] && [ ! -f "$1/pyvenv.cfg" ] && [ -n "$(ls -A -- "$1")" ]; then
    refuse PATH_REFUSED "$1 is there and is no virtual environment"
  fi
  command -v -- "$2" >/dev/null || refuse STEP_FAILED "there is no $2 on the host"
  begin "$1" venv
  find "$1" -mindepth 1 ! -path "$1/.hailbook-unfinished" -delete || exit
  scratch "$1"
  echo "making a virtual environment"
  "$2" -m venv -- "$1" </dev/null || exit
}
# see VENV yes|no: the packages of the host's own Python; of an environment that is there the packages stay.
see() {
  sed -i "s/^include-system-site-packages *=.*/include-system-site-packages = $2/" "$1/pyvenv.cfg" || exit
}
run_pip() {
  what=$1
  shift
  # A cache would keep every wheel a second time, on every host.
  "$venv/bin/python" -m pip "$what" --disable-pip-version-check --no-input --no-cache-dir "$@" </dev/null || exit
}
# begun VENV: and what pip itself left of packages that it was replacing.
begun() {
  venv=$1
  begin "$venv" packages
  find_site "$venv" && rm -rf -- "$site"/~*
  scratch "$venv"
}
finished() { rm -rf -- "$TMPDIR" && rm -f -- "$venv/.hailbook-unfinished"; }
install() {
  begun "$1"
  shift
  # Nobody compares these with the hashes of a requirements file.
  rm -f -- "$venv/.hailbook-verified"
  run_pip install --progress-bar off "$@"
  finished
}
# require VENV SHA256 NAME ARGUMENT...: what the file on stdin lists, and once more what of it is there, but was not compared with
# its hash ($suspect). Notes of both stay.
require() {
  begun "$1"
  sum=$2 file=$3
  shift 3
  cat >"$TMPDIR/requirements.txt" || exit
  if [ -n "$suspect" ]; then
    printf '%s\n' "$suspect" >"$TMPDIR/suspect.txt"
    run_pip install --progress-bar off "$@" --force-reinstall --no-deps -r "$TMPDIR/suspect.txt"
  fi
  run_pip install --progress-bar off "$@" -r "$TMPDIR/requirements.txt"
  note .hailbook-verified "$verified" 'substr($0, 1, index($0, "==") - 1)'
  note .hailbook-requirements "$sum $file" 'substr($0, index($0, " ") + 1)'
  finished
}
# note FILE LINES KEY: the lines take the place of those with the same key, which is awk's to take from a line.
note() {
  { [ -z "$2" ] || printf '%s\n' "$2"; [ ! -f "$venv/$1" ] || cat "$venv/$1"; } | awk "!seen[$3]++" >"$TMPDIR/note" &&
    mv -f -- "$TMPDIR/note" "$venv/$1" || exit
}
# What an installation left in the middle stays marked.
uninstall() {
  lock "$1"
  [ -O "$1" ] || refuse PATH_REFUSED "$1 belongs to another account: name it in owner"
  venv=$1
  shift
  scratch "$venv"
  run_pip uninstall -y "$@"
  rm -rf -- "$TMPDIR"
}
# An environment and nothing in it.
made() {
  venv=$1 TMPDIR=$1/.hailbook-tmp
  finished
}`;
