import { fileShell } from '../_file/shell.ts';

/** Calls for `settle` beside those of `_file`. */
export const FILE_TREE_SHELL = fileShell(`
# all MODE OWNER GROUP CHANGE: adjusts the folder, and gives owner, group and the permissions CHANGE to everything in it.
all() {
  top=$1 owner=$2 group=$3 change=$4
  enter
  refuse_planted
  # find enters no link, and chown -h follows none, so nobody can lead these two out of the folder.
  [ -z "$owner" ] || find . -mindepth 1 ! -user "$owner" -execdir chown -h -- "$owner" {} + || exit
  [ -z "$group" ] || find . -mindepth 1 ! -group "$group" -execdir chgrp -h -- "$group" {} + || exit
  own . "$top" "$owner" "$group"
  [ -n "$change" ] || return 0
  # But chmod follows a link that takes a file's place, so it is called as the account that could put one there.
  actor=''
  while read -r uid gid mode user its; do
    judge "$path" "$uid" "$gid" "$mode" "$user" "$its" directory
  done <<FOLDERS
$(find . -type d -printf '%U %G %m %u %g\\n' | sort -u)
FOLDERS
  set -- find . -mindepth 1 ! -type l -execdir chmod -- "$change" {} +
  if [ -n "$actor" ] && [ "$me" = 0 ]; then runuser -u "$actor" -- "$@"; else "$@"; fi
}

# A hard link to another's file, in a folder of an account, could have been put there to get hold of that file.
refuse_planted() {
  set -- . ! -type d -links +1
  accounts=$(find . -type d ! -uid 0 -printf '%U\\n' | sort -u)
  [ -n "$accounts" ] || return 0
  for uid in $accounts; do set -- "$@" ! -uid "$uid"; done
  planted=$(find "$@" -print -quit)
  [ -z "$planted" ] || refuse PATH_REFUSED "$path/\${planted#./} has other names, and is not of the account that its folder belongs to"
}

# hard TARGET: another name of the file at TARGET.
hard() {
  [ ! -e "./$name" ] && [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is there already"
  (walk "\${1%/*}"; [ -z "$actor" ] || [ "$me" != 0 ] || refuse PATH_REFUSED "$actor can change the way to $1") || exit
  [ -f "$1" ] && [ ! -L "$1" ] || refuse PATH_MISSING "there is no file $1"
  ln -P -T -- "$1" "./$name"
}`);
