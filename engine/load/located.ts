import type { Place } from '../errors.ts';

/** A text that a person wrote, with its lines found once. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#starts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  }

  /** The place of a character, by its offset from 0. */
  place(offset: number): Place {
    let line = 0;
    let end = this.#starts.length;
    while (end - line > 1) {
      const middle = (line + end) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) line = middle;
      else end = middle;
    }
    const start = this.#starts[line] ?? 0;
    const text = this.line(line + 1);
    return { file: this.file, line: line + 1, column: Math.min(offset - start, text.length) + 1, text };
  }

  /** A whole line, counted from 1, without its end. */
  line(number: number): string {
    const start = this.#starts[number - 1] ?? this.text.length;
    return this.text.slice(start, this.#starts[number] ?? this.text.length).replace(/\r?\n$/, '');
  }
}

export type Path = readonly (string | number)[];

interface Parts {
  readonly value: unknown;
  readonly place: Place;
  readonly keyPlace?: Place;
  readonly children?: ReadonlyMap<string | number, Located>;
  /** Where a character of a text stands, when it is written without escapes on one line. */
  readonly inside?: (offset: number) => Place;
}

/** A plain value from YAML and where it, its key and everything in it stand. */
export class Located {
  readonly value: unknown;
  readonly place: Place;
  /** Of the key that leads here; of the value itself in a list and at the top. */
  readonly keyPlace: Place;
  readonly #children: ReadonlyMap<string | number, Located>;
  readonly #inside: ((offset: number) => Place) | undefined;

  constructor(parts: Parts) {
    this.value = parts.value;
    this.place = parts.place;
    this.keyPlace = parts.keyPlace ?? parts.place;
    this.#children = parts.children ?? new Map();
    this.#inside = parts.inside;
  }

  /** A value that stands in no text: everything in it is at `place`. */
  static unplaced(value: unknown, place: Place): Located {
    const children = new Map<string | number, Located>();
    if (Array.isArray(value)) value.forEach((item, index) => void children.set(index, Located.unplaced(item, place)));
    else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) children.set(key, Located.unplaced(item, place));
    }
    return new Located({ value, place, children });
  }

  get isMap(): boolean {
    return this.value !== null && typeof this.value === 'object' && !Array.isArray(this.value);
  }

  get isList(): boolean {
    return Array.isArray(this.value);
  }

  child(key: string | number): Located | undefined {
    return this.#children.get(key);
  }

  /** A map's entries as they are written. */
  entries(): [string, Located][] {
    return this.isMap ? Array.from(this.#children, ([key, child]) => [String(key), child]) : [];
  }

  /** A list's values. */
  items(): Located[] {
    return this.isList ? [...this.#children.values()] : [];
  }

  /** What stands at a path, or the nearest thing above it that is there. */
  at(path: Path): Located {
    const [first, ...rest] = path;
    const child = first === undefined ? undefined : this.#children.get(first);
    return child ? child.at(rest) : this;
  }

  /** Where a character of this text stands; the text's begin when that cannot be told. */
  placeInside(offset: number): Place {
    return this.#inside?.(offset) ?? this.place;
  }
}
