import { randomUUID } from 'node:crypto';
import { HailbookError, type Place } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { Lens } from './lens.ts';

/** Something that a template prints: `{{text}}` and where it stands. */
export interface Printed {
  readonly text: string;
  readonly place: Place;
}

/**
 * Values as they are printed into one text. A secret prints as a word that nobody can guess, so that it is found again in the text and
 * nothing else is taken for it.
 */
export class Printing {
  readonly #secrets = new Map<string, Secret>();
  readonly #lens = new Lens({
    leaf: (value) => (value instanceof Secret ? this.#wordFor(value) : value),
    // Without a prototype there is nothing of JavaScript's to reach; Handlebars' own errors name what they looked in.
    prototype: Object.create(null, { toString: { value: () => 'a map' } }),
  });

  view(value: unknown): unknown {
    return this.#lens.view(value);
  }

  /** A value of a view as text: JavaScript's `[object Object]`, or a list joined somehow, is never meant. @throws HailbookError */
  print(value: unknown, { text, place }: Printed): string {
    if (value === undefined) throw new HailbookError('VARIABLE_UNDEFINED', `"${text}" is not defined here`, { place });
    if (value === null) return '';
    if (typeof value !== 'object') return String(value);
    const [what, hint] = Array.isArray(value)
      ? ['list', 'print its entries: {{#each names}} … {{/each}}, or {{cel "names.join(\', \')"}}']
      : ['map', undefined];
    throw new HailbookError('TEMPLATE_INVALID', `"${text}" is a ${what} and cannot be printed as one`, { place, hint });
  }

  /** The text with its secrets in it: a Secret when there are any. */
  finish(text: string): string | Secret {
    const used = [...this.#secrets].filter(([word]) => text.includes(word));
    const finished = used.reduce((before, [word, secret]) => before.replaceAll(word, () => secret.reveal()), text);
    return used.length > 0 ? new Secret(finished) : finished;
  }

  #wordFor(secret: Secret): string {
    const word = `secret-${randomUUID()}`;
    this.#secrets.set(word, secret);
    return word;
  }
}
