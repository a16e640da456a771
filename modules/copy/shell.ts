import { fileShell } from '../_file/shell.ts';

/** Calls for `settle` beside those of `_file`, for folders and for files that are on the host already. */
export const COPY_SHELL = fileShell(`
# hashes FOLDER NAME...: of the files of these names in the folder at PATH, as sha256sum -z has them of FOLDER/NAME.
hashes() {
  folder=$1
  shift
  for file; do
    [ -f "./$file" ] && [ ! -L "./$file" ] || continue
    hash=$(sha256sum <"./$file") && printf '%s  %s/%s\\0' "\${hash%% *}" "$folder" "$file"
  done
}

# taken CALL...: as seen, but there must be a file.
taken() {
  [ -f "./$name" ] && [ -r "./$name" ] || refuse PATH_MISSING "there is no file $path that $(id -un) may read"
  seen "$@"
}

# tree OWNER GROUP: a tar on stdin, of files that are named by numbers, and of plan: calls of the functions below, in which the
# paths stand. The folder ./$name gets what the plan says; one that is not there yet appears when all is in it.
tree() {
  owner=$1 group=$2 top=$path fresh='' beside=$PWD base=$name
  [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is a link"
  entitled "$owner" "$group"
  if [ -d "./$name" ]; then
    cd -P -- "./$name" || refuse PATH_REFUSED "$(id -un) may not enter $path"
    room
    parts=$room
  else
    [ ! -e "./$name" ] || refuse PATH_REFUSED "$path is no folder"
    fresh=1
    room
    parts=$room/parts
    mkdir -- "$parts" "$room/new" && cd -- "$room/new" || exit
  fi
  tar -x -p --no-same-owner -f - -C "$parts" || exit
  find "$parts" -type f -exec sync -- {} + 2>/dev/null || sync
  if [ -n "$check" ]; then judging=1; . "$parts/plan"; fi
  judging=''
  . "$parts/plan"
  [ -n "$fresh" ] || return 0
  cd -- "$beside" && mv -T -n -- "$room/new" "./$base" && [ ! -e "$room/new" ] || refuse STEP_FAILED "$top appeared meanwhile"
  [ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null || restorecon -R -- "./$base"
}

naming() { name=$1 path=$top/$1; }

# f NUMBER MODE PATH: a file. Whether one that is judged is good is asked before the first takes its place.
f() {
  naming "$3"
  mode=$2
  if [ -n "$judging" ]; then
    mkdir -- "$parts/judged" && new=$parts/judged/\${3##*/} && mv -T -- "$parts/$1" "$new" || exit
    judged
    mv -T -- "$new" "$parts/$1" && rmdir -- "$parts/judged" || exit
    return
  fi
  # Judged already.
  check=''
  place "$parts/$1"
}

# l TARGET PATH: a link.
l() {
  [ -z "$judging" ] || return 0
  naming "$2"
  ln -s -T -- "$1" "$parts/link" && own "$parts/link" '' "$owner" "$group"
  mv -T -f -- "$parts/link" "./$name" || exit
}

# d PATH: a folder, for what comes into it. m MODE PATH: its ownership, when all is in it. o MODE PATH: that of a file.
d() {
  [ -z "$judging" ] || return 0
  [ ! -L "./$1" ] || refuse PATH_REFUSED "$top/$1 is a link"
  [ -d "./$1" ] || mkdir -- "./$1" || exit
}
m() { [ -n "$judging" ] || { naming "$2"; own "./$2" "$1" "$owner" "$group"; }; }
o() { m "$@"; }

# x PATH: nothing.
x() { [ -n "$judging" ] || rm -rf --one-file-system -- "./$1" || exit; }`);
