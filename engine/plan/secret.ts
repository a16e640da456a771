/** What a secret looks like wherever a person or a log could see it. */
export const MASK = '‹secret›';

/**
 * A value that must not be seen. It prints as `‹secret›` by every ordinary way (string, JSON, console); only
 * `reveal()` gives the text, and only a step's stdin, a rendered file's content and authentication may ask.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
