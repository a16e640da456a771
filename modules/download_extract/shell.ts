import { raw, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from '../_file/shell.ts';

/**
 * `survey DEST` prints what the marker in a folder says of its archive, and each file of the archive that is gone or has
 * another size. Files beside them (settings, logs) are nobody's business here.
 */
export const SURVEY = sh`# contents FOLDER: of everything in it but folders "type size path".
contents() { (cd -- "$1" && find . ! -type d ! -path ./.hailbook-archive -printf '%y %s %P\n' | sort); }
survey() {
  if [ -L "$1" ]; then echo link; return; fi
  [ -d "$1" ] || { if [ -e "$1" ]; then echo foreign; else echo absent; fi; return; }
  if [ ! -f "$1/.hailbook-archive" ]; then
    if [ -n "$(ls -A -- "$1")" ]; then echo foreign; else echo absent; fi
    return
  fi
  stat -c 'owner %U %G' -- "$1"
  sed '/^$/q' "$1/.hailbook-archive"
  { sed '1,/^$/d' "$1/.hailbook-archive"; echo; contents "$1"; } |
    awk '$0 == "" { present = 1; next } !present { noted[$0]; next } { delete noted[$0] }
      END { for (line in noted) { sub(/^. [0-9]+ /, "", line); print "damaged " line } }' | sort
}`;

const EXTRACT = `fetch() { # URL FILE
  if command -v curl >/dev/null; then
    curl -q -fsSL -g --proto =http,https --proto-redir =http,https --retry 3 --connect-timeout 20 --speed-limit 1000 --speed-time 60 -o "$2" "$1" </dev/null
  else
    wget -nv --tries=3 --timeout=60 --max-redirect=10 -O "$2" "$1" </dev/null
  fi
}
# noted NAME LENGTH: the checksum of the file NAME in the text on stdin, which is one of "hash  name" lines,
# "NAME: HASH" (gpg --print-md, as Apache has it: in groups, on several lines), "SHA512 (name) = hash", or the hash alone.
noted() {
  tr -d '\\r' | NAME=$1 awk -v len="$2" '
    function hash(text) { gsub(/[ \\t]/, "", text); return length(text) == len && text !~ /[^0-9A-Fa-f]/ ? tolower(text) : "" }
    function base(path) { sub(/^[*]/, "", path); sub(/.*[/]/, "", path); return path }
    {
      all = all $0 " "
      word = $0; sub(/[ \\t].*/, "", word); rest = $0; sub(/^[^ \\t]*[ \\t]+/, "", rest)
      if (hash(word) != "" && base(rest) == ENVIRON["NAME"]) found = hash(word)
      if (match($0, /[(].*[)] = /) && base(substr($0, RSTART + 1, RLENGTH - 5)) == ENVIRON["NAME"]) found = hash(substr($0, RSTART + RLENGTH))
    }
    END {
      if (found == "") { sub(/^[^ \\t]*:/, "", all); found = hash(all) }
      print found
    }'
}
# safe ARCHIVE STRIP: nothing in it may land outside of its folder. What tar lists is one line for each member, with
# names escaped; a name that could be read in two ways is refused.
safe() {
  LC_ALL=C tar --numeric-owner --quoting-style=escape -tvf "$1" >"$tmp/list" || refuse ARCHIVE_UNSAFE "it cannot be listed: it is damaged or no archive"
  STRIP=$2 awk '
    function bad(why) { print why ": " name; exit }
    function above(path, depth,  n, i, part) { # does the path, seen from that depth, lead above the top?
      n = split(path, part, "/")
      for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        depth += part[i] == ".." ? -1 : 1
        if (depth < 0) return 1
      }
      return 0
    }
    function plain(path) { # without what changes nothing
      while (sub(/[/][.]?[/]/, "/", path)) ;
      sub(/^([.][/])+/, "", path); sub(/([/][.]?)+$/, "", path)
      return path
    }
    {
      type = substr($0, 1, 1)
      # mode, owner/group, size, date, time, then the name with whatever blanks it has
      name = $0; for (i = 0; i < 5; i++) sub(/^[^ ]+ +/, "", name)
      target = ""
      if (type == "l" || type == "h") {
        arrow = type == "l" ? " -> " : " link to "
        at = index(name, arrow); if (!at) bad("a link that cannot be read")
        target = substr(name, at + length(arrow)); name = substr(name, 1, at - 1)
        if (index(target, arrow)) bad("a link that can be read in two ways")
      } else if (type != "-" && type != "d") bad("neither a file nor a folder nor a link (" type ")")
      if (name ~ /^[/]/) bad("an absolute path")
      if (("/" name "/") ~ /[/][.][.][/]/) bad("a path with ..")
      if (name ~ /[\\\\]n/) bad("a name with a line end")
      # tar itself would stumble over these, or not, depending on its release.
      path = plain(name); top = ""
      n = split(path, part, "/")
      for (i = 1; i < n; i++) {
        top = top (i > 1 ? "/" : "") part[i]
        if (top in links) bad("a path through a link of the archive")
        folders[top]
      }
      if (type != "d" && path in folders) bad("something that is a folder too")
      if (type == "d" && path in links) bad("a folder that is a link too")
      if (type == "h" && (target ~ /^[/]/ || ("/" target "/") ~ /[/][.][.][/]/)) bad("a hard link that leads outside")
      if (type == "h" && !(plain(target) in files)) bad("a hard link to what is not in it")
      # Only the last of the same name counts: tar removes the one before.
      delete links[path]; delete files[path]
      if (type == "d") folders[path]
      else files[path]
      if (type == "l" || type == "h" && plain(target) in links) links[path]
      if (type == "l") {
        depth = split(name, part, "/") - 1 - ENVIRON["STRIP"]; if (name ~ /^[.][/]/) depth--
        if (target ~ /^[/]/ || (depth >= 0 && above(target, depth))) bad("a link that leads outside")
      }
    }' "$tmp/list" >"$tmp/why"
  [ ! -s "$tmp/why" ] || refuse ARCHIVE_UNSAFE "$(cat "$tmp/why")"
}
# contained FOLDER: links are followed to their real end, which may lead through other links.
contained() {
  root=$(realpath -- "$1") || exit
  (cd -- "$1" && find . -type l -exec realpath -m -z -- {} + | tr '\\n\\0' '?\\n') | ROOT=$root awk '{
    if ($0 != ENVIRON["ROOT"] && index($0, ENVIRON["ROOT"] "/") != 1) { print; exit } }' >"$tmp/why"
  [ ! -s "$tmp/why" ] || refuse ARCHIVE_UNSAFE "a link leads outside, to $(cat "$tmp/why")"
}
# obtain ALGORITHM EXPECTED URL...: $tmp/archive from the first address that has the right one; sets $url and $sum.
obtain() {
  algorithm=$1 expected=$2 mismatch=''
  case $algorithm in sha256) len=64 ;; *) len=128 ;; esac
  shift 2
  for url; do
    wanted=$expected
    case $expected in
      http*|*'{url}'*)
        case $expected in *'{url}'*) from=\${expected%%'{url}'*}$url\${expected#*'{url}'} ;; *) from=$expected ;; esac
        fetch "$from" "$tmp/sums" || { echo "could not download $from" >&2; continue; }
        file=\${url%%[?#]*}
        wanted=$(noted "\${file##*/}" $len <"$tmp/sums")
        [ -n "$wanted" ] || { mismatch="$from holds no $algorithm of \${file##*/}"; continue; } ;;
    esac
    echo "downloading $url"
    fetch "$url" "$tmp/archive" || { echo "could not download $url" >&2; continue; }
    sum=$("\${algorithm}sum" <"$tmp/archive") || exit
    sum=\${sum%% *}
    [ "$sum" != "$wanted" ] || return 0
    mismatch="$url has the $algorithm $sum, not $wanted"
  done
  [ -z "$mismatch" ] || refuse CHECKSUM_MISMATCH "$mismatch"
  refuse DOWNLOAD_FAILED "no address gave the archive"
}
# adopt OLD NEW: what is in the old folder but was not of its archive goes along, as it is.
adopt() {
  sed '1,/^$/d' "$1/.hailbook-archive" | cut -d ' ' -f 3- | sort >"$tmp/theirs"
  (cd -- "$1" && find . ! -type d ! -path ./.hailbook-archive -printf '%P\\n' && find . -mindepth 1 -type d -empty -printf '%P\\n') >"$tmp/all" || exit
  sort "$tmp/all" | comm -23 - "$tmp/theirs" >"$tmp/ours" || exit
  # Hard links: a log that is being written goes on being the same file. What the new archive brings itself wins.
  while IFS= read -r file; do
    [ -e "$2/$file" ] || [ -L "$2/$file" ] || printf '%s\\0' "$file"
  done <"$tmp/ours" >"$tmp/adopted" || exit
  (cd -- "$1" && xargs -0 -r -a "$tmp/adopted" cp -a -l --parents -t "$2" --) || exit
}
extract() {
  algorithm=$1 expected=$2 strip=$3 owner=$4 group=$5
  shift 5
  umask 022
  # What a run left that was cut off: put an old folder back that was about to be replaced, remove the rest.
  for left in "./.$name.hailbook."??????; do
    [ ! -d "$left/old" ] || [ -e "./$name" ] || mv -T -- "$left/old" "./$name" || exit
    rm -rf -- "$left"
  done
  state=$(survey "./$name")
  case $state in
    link) refuse PATH_REFUSED "$path is a link" ;;
    foreign) refuse PATH_REFUSED "$path is there and was not made from an archive by hailbook" ;;
  esac
  tmp=$(mktemp -d "$PWD/.$name.hailbook.XXXXXX") || exit
  trap 'rm -rf -- "$tmp"' EXIT
  trap 'exit 143' HUP INT TERM
  obtain "$algorithm" "$expected" "$@"
  safe "$tmp/archive" "$strip"
  echo "extracting"
  mkdir -- "$tmp/new" && tar -xf "$tmp/archive" -C "$tmp/new" --no-same-owner --delay-directory-restore --strip-components="$strip" || exit
  contained "$tmp/new"
  [ -n "$(ls -A -- "$tmp/new")" ] || refuse STEP_FAILED "nothing is left of the archive without its first $strip folders"
  file=\${url%%[?#]*}
  { printf 'archive %s\\nchecksum %s:%s\\nstrip %s\\n\\n' "\${file##*/}" "$algorithm" "$sum" "$strip"; contents "$tmp/new"; } >"$tmp/marker" &&
    mv -- "$tmp/marker" "$tmp/new/.hailbook-archive" || exit
  chmod u+rwx,go+rx "$tmp/new"
  [ -z "$owner$group" ] || chown -hR -- "$owner\${group:+:$group}" "$tmp/new" || exit
  rm -f -- "$tmp/archive"
  if [ "$state" != absent ]; then adopt "./$name" "$tmp/new"; fi
  sync -f "$tmp/new"
  [ ! -d "./$name" ] || mv -T -- "./$name" "$tmp/old" || exit
  mv -T -- "$tmp/new" "./$name" || { mv -T -- "$tmp/old" "./$name"; exit 1; }
}
reown() { chown -hR -- "$1\${2:+:$2}" "./$name"; }`;

/**
 * `settle DEST extract ALGORITHM EXPECTED STRIP OWNER GROUP URL...` in the folder that DEST is in, as whoever owns that;
 * EXPECTED is a checksum, or a URL that may have `{url}` in it. `settle DEST reown OWNER GROUP` changes who owns it.
 */
export const EXTRACT_SHELL = sh`${raw(FILE_SHELL)}
FILE="$FILE
"${`${SURVEY}\n${EXTRACT}`}
eval "$FILE"`;
