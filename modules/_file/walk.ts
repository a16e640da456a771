/**
 * How files are written and read on a host. Whoever can change a folder on the way to a path can redirect us there, so the
 * way is walked first. If everything on it is root's or the acting account's, the work is done at once; if exactly one
 * other account could interfere, root does the work as that account, which reaches nothing that it could not reach
 * anyhow; otherwise PATH_REFUSED. After that no one else can swap a part of the path, and the work is done relative to
 * the folder. The text is for /bin/sh; `refuse` is defined before it, the calls after it.
 */
export const WALK = `
# judge PATH UID GID MODE USER GROUP TYPE: may root and the acting account alone change this? One other account is noted in $actor.
judge() {
  case $2 in 0|"$me") ;; *)
    [ "\${actor:-$5}" = "$5" ] || refuse PATH_REFUSED "$1 belongs to $5, but $actor can change the way to it"
    [ "$5" != UNKNOWN ] || refuse PATH_REFUSED "$1 belongs to the user id $2, which has no account"
    actor=$5
  esac
  [ "$7" != symbolic ] || return 0
  shared=$((0$4 & 01000))
  # A group with its owner's name is that user's private group, as Debian makes them.
  if [ $((0$4 & 02)) != 0 ] || { [ $((0$4 & 020)) != 0 ] && [ "$3" != 0 ] && [ "$5" != "$6" ]; }; then
    [ $shared != 0 ] || refuse PATH_REFUSED "others can write to $1"
  fi
}

guard() {
  set -- "$1" $(stat -c '%u %g %a %U %G %F' -- "$1")
  [ $# -ge 7 ] || exit 73
  judge "$@"
}

# walk PATH: $at becomes the same folder without links, or its deepest part that exists, and $rest what is missing. With
# $last set, the last part may be no folder, and then is what is missing.
walk() {
  at='' rest=$1
  guard /
  while [ -n "$rest" ]; do
    part=\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest='' ;; esac
    case $part in ''|.) continue ;; ..) at=\${at%/*}; guard "\${at:-/}"; continue ;; esac
    if [ -L "$at/$part" ]; then
      guard "$at/$part"
      links=$((links + 1)); [ $links -le 40 ] || refuse PATH_REFUSED "too many links on the way to $1"
      target=$(readlink -- "$at/$part") || exit
      case $target in /*) at=''; guard / ;; esac
      rest=$target\${rest:+/$rest}
    elif [ -d "$at/$part" ]; then
      guard "$at/$part"
      at=$at/$part
    elif [ -e "$at/$part" ] && { [ -z "$last" ] || [ -n "$rest" ]; }; then
      refuse STEP_FAILED "$at/$part is not a folder"
    else
      rest=$part/\${rest:+$rest/}
      return
    fi
  done
}

# through PATH: as walk of PATH's folder, but where PATH is a link, of what it leads to.
through() {
  last=1
  walk "$1"
  if [ -z "$rest" ]; then
    [ -n "$at" ] || refuse PATH_REFUSED "$1 leads to the root folder"
    name=\${at##*/} at=\${at%/*}
  else
    rest=\${rest%/} name=\${rest##*/}
    case $rest in */*) rest=\${rest%/*}/ ;; *) rest='' ;; esac
  fi
  path=$at/$rest$name
}

# follow CALL... and within N FOLDER... CALL... say something of the way; it is known when the call is made.
follow() { "$@"; }
within() { left=$1; shift; while [ "$left" != 0 ]; do shift; left=$((left - 1)); done; "$@"; }

# beneath N FOLDER...: the folder at PATH and those N in it, as far as they are there, are on the way too.
beneath() {
  left=$1 part=$at/$name
  while
    if [ -L "$part" ] || [ -d "$part" ]; then guard "$part"; fi
    [ "$left" != 0 ]
  do
    shift
    part=$at/$name/$1 left=$((left - 1))
  done
}

# settle PATH [follow] [within N FOLDER...] CALL...: makes the call in PATH's folder, where PATH is ./$name, as the account that the
# walk found. With \`follow\` a link at PATH stands for what it leads to.
settle() (
  path=\${1%/} links=0 actor='' last='' backup='' check='' new='' me=$(id -u)
  name=\${path##*/}
  case $2 in
    follow) through "$path"; call=$3 ;;
    *) walk "\${path%/*}"; call=$2 ;;
  esac
  case $2.$3 in
    within.*) shift 2; beneath "$@"; set -- "$path" within "$@" ;;
    follow.within) shift 3; beneath "$@"; set -- "$path" within "$@" ;;
  esac
  if [ -n "$actor" ]; then
    [ "$me" = 0 ] || refuse PATH_REFUSED "$actor can change the way to $path"
    case $call in
      # By root itself, because an account can give away nothing and take nothing of another's.
      adjust|all) [ -n "$rest" ] || [ ! -d "$at/$name" ] || [ -L "$at/$name" ] || call='' ;;
    esac
    [ -z "$call" ] || exec runuser -u "$actor" -- /bin/sh -c "$FILE"'
settle "$@"' hailbook "$@"
  fi
  [ -z "$rest" ] || [ "$call" = folder ] || refuse STEP_FAILED "the folder \${path%/*} does not exist"
  cd -- "\${at:-/}" || refuse PATH_REFUSED "$(id -un) may not enter \${path%/*}"
  umask 077
  shift
  "$@"
)`;
