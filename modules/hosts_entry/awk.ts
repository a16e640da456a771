/**
 * Reads a hosts file whose last line is followed by a dot, and prints it as it shall be or, with LOOK set, what there is to know of it:
 * `here NAME`, `other NAME` of the address, `ADDRESS NAME` of a wanted name elsewhere, `was LINE`, `becomes LINE`.
 * ADDRESS, NAMES (by spaces), STATE and EXCLUSIVE come by the environment: awk would take backslashes in `-v` as escapes.
 * Host names have no case, and an IPv6 address has many spellings. A name may stand for one address of each family.
 */
export const HOSTS = `BEGIN {
  address = normal(ENVIRON["ADDRESS"])
  look = ENVIRON["LOOK"] != ""
  absent = ENVIRON["STATE"] == "absent"
  exclusive = ENVIRON["EXCLUSIVE"] != ""
  n = split(ENVIRON["NAMES"], names, " ")
  for (i = 1; i <= n; i++) wanted[tolower(names[i])]
}
{ line[NR] = $0 }
END {
  count = NR
  ended = line[count] == "."
  if (ended) count--; else line[count] = substr(line[count], 1, length(line[count]) - 1)
  return_ = line[1] ~ /\\r$/ ? "\\r" : ""
  for (i = 1; i <= count; i++) edit(line[i])
  for (i = 1; i <= n && !absent; i++) if (!(tolower(names[i]) in have)) { have[tolower(names[i])]; missing = missing " " names[i] }
  if (missing == "" && home && home == bare) leave(home, after)
  if (missing != "" && home) {
    if (!(home in was)) was[home] = before after
    out[home] = before missing after
  } else if (missing != "") {
    if (!ended && total) out[total] = out[total] return_
    out[++total] = ENVIRON["ADDRESS"] "\\t" substr(missing, 2) (ended || !total ? return_ : "")
    made = total
  }
  if (look) {
    for (i = 1; i <= total; i++) {
      if (i in was) say("was", was[i])
      if (i in was && !(i in gone) || i == made) say("becomes", out[i])
    }
    exit
  }
  for (i = 1; i <= total; i++) if (!(i in gone)) last = i
  for (i = 1; i <= last; i++) if (!(i in gone)) printf "%s%s", out[i], (i < last || ended ? "\\n" : "")
}

function say(what, text) { sub(/\\r$/, "", text); print what, text }

function edit(whole,   text, rest, kept, words, cut, word, gap, here, near, drop) {
  text = whole
  sub(/[ \\t]*(#.*)?\\r?$/, "", text)
  rest = text
  while (match(rest, /[^ \\t]+/)) {
    gap = substr(rest, 1, RSTART - 1)
    word = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    if (++words == 1) {
      own = normal(word)
      here = own != "" && own == address
      near = own != "" && (address == "" || (index(own, ":") > 0) == (index(address, ":") > 0))
    } else {
      drop = 0
      if (tolower(word) in wanted) {
        if (look && (here || near)) print (here ? "here" : first), tolower(word)
        if (absent) drop = here || address == ""
        else if (here) have[tolower(word)]
        else drop = near
      } else if (here) {
        if (look) print "other", tolower(word)
        drop = absent ? n == 0 : exclusive
      }
      if (drop) { cut++; continue }
    }
    if (words == 1) first = word
    kept = kept gap word
  }
  after_text = substr(whole, length(text) + 1)
  total++
  out[total] = cut ? kept after_text : whole
  if (cut) was[total] = whole
  if (here && !absent && !home) {
    home = total; before = kept; after = after_text
    if (cut && words == cut + 1) bare = total
  } else if (cut && words == cut + 1) leave(total, after_text)
}

# Nobody is left under the address of that line. A comment stays.
function leave(at, comment) {
  sub(/^[ \\t]+/, "", comment)
  if (comment ~ /^#/) out[at] = comment; else gone[at]
}

# The address in one spelling; empty when it is none.
function normal(a,   zone, at, parts, head, tail, groups, i, k, m, text) {
  a = tolower(a)
  if ((at = index(a, "%"))) { zone = substr(a, at); a = substr(a, 1, at - 1) }
  if (a ~ /^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$/) return a zone
  if (a !~ /^[0-9a-f]*:[0-9a-f:.]*$/) return ""
  if (match(a, /[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$/)) {
    split(substr(a, RSTART), parts, ".")
    a = substr(a, 1, RSTART - 1) sprintf("%x:%x", parts[1] * 256 + parts[2], parts[3] * 256 + parts[4])
  }
  at = index(a, "::")
  k = split(at ? substr(a, 1, at - 1) : a, head, ":")
  m = at ? split(substr(a, at + 2), tail, ":") : 0
  for (i = 1; i <= 8; i++) {
    text = i <= k ? head[i] : i > 8 - m ? tail[i - 8 + m] : "0"
    sub(/^0+/, "", text)
    groups = groups (i > 1 ? ":" : "") (text == "" ? "0" : text)
  }
  return groups zone
}`;
