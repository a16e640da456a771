/**
 * Reads its stdin in two parts: options and wanted keys, one a line, then after an empty line the file. Of each line of the
 * file, as sshd reads it, `key` is type and base64 (empty for comments and what is no key), `options` what stands before it,
 * `rest` all from the type on, and `signs` whether it is the key of a certificate authority, which signs keys but does not
 * itself log in. A blank ends the options only outside of quotes, in which `\"` is a quote.
 */
const READ = `function plain(text) { return text ~ /^(ssh-|ecdsa-|sk-)[^ \\t]*[ \\t]+AAAA/ }
function read_line(i, c, quoted, names, word) {
  rest = $0
  sub(/\\r$/, "", rest)
  sub(/^[ \\t]+/, "", rest)
  signs = 0
  key = options = names = ""
  blank = rest == "" || rest ~ /^#/
  if (blank) return
  if (!plain(rest)) {
    for (i = 1; i <= length(rest); i++) {
      c = substr(rest, i, 1)
      if (c == "\\\\" && substr(rest, i + 1, 1) == "\\"") i++
      else if (c == "\\"") quoted = !quoted
      else if (!quoted && c ~ /[ \\t]/) break
      else if (!quoted) names = names c
    }
    signs = ("," tolower(names) ",") ~ /,cert-authority,/
    options = substr(rest, 1, i - 1)
    rest = substr(rest, i)
    sub(/^[ \\t]+/, "", rest)
  }
  if (!plain(rest)) return
  split(rest, word, /[ \\t]+/)
  key = word[1] " " word[2]
}
NR == 1 { wanted_options = $0; next }
!begun && $0 == "" { begun = 1; next }
!begun { line[++count] = $0; split($0, w, " "); wanted[w[1] " " w[2]]; next }
{ read_line() }
key != "" && !signs == !ENVIRON["SIGNS"] && (key in wanted) { mine = 1 }
`;

/** Prints \`mine KEY OPTIONS\` for each line with a wanted key, and \`other KEY\` for each with something else than a comment. */
export const LOOK = `${READ}mine { print "mine", key (options == "" ? "" : " " options); mine = 0; next }
!blank { print "other", key }`;

/**
 * The file as it should be. SET: the wanted keys have exactly the options that were given; without it, a line that is
 * there stays as it is. EXCLUSIVE: nothing else that is no comment stays. ABSENT: the keys go.
 */
export const EDIT = `${READ}mine {
  mine = 0
  if (ENVIRON["ABSENT"] || (ENVIRON["SET"] && key in done)) next
  if (ENVIRON["SET"]) print (wanted_options == "" ? "" : wanted_options " ") rest
  else print
  done[key]
  next
}
blank || !ENVIRON["EXCLUSIVE"]
END {
  for (i = 1; i <= count && !ENVIRON["ABSENT"]; i++) {
    split(line[i], w, " ")
    if (!((w[1] " " w[2]) in done)) print (wanted_options == "" ? "" : wanted_options " ") line[i]
  }
}`;
