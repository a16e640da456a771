/**
 * `obtain URL...` sets $archive, $url and $sum: the archive from the first address that has the right one. Before it:
 * $algorithm, $expected (a checksum, or a URL that may have {url} in it), $retries, $patience, $max, $proxy, $config.
 */
export const FETCH = `# fetch URL FILE BYTES: goes on where FILE ends. 0 here it is; 1 not now; 2 never; 3 it is larger;
# 4 the server cannot go on there. Why is in $why.
fetch() {
  quick=$((patience < 20 ? patience : 20))
  if [ -n "$config" ] || command -v curl >/dev/null; then
    by_curl "$@"
  else
    by_wget "$@"
  fi
}
# limited BYTES COMMAND...: no file may become larger, whatever a server sends.
limited() ( ulimit -f $(($1 / 512 + 1)); shift; exec "$@" )
by_curl() {
  need curl curl
  case $proxy in default) ;; none) set -- "$@" --noproxy '*' ;; *) set -- "$@" --proxy "$proxy" ;; esac
  from=$1 into=$2 bytes=$3
  shift 3
  # What is secret goes by stdin: everyone can read an argument.
  status=$(printf '%s\\n' "$config" | limited "$((bytes + $(size "$into")))" curl -q -K - -fsSL -g --proto =http,https \
    --proto-redir =http,https --max-redirs 10 --connect-timeout $quick --speed-limit 1000 --speed-time "$patience" \
    --max-filesize "$bytes" -C - -w '%{http_code}' -o "$into" "$@" -- "$from" 2>"$work/why")
  code=$?
  why=$(sed -n '$s/^curl: *//p' "$work/why")
  case $code in
    0) ;;
    22) case $status in 408|425|429|5??) return 1 ;; *) return 2 ;; esac ;;
    33|36) return 4 ;;
    1|3|47|51|58|60|77|83|90|91) return 2 ;;
    23|63|153) return 3 ;;
    *) return 1 ;;
  esac
}
by_wget() {
  command -v wget >/dev/null || refuse PROGRAM_MISSING "neither curl nor wget is on this host; on Debian one is in the package curl"
  case $proxy in default) ;; none) set -- "$@" --no-proxy ;; *) set -- "$@" -e use_proxy=yes -e "http_proxy=$proxy" -e "https_proxy=$proxy" ;; esac
  from=$1 into=$2 bytes=$3
  shift 3
  limited "$((bytes + $(size "$into")))" wget -nv -c --tries=1 --timeout="$patience" --max-redirect=10 "$@" -O "$into" -- "$from" </dev/null >"$work/why" 2>&1
  code=$?
  why=$(sed -n '$s/^.*ERROR/ERROR/; $p' "$work/why")
  case $code in
    0) ;;
    8) case $why in *'ERROR 408'*|*'ERROR 425'*|*'ERROR 429'*|*'ERROR 5'??:*) return 1 ;; *) return 2 ;; esac ;;
    2|5|6) return 2 ;;
    3|153) return 3 ;;
    *) return 1 ;;
  esac
}
size() { stat -c %s -- "$1" 2>/dev/null || echo 0; }
room() { df --output=avail -B1 . | tail -n 1 | tr -d ' '; }
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
# take: the archive from $url. 0 it is the right one; 1 not now; 2 never.
take() {
  wanted=$expected
  case $expected in
    http*|*'{url}'*)
      case $expected in *'{url}'*) sums=\${expected%%'{url}'*}$url\${expected#*'{url}'} ;; *) sums=$expected ;; esac
      # A text of a few lines: more than that is none.
      rm -f -- "$work/sums"
      fetch "$sums" "$work/sums" 1048576 || { [ $? = 1 ] && code=1 || code=2; why="$sums: $why"; return $code; }
      base=\${url%%[?#]*}
      wanted=$(noted "\${base##*/}" "$len" <"$work/sums")
      [ -n "$wanted" ] || { why="$sums holds no $algorithm of \${base##*/}"; mismatch=$why; return 2; } ;;
  esac
  archive=$work/part-$algorithm-$wanted
  had=$(size "$archive")
  if [ "$had" = 0 ]; then say "downloading $url"; else say "downloading $url from byte $had on"; fi
  free=$(room) || exit
  fetch "$url" "$archive" $((free < max ? free : max))
  case $? in
    0) ;;
    1) why="$url: $why"; return 1 ;;
    2) why="$url: $why"; return 2 ;;
    4) rm -f -- "$archive"; take; return ;;
    3) [ "$free" -lt "$max" ] || refuse ARCHIVE_UNSAFE "$url is larger than max_size"
      refuse DISK_FULL "$url is larger than what is free in $PWD: $((free / 1048576)) MiB" ;;
  esac
  sum=$("\${algorithm}sum" <"$archive") || exit
  sum=\${sum%% *}
  [ "$sum" != "$wanted" ] || return 0
  rm -f -- "$archive"
  # What was there already may have been another server's half of something else.
  if [ "$had" != 0 ]; then take; return; fi
  why="$url has the $algorithm $sum, not $wanted" mismatch=$why
  return 2
}
# obtain URL...: each address in turn; those that may yet answer again after a pause, which doubles.
obtain() {
  case $algorithm in sha256) len=64 ;; *) len=128 ;; esac
  mismatch='' pause=1
  while :; do
    reasons='' left=$#
    while [ "$left" -gt 0 ]; do
      url=$1 left=$((left - 1))
      shift
      take && return
      if [ $? = 1 ]; then set -- "$@" "$url"; fi
      say "$why"
      reasons="$reasons\${reasons:+; }$why"
    done
    [ $# -gt 0 ] && [ "$retries" -gt 0 ] || break
    say "trying again in $pause s"
    sleep "$pause"
    retries=$((retries - 1)) pause=$((pause * 2))
    [ "$pause" -le 30 ] || pause=30
  done
  [ -z "$mismatch" ] || refuse CHECKSUM_MISMATCH "$mismatch"
  refuse DOWNLOAD_FAILED "no address gave the archive: $reasons"
}`;
