import { type KymoError, onRejection } from "../errors.ts";

/**
 * Failures that wait for delivery at most; further ones, while the event loop does not turn, are
 * only counted.
 */
const MAX_WAITING = 100;

/**
 * The failures of a recording. They are delivered to the program in a microtask, not within the
 * call in which they happened, so that a handler can record or stop without meeting a buffer in the
 * middle of a change.
 */
export class Failures {
  readonly #onError: (error: KymoError) => unknown;
  #waiting: KymoError[] = [];
  #count = 0;
  #last: KymoError | undefined;

  /** Delivers to `onError`; what it throws, or rejects with, is ignored. */
  constructor(onError: (error: KymoError) => unknown) {
    this.#onError = onError;
  }

  /** Failures so far. */
  get count(): number {
    return this.#count;
  }

  /** The latest failure. */
  get last(): KymoError | undefined {
    return this.#last;
  }

  /** Counts a failure, and delivers it in a microtask. */
  report(error: KymoError): void {
    this.#count++;
    this.#last = error;
    if (this.#waiting.length === 0) queueMicrotask(() => this.deliver());
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(error);
  }

  /** Delivers now what is waiting: when a program ends, no microtask runs. */
  deliver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const error of waiting) {
      try {
        onRejection(this.#onError(error), () => {});
      } catch {
        continue;
      }
    }
  }
}
