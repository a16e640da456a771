import { randomUUID } from 'node:crypto';
import { HailbookError, type Place } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { Lens } from './lens.ts';

/**
 * Values as they are printed into one text. A secret prints as a word that nobody can guess, so that it is found again in the text and
 * nothing else is taken for it; a list or a map prints as another, for JavaScript's `[object Object]` is never meant.
 */
export class Printing {
  readonly #secrets = new Map<string, Secret>();
  readonly #whole = randomUUID();
  readonly #lens: Lens;

  constructor() {
    const printed = { value: () => this.#whole };
    this.#lens = new Lens({
      leaf: (value) => (value instanceof Secret ? this.#wordFor(value) : value),
      prototype: Object.create(null, { toString: printed }),
      listPrototype: Object.create(Array.prototype, { toString: printed }),
    });
  }

  view(value: unknown): unknown {
    return this.#lens.view(value);
  }

  /** The text with its secrets in it, a Secret when there are any. @throws HailbookError TEMPLATE_INVALID */
  finish(text: string, place: Place): string | Secret {
    if (text.includes(this.#whole)) {
      throw new HailbookError('TEMPLATE_INVALID', 'a list or a map is printed as a whole', {
        place,
        hint: 'print its entries: {{#each names}} … {{/each}}, or {{cel "names.join(\', \')"}}',
      });
    }
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
