import { fileShell } from '../_file/shell.ts';

/** Puts the first `n` lines of its stdin behind line `a` of the rest, without the lines of `drop` (`3 7 12-15`). */
const SPLICE = `function put(j) { if (!done++) for (j = 1; j <= n; j++) print text[j] }
BEGIN { for (i = split(drop, part, " "); i > 0; i--) { k = split(part[i], ends, "-"); for (j = ends[1]; j <= ends[k]; j++) gone[j + 0] } }
NR <= n { text[NR] = $0; next }
{ i = NR - n; if (a == 0) put(); if (!(i in gone)) print; if (i == a) put() }
END { put() }`;

/**
 * Calls for `settle` beside those of `_file`. The look and the edit find lines by the same functions, so what a check says is what a
 * run does. Expressions are grep's and sed's (-E); the text of a file is only ever their input.
 */
export const LINE_SHELL = fileShell(`
# numbers HOW TEXT FILE: the lines of FILE as NUMBER:LINE; E: that the expression TEXT finds, F: with TEXT in them, x: that are TEXT.
numbers() {
  case $1 in
    x) grep -a -n -F -x -e "$2" -- "$3" ;;
    *) grep -a -n "-$1" -e "$2" -- "$3" ;;
  esac
  # grep exits 1 for none, and 2 when it could not look or does not understand the expression.
  [ $? -le 1 ] || exit 2
}

count() { awk 'END { print NR }' "$1"; }

# expanded EXPRESSION REPLACEMENT: each line of stdin as the replacement for what the expression finds in it.
expanded() {
  s=$(printf '\\001')
  sed -E "s$s$1$s\\\\n$2\\\\n$s;s/^[^\\\\n]*\\\\n//;s/\\\\n[^\\\\n]*$//"
}

# place_of AFTER BEFORE FIRST FILE: the number of the line behind which something new comes, or none.
place_of() {
  case $1.$2 in
    .|EOF.) count "$4"; return ;;
    .BOF) echo 0; return ;;
  esac
  found=$(numbers E "$1$2" "$4") || exit
  if [ -z "$found" ]; then [ "$(count "$4")" != 0 ] || echo 0; return; fi
  if [ "$3" = 1 ]; then found=\${found%%:*}; else found=$(printf '%s\\n' "$found" | tail -n 1) && found=\${found%%:*}; fi
  [ -z "$2" ] || found=$((found - 1))
  echo "$found"
}

# look HOW TEXT LINE REPLACEMENT AFTER BEFORE FIRST: of the file that is open as 8.
look() {
  f=/proc/self/fd/8
  if [ -n "$1" ]; then
    found=$(numbers "$1" "$2" "$f") || exit
    [ -z "$found" ] || printf '%s\\n' "$found" | sed 's/^/match /'
    if [ -n "$found" ] && [ -n "$4" ]; then
      found=$(printf '%s\\n' "$found" | tail -n 1)
      new=$(printf '%s\\n' "\${found#*:}" | expanded "$2" "$4") || exit
      printf 'becomes %s\\n' "$new"
      # What comes of it must stay as it is the next time.
      again=$new
      ! printf '%s\\n' "$new" | grep -a -q -E -e "$2" || again=$(printf '%s\\n' "$new" | expanded "$2" "$4") || exit
      printf 'then %s\\n' "$again"
    fi
  fi
  numbers x "$3" "$f" | sed 's/^/equal /'
  place=$(place_of "$5" "$6" "$7" "$f") || exit
  printf 'place %s\\n' "$place"
}

# look_block BEGIN END AFTER BEFORE FIRST: the two lines that mark a block, and what is between them.
look_block() {
  f=/proc/self/fd/8
  begin=$(numbers x "$1" "$f") && end=$(numbers x "$2" "$f") || exit
  printf '%s\\n' "$begin" | sed -n 's/:.*//; s/^./begin &/p'
  printf '%s\\n' "$end" | sed -n 's/:.*//; s/^./end &/p'
  begin=\${begin%%:*} end=\${end%%:*}
  [ -z "$begin" ] || [ -z "$end" ] || printf 'sha256 %s\\n' "$(between "$begin" "$end" "$f" | sha256sum)"
  place=$(place_of "$3" "$4" "$5" "$f") || exit
  printf 'place %s\\n' "$place"
}

between() { awk -v b="$1" -v e="$2" 'NR > b && NR < e' "$3"; }

shown() {
  f=/proc/self/fd/8
  begin=$(numbers x "$1" "$f") && end=$(numbers x "$2" "$f") || exit
  between "\${begin%%:*}" "\${end%%:*}" "$f"
}

# splice N PLACE DROP: the text in our room with N wanted lines, which are the stdin.
splice() { { cat; cat "$room/text"; } | awk -v n="$1" -v a="$2" -v drop="$3" ${`'${SPLICE}'`}; }

unclear() { refuse LINE_UNCLEAR "$1"; }

# change STATE HOW TEXT LINE REPLACEMENT SEVERAL AFTER BEFORE FIRST: the new text, of the present one.
change() {
  t=$room/text
  cat >"$t" || exit
  equal=$(numbers x "$4" "$t") || exit
  found=$equal
  [ -z "$2" ] || found=$(numbers "$2" "$3" "$t") || exit
  lines=$(printf '%s\\n' "$found" | sed 's/:.*//' | tr '\\n' ' ')
  if [ "$1" = absent ]; then splice 0 0 "$lines" </dev/null; return; fi
  if [ -z "$found" ]; then
    if [ -n "$equal" ] || [ -n "$5" ]; then cat "$t"; return; fi
    place=$(place_of "$7" "$8" "$9" "$t") || exit
    [ -n "$place" ] || unclear "no line of $path fits $7$8"
    printf '%s\\n' "$4" | splice 1 "$place" ''
    return
  fi
  last=$(printf '%s\\n' "$found" | tail -n 1)
  line=$4
  [ -z "$5" ] || line=$(printf '%s\\n' "\${last#*:}" | expanded "$3" "$5") || exit
  if [ "$6" = refuse ] && [ "$(printf '%s\\n' "$found" | wc -l)" != 1 ]; then unclear "the lines $lines of $path fit"; fi
  [ "$6" = one ] || lines=\${last%%:*}
  printf '%s\\n' "$line" | splice 1 "\${last%%:*}" "$lines"
}

# change_block STATE BEGIN END N AFTER BEFORE FIRST: N lines of a block stand on file descriptor 7.
change_block() {
  t=$room/text
  cat >"$t" || exit
  begin=$(numbers x "$2" "$t") && end=$(numbers x "$3" "$t") || exit
  begin=\${begin%%:*} end=\${end%%:*} drop=''
  if [ -n "$begin" ]; then
    place=$((begin - 1)) drop=$begin-$end
  else
    place=$(place_of "$5" "$6" "$7" "$t") || exit
    [ -n "$place" ] || unclear "no line of $path fits $5$6"
  fi
  if [ "$1" = absent ]; then splice 0 0 "$drop" </dev/null; return; fi
  { printf '%s\\n' "$2"; cat <&7; printf '%s\\n' "$3"; } | splice "$(($4 + 2))" "$place" "$drop"
}`);
