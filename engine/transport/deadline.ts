/** A time limit that stands still while a person is asked. */
export class Deadline {
  readonly #milliseconds: number;
  readonly #passed: () => void;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** Starts now; calls `passed` after so many seconds, and `failed` when a person could not be asked or broke off. */
  constructor(seconds: number, passed: () => void, failed: (error: unknown) => void) {
    this.#milliseconds = seconds * 1000;
    this.#passed = passed;
    this.#failed = failed;
    this.#start();
  }

  /** Waits for a person's answer; then the whole time is there again. */
  async pausing<T>(question: () => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    try {
      return await question();
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.#start();
    }
  }

  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #start(): void {
    clearTimeout(this.#timer);
    if (!this.#over) this.#timer = setTimeout(this.#passed, this.#milliseconds);
  }
}
