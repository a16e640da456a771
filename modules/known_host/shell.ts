import { sh } from '../../engine/plan/sh.ts';

/**
 * `hashed PROGRAM`: what ssh-keygen says of each of $NAMES in the file $f, through awk, when there are hashed names
 * (`HashKnownHosts`, Debian's default for what ssh itself adds): they can only be found by asking for each.
 */
export const HASHED = sh`hashed() {
  set -f
  grep -q '^|1|' "$f" 2>/dev/null && command -v ssh-keygen >/dev/null || return 0
  for n in $NAMES; do ssh-keygen -F "$n" -f "$f" | awk -v name="$n" "$1"; done
}`;

/** Prints `name type base64` for each of $NAMES. Lines with a marker (@cert-authority, @revoked) mean something else and are left alone. */
export const PLAIN = `BEGIN { n = split(ENVIRON["NAMES"], names, " "); for (i = 1; i <= n; i++) wanted[names[i]] }
/^[#@|]/ || NF < 3 { next }
{ m = split($1, name, ","); for (i = 1; i <= m; i++) if (tolower(name[i]) in wanted) print tolower(name[i]), $2, $3 }`;

/** Drops the lines whose numbers are in $DROP, takes $NAMES out of all others, and adds a line for each of $KEYS. */
export const REPLACE = `BEGIN {
  n = split(ENVIRON["NAMES"], names, " ")
  for (i = 1; i <= n; i++) { wanted[names[i]]; all = all (i > 1 ? "," : "") names[i] }
  n = split(ENVIRON["DROP"], numbers, " ")
  for (i = 1; i <= n; i++) drop[numbers[i]]
}
/^[|]/ && NR in drop { next }
/^[#@|]/ || NF < 3 { print; next }
{
  m = split($1, name, ","); kept = ""
  for (i = 1; i <= m; i++) if (!(tolower(name[i]) in wanted)) kept = kept (kept == "" ? "" : ",") name[i]
  if (kept == $1) print
  else if (kept != "") { match($0, /[^ \\t]+/); print kept substr($0, RSTART + RLENGTH) }
}
END { n = split(ENVIRON["KEYS"], key, "\\n"); for (i = 1; i <= n; i++) print all, key[i] }`;
