/** Both get ADDRESS and NAMES (by spaces) in their environment: awk would take backslashes in `-v` as escapes. */

/** Prints `here NAME` or `ADDRESS NAME` for each wanted name that stands somewhere. Host names have no case. */
export const FIND = `BEGIN {
  address = tolower(ENVIRON["ADDRESS"])
  n = split(ENVIRON["NAMES"], names, " ")
  for (i = 1; i <= n; i++) wanted[tolower(names[i])]
}
{
  sub(/\\r$/, ""); sub(/#.*/, "")
  for (i = 2; i <= NF; i++) if (tolower($i) in wanted) print (tolower($1) == address ? "here" : $1), tolower($i)
}`;

/** The text with the wanted names under the address and nowhere else; every other byte as it was. */
export const MOVE = `BEGIN {
  address = tolower(ENVIRON["ADDRESS"])
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
  for (i = 1; i <= n; i++) if (!(tolower(names[i]) in have)) { have[tolower(names[i])]; missing = missing " " names[i] }
  if (missing != "" && home) out[home] = before missing after
  else if (missing != "") {
    if (!ended) out[total] = out[total] return_
    out[++total] = ENVIRON["ADDRESS"] "\\t" substr(missing, 2) (ended ? return_ : "")
  }
  for (i = 1; i <= total; i++) printf "%s%s", out[i], (i < total || ended ? "\\n" : "")
}

function edit(whole,   text, rest, kept, words, cut, word, gap) {
  text = whole
  sub(/[ \\t]*(#.*)?\\r?$/, "", text)
  rest = text
  while (match(rest, /[^ \\t]+/)) {
    gap = substr(rest, 1, RSTART - 1)
    word = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    if (++words == 1) ours = tolower(word) == address
    else if (tolower(word) in wanted) {
      if (ours) have[tolower(word)]
      else { cut++; continue }
    }
    kept = kept gap word
  }
  after_text = substr(whole, length(text) + 1)
  if (cut && words == cut + 1) {
    # Nobody is left under this address. A comment stays.
    sub(/^[ \\t]+/, "", after_text)
    if (after_text ~ /^#/) out[++total] = after_text
    return
  }
  out[++total] = kept after_text
  if (words && ours && !home) { home = total; before = kept; after = after_text }
}`;
