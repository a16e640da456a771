import { type Sh, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';
import { WALK } from './walk.ts';

/** How what is at a path comes to be: each function is a call for `settle`, made in the path's folder with ./$name for the path. */
const CALLS = `
# room: $room is a folder of our own beside ./$name, in which nobody else sees or swaps what is not finished. What a run that
# was killed has left in such a folder goes: nobody holds its lock any more.
room() {
  for left in ./.hailbook.??????????; do
    [ -d "$left" ] && [ ! -L "$left" ] || continue
    [ -z "$(find "$left" -maxdepth 0 -uid "$me" -mmin +1)" ] || flock -n "$left" rm -rf -- "$left"
  done
  room=$(mktemp -d "\${PWD%/}/.hailbook.XXXXXXXXXX") || exit
  trap 'rm -rf -- "$room"' EXIT
  trap 'exit 143' HUP INT TERM
  exec 5<"$room" && flock -n 5 || exit
}

# entitled OWNER GROUP: only root gives things away, and an account only to its own groups. Asked before anything is begun.
entitled() {
  [ "$me" != 0 ] || return 0
  { [ -z "$1" ] || [ "$1" = "$(id -un)" ]; } && { [ -z "$2" ] || id -Gn | tr ' ' '\\n' | grep -q -x -F -e "$2"; } ||
    refuse PATH_REFUSED "$(id -un) can change the way to $path, so it cannot belong to $1\${2:+:$2}"
}

# own FILE MODE OWNER GROUP: an empty one stays as it is. The mode comes first: once a file in /tmp is another account's,
# that account could put a link in its place, which chmod would follow. But chown clears setuid and setgid of a file; in our
# room they are set again. GNU chmod takes a folder's setuid and setgid away only by a number of more than four digits.
own() {
  [ -z "$2" ] || chmod -- "00$2" "$1" || exit
  [ -z "$3$4" ] || chown -h -- "$3\${4:+:$4}" "$1" || exit
  case $2 in [1-7]???) { [ $shared != 0 ] && [ "$1" != "$new" ]; } || chmod -- "00$2" "$1" || exit ;; esac
}

# enter: into the folder at PATH, as root, though another account can change the way. Once root stands in the folder no one can
# swap it; that it is the one at this path, and not where a link leads that was put there a moment ago, the kernel says.
# But an account may put any folder of its folder at this path, and what it may not look into is not opened to it.
enter() {
  cd -P -- "$at/$name" || exit
  [ "$(env pwd -P)" = "$at/$name" ] || refuse PATH_REFUSED "$path is being replaced"
  [ -n "$actor" ] && [ "$(stat -c %U .)" != "$actor" ] && [ -n "$(ls -A .)" ] || return 0
  runuser -u "$actor" -- test -r . -a -x . ||
    refuse PATH_REFUSED "$path belongs to $(stat -c %U .) and is closed to $actor, who could have put it there"
}

# put MODE OWNER GROUP CALL...: ./$name becomes what the call prints, all at once. Not given: as it was, or 0644.
put() {
  mode=$1 owner=$2 group=$3
  shift 3
  if [ -e "./$name" ] && [ ! -L "./$name" ] && [ ! -f "./$name" ]; then refuse STEP_FAILED "$path is not a file"; fi
  entitled "$owner" "$group"
  room
  "$@" >"$room/$name" || exit
  sync -- "$room/$name" 2>/dev/null || sync
  place "$room/$name"
}

# with BACKUP CHECK CALL...: for what is put. BACKUP: what was there stays under another name. CHECK: a script, which judges the
# new file (its first word) before it takes its place.
with() { backup=$1 check=$2; shift 2; "$@"; }

# place FILE: the file from our room takes the place of ./$name, with $mode $owner $group.
place() {
  new=$1 was=''
  if [ -f "./$name" ] && [ ! -L "./$name" ]; then was=$(stat -c '%a %u %g %U' -- "./$name"); fi
  set -- $was
  # Its ACL, its SELinux context and other attributes stay (chown drops capabilities), unless another account could have
  # given them: an ACL that it made would let it read what is now no longer its own.
  case $2 in
    '') ;;
    0|"$me") inherit ;;
    *) [ $shared != 0 ] || { [ -n "$owner" ] && [ "$owner" != "$4" ]; } || inherit ;;
  esac
  [ -z "$check" ] || judged
  if [ "$me" = 0 ] && [ -n "$was" ]; then
    own "$new" "\${mode:-$1}" "\${owner:-$2}" "\${group:-$3}"
  else
    own "$new" "\${mode:-\${1:-0644}}" "$owner" "$group"
  fi
  keep
  mv -T -f -- "$new" "./$name" || exit
  # The policy may have another context for this name than for others in the folder.
  [ -n "$was" ] || [ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null || restorecon -- "./$name"
}

inherit() {
  [ ! -r "./$name" ] ||
    cp -P --attributes-only --preserve=all --no-preserve=ownership,timestamps -- "./$name" "$new" || exit
}

judged() {
  /bin/sh -c "$check" check "$new" >&2 </dev/null 5<&- 7<&- 9<&- || refuse VALIDATION_FAILED "the check of the new $path exited $?, so it was not put there"
}

# keep: what is at ./$name stays under another name as well, with all that belongs to it.
keep() {
  [ -n "$backup" ] && { [ -e "./$name" ] || [ -L "./$name" ]; } || return 0
  kept=./$name.$(date -u +%Y%m%dT%H%M%S.%NZ)~
  # Not every account may make a link to another's file, and not every file system can.
  ln -P -T -- "./$name" "$kept" 2>/dev/null && return
  cp -a -T -- "./$name" "$room/kept" && mv -T -n -- "$room/kept" "$kept" || exit
}

# edit MODE OWNER GROUP CALL...: the call gets the present text as its stdin. No other edit runs in this folder meanwhile.
edit() {
  exec 9<. && flock -w 60 9 || refuse STEP_FAILED "\${path%/*} stays locked by another run"
  [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is a link"
  if [ -e "./$name" ]; then put "$@" <"./$name"; else put "$@" </dev/null; fi
}

# adjust MODE OWNER GROUP: of what is there, in place.
adjust() {
  # Only a folder of an account that can change the way to it comes here.
  if [ -n "$actor" ]; then enter; own . "$@"; return; fi
  [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is a link"
  if [ "$3" = "$(stat -c %G -- "./$name")" ]; then entitled "$2" ''; else entitled "$2" "$3"; fi
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
  [ -d "./$name" ] || entitled "$2" "$3"
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
  entitled "$2" "$3"
  room
  ln -s -T -- "$1" "$room/$name" && own "$room/$name" '' "$2" "$3"
  mv -T -f -- "$room/$name" "./$name"
}

gone() { rm -rf --one-file-system -- "./$name"; }`;

const shell = (functions: string): Sh => sh`FILE=${functions}
eval "$FILE"`;

/** Shell functions for steps: `settle PATH put|edit|adjust|seen|folder|link|gone …`. Put before the calls, once a script. */
export const FILE_SHELL = shell(`${REFUSE}
${WALK}
${CALLS}`);

/** With more calls, for one module. */
export const fileShell = (calls: string): Sh =>
  shell(`${REFUSE}
${WALK}
${CALLS}
${calls}`);
