/** More members than any software has; a list of them must not fill the memory. */
const MEMBERS = 500_000;

/**
 * `unpack ARCHIVE FOLDER STRIP MAX` fills the new FOLDER, in which nothing leads outside, with at most MAX bytes; what would
 * do otherwise is refused before. Programs that it needs and this host lacks are named.
 */
export const UNPACK = `# kind ARCHIVE: sets $kind and how it becomes a plain one, $plain, by its first bytes: a name may say anything.
kind() {
  kind=tar plain=cat
  case $(head -c 6 -- "$1" | od -An -tx1 | tr -d ' \\n') in
    1f8b*) plain='gzip -dc' ;;
    425a68*) need bzip2 bzip2; plain='bzip2 -dc' ;;
    fd377a585a00) need xz xz-utils; plain='xz -dc' ;;
    28b52ffd*) need zstd zstd; plain='zstd -qdc' ;;
    504b0304*|504b0506*) need unzip unzip; kind=zip ;;
  esac
}
# expected_kind URL: what is missing is said before the download, where the name tells.
expected_kind() {
  case \${1%%[?#]*} in
    *.zip) need unzip unzip ;;
    *.xz|*.txz) need xz xz-utils ;;
    *.zst|*.tzst) need zstd zstd ;;
    *.bz2|*.tbz|*.tbz2) need bzip2 bzip2 ;;
  esac
}
# stream ARCHIVE MAX: its plain form, of which tar does not see whether it is whole: \`sound\` does.
stream() { { $plain <"$1" 2>/dev/null; echo "$plain $?" >"$work/plain"; } | head -c $(($2 + 1)); }
# tar reads a pipe to its end, so what could not write all of it was cut off for its size. gzip: 2 is a warning, of zeros
# behind it for instance.
sound() { case $(cat "$work/plain") in *' 0'|'gzip -dc 2') ;; *) return 2 ;; esac; }
unzipper() ( cd -- "\${1%/*}" && shift && LC_ALL=C.UTF-8 exec unzip "$@" </dev/null )
# members ARCHIVE MAX: a line for each, names escaped, then "listed STATUS".
members() {
  case $kind in
    tar) stream "$1" "$2" | LC_ALL=C tar --numeric-owner --quoting-style=escape -tvf - 2>/dev/null && sound ;;
    zip) unzipper "$1" -Z -l-h-t "\${1##*/}" 2>/dev/null ;;
  esac
  printf 'listed %s\\n' $?
}
# safe ARCHIVE MAX: nothing in it may land outside of its folder; sets $need, what it takes on disk, and $entries. Names that
# can be read in two ways are refused. What is listed is cut off where it gets too large.
safe() {
  verdict=$(members "$1" "$2" | KIND=$kind MAX=$2 awk '
    function bad(why) { print "unsafe " why ": " name; told = 1; exit }
    function plain(path) { # without what changes nothing
      while (sub(/[/][.]?[/]/, "/", path)) ;
      sub(/^([.][/])+/, "", path); sub(/([/][.]?)+$/, "", path)
      return path
    }
    BEGIN { tar = ENVIRON["KIND"] == "tar"; max = ENVIRON["MAX"] + 0 }
    /^listed [0-9]+$/ { status = $2; ended = 1; next }
    {
      type = substr($0, 1, 1); size = tar ? $3 : $4
      # tar: mode, owner/group, size, date, time; zip: mode, version, system, size, kind, packed, method, day, time. Then the
      # name with whatever blanks it has.
      name = $0; for (i = 0; i < (tar ? 5 : 9); i++) sub(/^[^ ]+ +/, "", name)
      if (!tar) {
        if (name ~ /\\^[@-_]/) bad("a name with a control character")
        # An archive of another system has them between folders.
        gsub(/\\\\/, "/", name)
        if (type == "?" ) type = name ~ /[/]$/ ? "d" : "-"
        if (type == "l") name = name " -> ."
      }
      if (type == "l" || type == "h") {
        arrow = type == "l" ? " -> " : " link to "
        at = index(name, arrow); if (!at) bad("a link that cannot be read")
        target = substr(name, at + length(arrow)); name = substr(name, 1, at - 1)
        if (index(target, arrow)) bad("a link that can be read in two ways")
      } else if (type != "-" && type != "d") bad("neither a file nor a folder nor a link (" type ")")
      if (name ~ /^[/]/) bad("an absolute path")
      if (("/" name "/") ~ /[/][.][.][/]/) bad("a path with ..")
      if (tar && name ~ /[\\\\]n/) bad("a name with a line end")
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
      if (!tar && type != "d" && path in files) bad("a file that is in it twice")
      # Only the last of the same name counts: tar removes the one before.
      delete links[path]; delete files[path]
      if (type == "d") folders[path]
      else files[path]
      if (type == "l" || type == "h" && plain(target) in links) links[path]
      sum += size; disk += int((size + 4095) / 4096) * 4096 + (type == "d") * 4096
      if (sum > max || ++count > ${MEMBERS}) { print "large"; told = 1; exit }
    }
    END {
      if (told) exit
      if (!ended || status > 1 || tar && status) print "broken"
      else printf "fits %.0f %d\\n", disk, count
    }')
  case $verdict in
    'fits '*) set -- $verdict; need=$2 entries=$3 ;;
    'unsafe '*) unsafe "\${verdict#unsafe }" ;;
    large) unsafe "it unpacks to more than max_size, $(($2 / 1048576)) MiB, or to more than ${MEMBERS} files" ;;
    *) [ "$kind" = zip ] || [ "$(stream "$1" "$2" | wc -c)" -le "$2" ] || unsafe "it unpacks to more than max_size, $(($2 / 1048576)) MiB"
      unsafe "it cannot be listed: it is damaged or no archive" ;;
  esac
}
unsafe() { rm -f -- "$archive"; refuse ARCHIVE_UNSAFE "$1"; }
# fits FOLDER: is there room for what the archive takes?
fits() {
  free=$(room) || exit
  [ "$need" -le "$free" ] || refuse DISK_FULL "it takes $((need / 1048576 + 1)) MiB, and $((free / 1048576)) MiB are free in $PWD"
  set -- $(df --output=itotal,iavail . | tail -n 1)
  # Some file systems count no inodes.
  case $1 in 0|-) return ;; esac
  [ "$entries" -le "$2" ] || refuse DISK_FULL "it has $entries files, and $2 more can be made in $PWD"
}
# untar ARCHIVE FOLDER STRIP MAX
untar() {
  stream "$1" "$4" | tar -xf - -C "$2" --no-same-owner --no-same-permissions --delay-directory-restore --strip-components="$3"
}
# unzip's own list says what the archive claims; what is really in it counts, and must have room too.
unzipped() {
  real=$(unzipper "$1" -p "\${1##*/}" 2>/dev/null | head -c $(($4 + 1)) | wc -c)
  [ "$real" -le "$4" ] || unsafe "it unpacks to more than max_size, $(($4 / 1048576)) MiB"
  [ "$real" -le "$need" ] || unsafe "it unpacks to more than it says"
  mkdir -- "$work/all" || exit
  # 1 is a warning. Its -: is not given, so .. is refused by it as well.
  unzipper "$1" -q -n -d "$work/all" "\${1##*/}" || [ $? = 1 ] || return
  find "$work/all" -mindepth $(($3 + 1)) -maxdepth $(($3 + 1)) -exec mv -n -t "$2" -- {} + || return
  [ -z "$(find "$work/all" -mindepth $(($3 + 1)) -print -quit)" ] || refuse STEP_FAILED "without its first $3 folders two things have the same name: $(find "$work/all" -mindepth $(($3 + 1)) -printf '%P' -quit)"
  rm -rf -- "$work/all"
}
# contained FOLDER: no link leads outside: neither by its text, nor at its real end, which may lead through other links.
contained() {
  (cd -- "$1" && find . -type l -printf '%P\\0%l\\0') | tr '\\n\\0' '?\\n' | awk '
    function above(path, depth,  n, i, part) { # does the path, seen from that depth, lead above the top?
      n = split(path, part, "/")
      for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        depth += part[i] == ".." ? -1 : 1
        if (depth < 0) return 1
      }
      return 0
    }
    NR % 2 { path = $0; next }
    $0 ~ /^[/]/ || above($0, split(path, part, "/") - 1) { print path; exit }' >"$work/why"
  [ ! -s "$work/why" ] || unsafe "a link that leads outside: $(cat "$work/why")"
  root=$(realpath -- "$1") || exit
  (cd -- "$1" && find . -type l -exec realpath -m -z -- {} + | tr '\\n\\0' '?\\n') | ROOT=$root awk '{
    if ($0 != ENVIRON["ROOT"] && index($0, ENVIRON["ROOT"] "/") != 1) { print; exit } }' >"$work/why"
  [ ! -s "$work/why" ] || unsafe "a link that leads outside, to $(cat "$work/why")"
}
unpack() {
  kind "$1"
  safe "$1" "$4"
  fits "$2"
  mkdir -- "$2" || exit
  case $kind in tar) untar "$@" ;; zip) unzipped "$@" ;; esac || exit
  contained "$2"
  [ -n "$(ls -A -- "$2")" ] || refuse STEP_FAILED "nothing is left of the archive without its first $3 folders"
  # Nobody's rights to change what others run come from an archive.
  find "$2" ! -type l -perm /7022 -exec chmod go-w,a-st -- {} + || exit
  chmod u+rwx,go+rx -- "$2"
}`;
