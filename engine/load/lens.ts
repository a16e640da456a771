/** How plain data is seen through a lens. */
interface Options {
  /** What stands for a value that is neither a list nor a map. */
  readonly leaf: (value: unknown) => unknown;
  /** The prototype of the views of maps. */
  readonly prototype: object | null;
  /** Told of everything that reading a value throws, before it is thrown on. */
  readonly caught?: (error: unknown) => void;
}

/**
 * Lazy views of plain data for a library with its own idea of values: an entry is read, and may throw, only when the library reads it.
 * So a host's facts that nobody looks at need not be known, and an expression that picks a host gives back that very host.
 */
export class Lens {
  readonly #options: Options;
  readonly #views = new WeakMap<object, object>();
  readonly #originals = new WeakMap<object, object>();

  constructor(options: Options) {
    this.#options = options;
  }

  view(value: unknown): unknown {
    if (!isContainer(value) || this.#originals.has(value)) return this.#options.leaf(value);
    const known = this.#views.get(value);
    if (known) return known;
    const view = Array.isArray(value) ? value.map((item) => this.view(item)) : this.#viewOfMap(value);
    this.#views.set(value, view);
    this.#originals.set(view, value);
    return view;
  }

  /** What a view is a view of. */
  original(view: object): object | undefined {
    return this.#originals.get(view);
  }

  #viewOfMap(map: Record<string, unknown>): object {
    const view = Object.create(this.#options.prototype);
    for (const key of Object.keys(map)) {
      Object.defineProperty(view, key, { enumerable: true, get: () => this.view(this.#read(map, key)) });
    }
    return view;
  }

  #read(map: Record<string, unknown>, key: string): unknown {
    try {
      return map[key];
    } catch (error) {
      this.#options.caught?.(error);
      throw error;
    }
  }
}

/** A list or a map of plain data, not an object of a class. */
export function isContainer(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
