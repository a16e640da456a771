import { raw, sh } from '../../engine/plan/sh.ts';
import { APT_SHELL } from '../apt/shell.ts';

/** `look SOURCES KEY PREFERENCES URI...`: the three files, and other sources' files in which one of the URIs stands. */
export const LOOK = sh`look() {
  own=$1
  [ ! -f "$1" ] || sed 's/^/sources /' "$1" || exit
  [ ! -f "$2" ] || { hash=$(sha256sum <"$2") && echo "key \${hash%% *}"; } || exit
  [ ! -f "$3" ] || sed 's/^/preferences /' "$3" || exit
  shift 3
  for uri; do
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
      [ -f "$file" ] && [ "$file" != "$own" ] && grep -q -F -e "$uri" -- "$file" || continue
      sed "s|^|other $file |" "$file"
    done
  done
  echo end
}`;

/**
 * `fetch SOURCES [key]`: its lists, by a file of sources that only this apt-get reads, verified with the key on stdin. What other sources
 * brought stays, and so does apt's cache of it. Whatever is wrong with it is said now, and apt on the host has not seen it.
 */
export const FETCH_SHELL = sh`${raw(APT_SHELL)}
fetch() {
  # What a killed one left.
  find /var/lib/apt -maxdepth 1 -name 'hailbook.*' -mmin +60 -exec rm -rf {} +
  stage=$(mktemp -d /var/lib/apt/hailbook.XXXXXXXXXX) || exit
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 143' HUP INT TERM
  # apt verifies as an account of its own.
  chmod 0755 "$stage"
  printf %s "$1" >"$stage/new.sources"
  if [ -n "$2" ]; then
    cat >"$stage/key.gpg" && sed -i "s|^Signed-By: .*|Signed-By: $stage/key.gpg|" "$stage/new.sources" || exit
  fi
  apt_get -o Dir::Etc::sourcelist="$stage/new.sources" -o Dir::Etc::sourceparts=/dev/null \\
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any update || exit
}`;
