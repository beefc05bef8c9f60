import { type KymoError, onRejection } from "../errors.ts";

/**
 * Failures that wait for delivery at most; further ones, while the event loop does not turn, are
 * only counted.
 */
const MAX_WAITING = 100;

/**
 * How long a failure is not delivered again, ns: a disk that stays full fails every few seconds.
 */
const REPEAT_AFTER = 60_000_000_000;

/** Failures that are remembered for that. */
const MAX_REMEMBERED = 100;

/**
 * The failures of a recording. They are delivered to the program in a microtask, not within the
 * call in which they happened, so that a handler can record or stop without meeting a buffer in the
 * middle of a change. One with the same message is delivered at most once a minute, and counted each
 * time.
 */
export class Failures {
  #onError: (error: KymoError) => unknown;
  readonly #now: () => number;
  /** When a failure was delivered last, by its message. */
  readonly #delivered = new Map<string, number>();
  #waiting: KymoError[] = [];
  #count = 0;
  #last: KymoError | undefined;
  #lastAt = 0;

  /** Delivers to `onError`; what it throws, or rejects with, is ignored. `now` is in ns. */
  constructor(onError: (error: KymoError) => unknown, now: () => number) {
    this.#onError = onError;
    this.#now = now;
  }

  /** Failures so far. */
  get count(): number {
    return this.#count;
  }

  /** The latest failure. */
  get last(): KymoError | undefined {
    return this.#last;
  }

  /** When it happened, by the clock that was given; 0 if there was none. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** From now on delivers to another function. */
  deliverTo(onError: (error: KymoError) => unknown): void {
    this.#onError = onError;
  }

  /** Counts a failure, and delivers it in a microtask. */
  report(error: KymoError): void {
    this.#count++;
    this.#last = error;
    this.#lastAt = this.#now();
    if (this.#isRepetition(error)) return;
    // Fake timers of tests may replace `queueMicrotask`.
    if (this.#waiting.length === 0) void Promise.resolve().then(() => this.deliver());
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

  #isRepetition({ message }: KymoError): boolean {
    const now = this.#now();
    if (now - (this.#delivered.get(message) ?? -Infinity) < REPEAT_AFTER) return true;
    if (this.#delivered.size >= MAX_REMEMBERED) this.#delivered.clear();
    this.#delivered.set(message, now);
    return false;
  }
}
