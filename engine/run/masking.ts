import { MASK, Secret } from '../plan/secret.ts';
import type { RunEvent } from './events.ts';

/** A shorter text is more likely to be a part of a word than a secret, and masking it would garble reports. */
const SHORTEST = 4;

/**
 * Hides the secrets of a run in what it tells, also where a host prints one back: in a command's output or an error.
 * (A secret that the run never had in its hands, a file that a command shows, cannot be known.)
 */
export class Masking {
  /** The longest first: one that begins with another must not be left with its end to be seen. */
  #texts: readonly string[] = [];

  /** Keeps the secrets among the fields of a result, of arguments or of steps; a field that is not known yet is left alone. */
  learn(...holders: readonly object[]): void {
    for (const { value } of holders.flatMap((holder) => Object.values(Object.getOwnPropertyDescriptors(holder)))) {
      if (!(value instanceof Secret)) continue;
      const lines = value
        .reveal()
        .split('\n')
        .map((line) => line.trim());
      const found = lines.filter((line) => line.length >= SHORTEST && !this.#texts.includes(line));
      if (found.length > 0) this.#texts = [...new Set([...this.#texts, ...found])].sort((a, b) => b.length - a.length);
    }
  }

  mask(event: RunEvent): RunEvent {
    return this.#texts.length === 0 ? event : (this.#inside(event) as RunEvent);
  }

  #inside(value: unknown): unknown {
    if (typeof value === 'string') return this.#inText(value);
    if (Array.isArray(value)) return value.map((item) => this.#inside(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.#inText(key), this.#inside(item)]));
  }

  #inText(text: string): string {
    let masked = text;
    for (const secret of this.#texts) masked = masked.replaceAll(secret, MASK);
    return masked;
  }
}
