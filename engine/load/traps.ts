/** YAML that is valid but does not mean what it looks like: what is said, and the value that was meant. */
export interface Trap {
  readonly message: string;
  readonly hint: string;
  readonly meant: unknown;
}

/** Ways to write true and false that YAML 1.1 knew and YAML 1.2 reads as text. */
const OLD_BOOLEANS = new Map([
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
]);

/**
 * Judges an unquoted scalar by its source text.
 * @param key the key of the map that it stands in, if it does
 */
export function trapInPlain(source: string, value: unknown, key: string | undefined): Trap | null {
  const old = OLD_BOOLEANS.get(source.toLowerCase());
  if (old !== undefined) {
    return {
      message: `${source} without quotes is read as ${old} by some and as text by others`,
      hint: `write ${old}, or quote the text: "${source}"`,
      meant: old,
    };
  }
  if (typeof value !== 'number') return null;
  if (key === 'mode') {
    const octal = source.replace(/^0o/, '0').replace(/^([1-7])/, '0$1');
    return {
      message: `${source} is read as the number ${value}, not as a file mode`,
      hint: `quote it: mode: "${octal}"`,
      meant: octal,
    };
  }
  // Hexadecimal and 0o octal cannot be mistaken; all else must read back as it is written (3.10, 0644, 1e3, 12345678901234567890).
  if (String(value) === source || /^[-+]?0[xo]/.test(source)) return null;
  return {
    message: `${source} is read as the number ${value}`,
    hint: `quote it: "${source}", or write ${value}`,
    meant: source,
  };
}

/** A tag that nobody defined: an unquoted text that begins with `!`. */
export function trapInTag(source: string, key: string | undefined): Trap {
  const text = (source.split('\n')[0] ?? '').trim();
  return {
    message: `an unquoted text that begins with "!" is a YAML tag, and its meaning is lost`,
    hint: `quote it: ${key === undefined ? '' : `${key}: `}${quoted(text)}`,
    meant: text,
  };
}

/** `{{ x }}` without quotes, which YAML reads as a map in a map. */
export function trapInBraces(source: string): Trap {
  const text = source.trim();
  return {
    message: 'an unquoted {{ begins a YAML map, not an expression',
    hint: `quote the whole value: ${quoted(text)}`,
    meant: text,
  };
}

/** The unquoted `{{` in a line that did not parse: its column from 0, and the value that should be quoted. */
export function bracesInLine(line: string): { column: number; source: string } | null {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/g, (text) => ' '.repeat(text.length));
  const match = /(?:^\s*|[:,[{-]\s+|[[{])(\{\{)/.exec(bare);
  if (!match) return null;
  const column = match.index + match[0].length - 2;
  const inFlow = /[[{]/.test(bare.slice(0, column));
  const rest = line.slice(column);
  return { column, source: inFlow ? (/^\{\{.*?\}\}/.exec(rest)?.[0] ?? rest) : rest };
}

function quoted(text: string): string {
  if (!/["\\]/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", "''")}'`;
}
