import { stripVTControlCharacters } from 'node:util';

/**
 * Text from a host or a playbook, safe to print: escape sequences, control characters (C0 but newline and tab, DEL, C1) and the
 * marks that reverse the direction of text are taken out, so nothing can move the cursor, set a title or fake a line of the report.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    '',
  );
}

/** The same value with every text in it clean. */
export function cleanAll<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [clean(name), cleaned(inner)]));
}

/** As one line of at most `width` characters: a progress bar's last state, blanks squeezed. */
export function oneLine(text: string, width: number): string {
  const last = text.split(/[\r\n]/).findLast((line) => line.trim() !== '') ?? '';
  const line = clean(last).replace(/\s+/g, ' ').trim();
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
