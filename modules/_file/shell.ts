import { sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

/**
 * How files are written and read on a host. Whoever can change a folder on the way to a path can redirect us there, so the
 * way is walked first. If everything on it is root's or the acting account's, the work is done at once; if exactly one
 * other account could interfere, root does the work as that account, which reaches nothing that it could not reach
 * anyhow; otherwise PATH_REFUSED. After that no one else can swap a part of the path, and the work is done relative to
 * the folder.
 */
const FUNCTIONS = `${REFUSE}

# guard PATH: may root and the acting account alone change what is at PATH? One other account is noted in $actor.
guard() {
  set -- "$1" $(stat -c '%u %g %a %U %G' -- "$1")
  [ $# = 6 ] || exit 73
  case $2 in 0|"$me") ;; *)
    [ "\${actor:-$5}" = "$5" ] || refuse PATH_REFUSED "$1 belongs to $5, but $actor can change the way to it"
    [ "$5" != UNKNOWN ] || refuse PATH_REFUSED "$1 belongs to the user id $2, which has no account"
    actor=$5
  esac
  [ ! -L "$1" ] || return 0
  shared=$((0$4 & 01000))
  # A group with its owner's name is that user's private group, as Debian makes them.
  if [ $((0$4 & 02)) != 0 ] || { [ $((0$4 & 020)) != 0 ] && [ "$3" != 0 ] && [ "$5" != "$6" ]; }; then
    [ $shared != 0 ] || refuse PATH_REFUSED "others can write to $1"
  fi
}

# walk FOLDER: $at becomes the same folder without links, or its deepest part that exists, and $rest what is missing.
walk() {
  at='' rest=$1 actor='' links=0 me=$(id -u)
  guard /
  while [ -n "$rest" ]; do
    part=\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest='' ;; esac
    case $part in ''|.) continue ;; ..) at=\${at%/*}; continue ;; esac
    if [ -L "$at/$part" ]; then
      guard "$at/$part"
      links=$((links + 1)); [ $links -le 40 ] || refuse PATH_REFUSED "too many links on the way to $1"
      target=$(readlink -- "$at/$part") || exit
      case $target in /*) at='' ;; esac
      rest=$target/$rest
    elif [ -d "$at/$part" ]; then
      guard "$at/$part"
      at=$at/$part
    elif [ -e "$at/$part" ]; then
      refuse STEP_FAILED "$at/$part is not a folder"
    else
      rest=$part/$rest/
      return
    fi
  done
}

# settle PATH CALL...: makes the call in PATH's folder, where PATH is ./$name, as the account that the walk found.
settle() (
  path=\${1%/} name=\${path##*/}
  walk "\${path%/*}"
  if [ -n "$actor" ]; then
    [ "$me" = 0 ] || refuse PATH_REFUSED "$actor can change the way to $path"
    if [ "$2" = adjust ] && [ -z "$rest" ] && [ -d "$at/$name" ] && [ ! -L "$at/$name" ]; then
      shift 2
      mend "$at/$name" "$@"
      return
    fi
    exec runuser -u "$actor" -- /bin/sh -c "$FILE"'
settle "$@"' hailbook "$@"
  fi
  [ -z "$rest" ] || [ "$2" = folder ] || refuse STEP_FAILED "the folder \${path%/*} does not exist"
  cd -- "\${at:-/}" || refuse PATH_REFUSED "$(id -un) may not enter \${path%/*}"
  umask 077
  shift
  "$@"
)

# own FILE MODE OWNER GROUP: an empty one stays as it is. The mode comes first: once a file in /tmp is another account's,
# that account could put a link in its place, which chmod would follow. But chown clears setuid and setgid. GNU chmod takes
# a folder's setuid and setgid away only by a number of more than four digits.
own() {
  [ -z "$2" ] || chmod -- "00$2" "$1" || exit
  if [ -n "$3$4" ] && ! chown -h -- "$3\${4:+:$4}" "$1"; then
    [ "$me" = 0 ] || refuse PATH_REFUSED "$(id -un) can change the way to $path, so it cannot belong to $3\${4:+:$4}"
    exit 73
  fi
  case $2 in [1-7]???) [ $shared != 0 ] || chmod -- "00$2" "$1" || exit ;; esac
}

# mend FOLDER MODE OWNER GROUP: by root itself, because an account can give away nothing and take nothing of another's.
# Once root stands in the folder no one can swap it; that it is the one at this path, and not where a link leads that was
# put there a moment ago, the kernel says.
mend() {
  cd -P -- "$1" || exit
  [ "$(env pwd -P)" = "$1" ] || refuse PATH_REFUSED "$1 is being replaced"
  shift
  own . "$@"
}

# put MODE OWNER GROUP CALL...: ./$name becomes what the call prints, all at once. Not given: as it was, or 0644.
put() {
  mode=$1 owner=$2 group=$3
  shift 3
  if [ -f "./$name" ] && [ ! -L "./$name" ]; then
    set -- $(stat -c '%a %u %g' -- "./$name") "$@"
    mode=\${mode:-$1}
    [ "$me" != 0 ] || owner=\${owner:-$2} group=\${group:-$3}
    shift 3
  elif [ -e "./$name" ] && [ ! -L "./$name" ]; then
    refuse STEP_FAILED "$path is not a file"
  fi
  new=$(mktemp ./.hailbook.XXXXXXXXXX) || exit
  trap 'rm -f -- "$new"' EXIT
  trap 'exit 143' HUP INT TERM
  "$@" >"$new" || exit
  sync -- "$new" 2>/dev/null || sync
  own "$new" "\${mode:-0644}" "$owner" "$group"
  mv -T -f -- "$new" "./$name"
}

# edit MODE OWNER GROUP CALL...: the call gets the present text as its stdin. No other edit runs in this folder meanwhile.
edit() {
  exec 9<. && flock -w 60 9 || refuse STEP_FAILED "\${path%/*} stays locked by another run"
  [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is a link"
  if [ -e "./$name" ]; then put "$@" <"./$name"; else put "$@" </dev/null; fi
}

# adjust MODE OWNER GROUP: of what is there, in place.
adjust() {
  [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is a link"
  # In /tmp and its like the owner of a file could swap it for a link between our look and our chmod.
  [ $shared = 0 ] || [ -O "./$name" ] || refuse PATH_REFUSED "$path is someone else's in a folder for everyone"
  if [ "$me" != 0 ] && [ -f "./$name" ] && [ ! -O "./$name" ]; then
    # Another's file in this account's folder: a copy takes its place.
    put "$@" cat <"./$name"
  else
    own "./$name" "$@"
  fi
}

# seen CALL...: the call gets the text as its stdin, if there is a file that this account may read; else there is no call.
seen() {
  [ -f "./$name" ] && [ ! -L "./$name" ] && [ -r "./$name" ] || return 0
  exec 8<"./$name" || exit
  # In /tmp and its like the file's owner could swap it for a link between our look and our open.
  [ $shared = 0 ] || [ "$(stat -L -c %d:%i /proc/self/fd/8)" = "$(stat -c %d:%i -- "./$name")" ] ||
    refuse PATH_REFUSED "$path is being replaced"
  "$@" <&8
}

# folder MODE OWNER GROUP: made with its parents, which get the mode 0755; all of them go again when it cannot be had as wanted.
folder() {
  from=$(pwd -P) made=''
  trap '[ $? = 0 ] || [ -z "$made" ] || { cd -- "$from" && rmdir -p -- "./$made"; } 2>/dev/null' EXIT
  while [ -n "\${rest%/}" ]; do
    (umask 022 && mkdir -- "./\${rest%%/*}") && made=$made\${rest%%/*}/ && cd -- "./\${rest%%/*}" || exit
    rest=\${rest#*/}
  done
  if [ ! -d "./$name" ]; then mkdir -- "./$name" && made=$made$name && set -- "\${1:-0755}" "$2" "$3" || exit; fi
  adjust "$@"
}

# link TARGET OWNER GROUP: a link takes the place of a link at once, and of nothing else.
link() {
  [ -L "./$name" ] || [ ! -e "./$name" ] || refuse PATH_REFUSED "$path is there and is no link"
  new=$(mktemp -u ./.hailbook.XXXXXXXXXX) && ln -s -T -- "$1" "$new" || exit
  trap 'rm -f -- "$new"' EXIT
  own "$new" '' "$2" "$3"
  mv -T -f -- "$new" "./$name"
}

gone() { rm -rf --one-file-system -- "./$name"; }`;

/** Shell functions for steps: `settle PATH put|edit|adjust|seen|folder|link|gone …`. Put before the calls, once a script. */
export const FILE_SHELL = sh`FILE=${FUNCTIONS}
eval "$FILE"`;
