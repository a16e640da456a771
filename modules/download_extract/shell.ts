import { raw, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { WORK_SHELL } from '../_work/shell.ts';
import { FETCH } from './fetch.ts';
import { UNPACK } from './unpack.ts';

/**
 * `survey DEST` prints what the marker in a folder says of its archive, and each file of the archive that is gone or has
 * another size; with `content`, as far as the marker knows it, also those with another content. Files beside them (settings, logs) are
 * nobody's business here.
 */
export const SURVEY = sh`# contents FOLDER VERIFY: of everything in it but folders "type size path", and where a link leads when that is to be verified.
contents() (
  cd -- "$1" || exit
  [ "$2" = content ] && link='%y %s %P -> %l\\n' || link='%y %s %P\\n'
  find . -path ./.hailbook-archive -o -path ./.hailbook-sums -o -type d -o -type l -printf "$link" -o -printf '%y %s %P\\n' | sort
)
altered() ( cd -- "$1" && [ ! -L .hailbook-sums ] && sha256sum -c --quiet .hailbook-sums 2>/dev/null | sed -n 's,^\\(\\\\*\\)[.]/\\(.*\\): FAILED.*,damaged \\1\\2,p' )
survey() {
  if [ -L "$1" ]; then echo link; return; fi
  [ -d "$1" ] || { if [ -e "$1" ]; then echo foreign; else echo absent; fi; return; }
  if [ ! -f "$1/.hailbook-archive" ] || [ -L "$1/.hailbook-archive" ]; then
    if [ -n "$(ls -A -- "$1")" ]; then echo foreign; else echo absent; fi
    return
  fi
  stat -c 'owner %U %G' -- "$1"
  sed '/^$/q' "$1/.hailbook-archive"
  verify=$(sed -n '/^$/q; s/^verify //p' "$1/.hailbook-archive")
  {
    { sed '1,/^$/d' "$1/.hailbook-archive"; echo; contents "$1" "$verify"; } |
      awk '$0 == "" { present = 1; next } !present { noted[$0]; next } { delete noted[$0] }
        END { for (line in noted) { link = line ~ /^l /; sub(/^. [0-9]+ /, "", line); if (link) sub(/ -> .*/, "", line); print "damaged " line } }'
    [ "$2" != content ] || [ "$verify" != content ] || altered "$1"
  } | sort -u
}
# unfinished DEST: did a run leave something of its work on it, or is it still at it?
unfinished() { if [ -d "\${1%/*}/.\${1##*/}.hailbook-work" ]; then echo unfinished; fi; }
# lead LINK: where it leads.
lead() { if [ -L "$1" ]; then printf 'lead %s\\n' "$(readlink -- "$1")"; elif [ -e "$1" ]; then echo taken; fi; }`;

const EXTRACT = `# inside OLD FOLDER COMMAND...: in that folder of OLD, if it is really there: once we stand in it no one can swap it for a link,
# and that no link led here the kernel says. Whoever owns OLD could plant one.
inside() (
  cd -P -- "$1/$2" 2>/dev/null && [ "$(env pwd -P)" = "$1\${2:+/}$2" ] || exit 0
  shift 2
  "$@"
)
# deep OLD NEW FOLDER: the folder is made in NEW with the owner and mode that it has in OLD.
deep() {
  [ -n "$3" ] && [ ! -d "$2/$3" ] || return 0
  case $3 in */*) deep "$1" "$2" "\${3%/*}" ;; esac
  mkdir -- "$2/$3" 2>/dev/null || return 0
  inside "$1" "$3" chown --reference=. -- "$2/$3"
  inside "$1" "$3" chmod --reference=. -- "$2/$3"
}
# adopt OLD NEW: what is in the old folder but was not of its archive goes along, as it is. Hard links: a log that is being
# written goes on being the same file. What the new archive brings itself wins.
adopt() {
  old=$(cd -P -- "$1" && env pwd -P) || exit
  sed '1,/^$/d; /^l /s/ -> .*//' "$old/.hailbook-archive" | cut -d ' ' -f 3- | sort >"$work/theirs"
  [ -z "$(find "$old" -name '*
*' -print -quit)" ] || refuse STEP_FAILED "a file in $path has a line end in its name and cannot be taken along"
  (cd -- "$old" && find . ! -type d ! -path ./.hailbook-archive ! -path ./.hailbook-sums -printf '%P\\n' && find . -mindepth 1 -type d -empty -printf '%P/\\n') >"$work/there" || exit
  sort "$work/there" | comm -23 - "$work/theirs" >"$work/ours" || exit
  while IFS= read -r file; do
    case $file in */*) folder=\${file%/*} ;; *) folder='' ;; esac
    deep "$old" "$2" "$folder"
    if [ -e "$2/$file" ] || [ -L "$2/$file" ] || [ ! -d "$2/$folder" ]; then continue; fi
    inside "$old" "$folder" ln -P -- "./\${file##*/}" "$2/$file" || exit
  done <"$work/ours"
}
# answered: what another run made while this one waited is what this one was to make.
answered() {
  [ -n "$waited" ] && [ -f "./$name/.hailbook-archive" ] || return
  state=$(survey "./$name" "$verify")
  case $state in *'
damaged '*) return 1 ;; esac
  case $expected in http*|*'{url}'*) set -- "archive $file" "strip $strip" ;; *) set -- "checksum $algorithm:$expected" "strip $strip" ;; esac
  [ "$verify" = sizes ] || set -- "$@" "verify $verify"
  for line; do printf '%s\\n' "$state" | grep -Fqx -- "$line" || return; done
}
mine() {
  case $(survey "./$name") in
    link) refuse PATH_REFUSED "$path is a link" ;;
    foreign) refuse PATH_REFUSED "$path is there and was not made from an archive by hailbook" ;;
  esac
}
# extract NAME=VALUE... -- URL...: without a URL the archive comes on stdin, otherwise what curl is to keep secret.
extract() {
  while [ "$1" != -- ]; do
    eval "\${1%%=*}=\\\${1#*=}"
    shift
  done
  shift
  umask 022
  claim 3600
  if answered; then say "another run has made it"; return; fi
  mine
  if [ $# -gt 0 ]; then
    config=$(cat) || exit
    for url; do expected_kind "$url"; done
    obtain "$@"
  else
    expected_kind "$file"
    free=$(room) || exit
    [ "$bytes" -le "$free" ] || refuse DISK_FULL "$file has $((bytes / 1048576 + 1)) MiB, and $((free / 1048576)) MiB are free in $PWD"
    # That all of it has come, and as it was sent, is the connection's to say.
    archive=$work/archive sum=$expected
    cat >"$archive" || exit
  fi
  say extracting
  new=$work/new
  unpack "$archive" "$new" "$strip" "$max"
  rm -f -- "$archive"
  if [ -e "$new/.hailbook-archive" ] || [ -e "$new/.hailbook-sums" ]; then unsafe "it has a marker of hailbook in it"; fi
  case $verify in content) (cd -- "$new" && find . -type f -exec sha256sum -- {} +) >"$work/sums" && mv -- "$work/sums" "$new/.hailbook-sums" || exit ;; esac
  {
    printf 'archive %s\\nchecksum %s:%s\\nstrip %s\\n' "$file" "$algorithm" "$sum" "$strip"
    [ "$verify" = sizes ] || printf 'verify %s\\n' "$verify"
    echo
    contents "$new" "$verify"
  } >"$work/marker" && mv -- "$work/marker" "$new/.hailbook-archive" || exit
  [ -z "$owner$group" ] || chown -hR -- "$owner\${group:+:$group}" "$new" || exit
  if [ -f "./$name/.hailbook-archive" ]; then adopt "./$name" "$new"; fi
  sync -f "$new"
  # Where mv can (coreutils 9.5), there is no moment without the folder.
  if [ -d "./$name" ] && mv --exchange -T -- "$new" "./$name" 2>/dev/null; then return; fi
  [ ! -d "./$name" ] || mv -T -- "./$name" "$work/old" || exit
  mv -T -- "$new" "./$name" || exit
}
reown() { chown -hR -- "$1\${2:+:$2}" "./$name"; }
# finish: what a run left that was cut off after its work.
finish() {
  claim 3600
  rm -f -- "$work"/part-*
}
discard() {
  finish
  mine
  [ ! -e "./$name/.hailbook-archive" ] || mv -T -- "./$name" "$work/gone"
}
# unlead TARGET: the link goes if it leads there.
unlead() { [ "$(readlink -- "./$name")" != "$1" ] || rm -f -- "./$name"; }`;

/**
 * In the folder that DEST is in, as whoever owns that: `settle DEST extract NAME=VALUE… -- URL…` (algorithm, expected, file, strip,
 * verify, max, owner, group; retries, patience, proxy for addresses; bytes for an archive on stdin), `settle DEST reown OWNER GROUP`,
 * `settle DEST discard`; `settle LINK unlead DEST`.
 */
export const EXTRACT_SHELL = sh`${raw(FILE_SHELL)}
FILE="$FILE
"${[WORK_SHELL, SURVEY, FETCH, UNPACK, EXTRACT].join('\n')}
eval "$FILE"`;
