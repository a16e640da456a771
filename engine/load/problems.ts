import { type ErrorCode, type ErrorDetail, HailbookError, InvalidInput, type Place } from '../errors.ts';

/** Collects everything that is wrong, so that a person sees it all at once. */
export class Problems {
  readonly #found = new Map<string, HailbookError>();

  add(code: ErrorCode, message: string, detail: ErrorDetail = {}): void {
    this.put(new HailbookError(code, message, detail));
  }

  /** The same problem at the same place counts once: aliases and several hosts lead to it more than once. */
  put(problem: HailbookError): void {
    const { place } = problem;
    const key = [place?.file, place?.line, place?.column, problem.code, problem.message].join('\0');
    if (!this.#found.has(key)) this.#found.set(key, problem);
  }

  /** Is there one of this kind at the same place? */
  has({ code, place }: HailbookError): boolean {
    return [...this.#found.values()].some((other) => other.code === code && samePlace(other.place, place));
  }

  /** What `attempt` gives; a problem that it throws is collected and gives undefined. */
  attempt<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (error instanceof HailbookError) this.put(error);
      else if (error instanceof InvalidInput) for (const problem of error.problems) this.put(problem);
      else throw error;
      return undefined;
    }
  }

  get count(): number {
    return this.#found.size;
  }

  /** In the order of the files as they came up, and of the lines in each. */
  list(): HailbookError[] {
    const found = [...this.#found.values()];
    const files = [...new Set(found.map((problem) => problem.place?.file))];
    const rank = ({ place }: HailbookError) =>
      [files.indexOf(place?.file), place?.line ?? 0, place?.column ?? 0] as const;
    return found.sort((a, b) => {
      const [x, y] = [rank(a), rank(b)];
      return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
    });
  }

  /** @throws InvalidInput when there is any */
  throwIfAny(): void {
    if (this.count > 0) throw new InvalidInput(this.list());
  }
}

const samePlace = (a: Place | undefined, b: Place | undefined): boolean =>
  a?.file === b?.file && a?.line === b?.line && a?.column === b?.column;
