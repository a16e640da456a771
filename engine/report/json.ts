import type { RunEvent } from '../run/events.ts';

/**
 * An event as one line of JSON. Control characters that JSON allows raw (DEL and C1) are escaped too: the text stays the same to
 * a program and harmless on a terminal.
 */
export function jsonLine(event: RunEvent | Readonly<Record<string, unknown>>): string {
  return JSON.stringify(event).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
