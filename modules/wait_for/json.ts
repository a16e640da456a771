import { sh } from '../../engine/plan/sh.ts';

/**
 * `json_field PATH` prints the number, text or word at a dotted path (`workers.0.state`) of the JSON on stdin; nothing when
 * there is none or it is a list or a map. A text is printed as it is written, escapes and all. There is no jq and no Python
 * on a bare host; a word of JSON never spans lines, so it is taken word by word.
 */
export const JSON_FIELD = sh`json_field() { FIELD=$1 awk '
  function path(  i, p) { for (i = 1; i <= depth; i++) p = p "." key[i]; return substr(p, 2) }
  function value(text) { if (path() == ENVIRON["FIELD"]) { print text; exit } }
  {
    line = $0
    while (match(line, /^([ \t\r]+|"([^"\\\\]|\\\\.)*"|[][{}:,]|[^][{}:," \t\r]+|")/)) {
      word = substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1)
      if (word ~ /^[ \t\r]+$/) continue
      if (word == "{" || word == "[") { list[++depth] = word == "["; key[depth] = list[depth] ? 0 : ""; named = 0 }
      else if (word == "}" || word == "]") depth--
      else if (word == ":") named = 1
      else if (word == ",") { named = 0; if (list[depth]) key[depth]++ }
      else {
        text = word
        if (word ~ /^"/) text = substr(word, 2, length(word) - 2)
        if (depth && !list[depth] && !named) key[depth] = text; else value(text)
      }
    }
  }'; }`;
