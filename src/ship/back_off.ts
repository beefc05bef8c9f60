/** The first delay and the longest, ms. */
const FIRST = 500;
const LONGEST = 60_000;

/**
 * Delays between attempts that fail: twice as long each time, with full jitter, so that many shippers
 * do not come back at once.
 */
export class BackOff {
  #failures = 0;

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** An attempt has failed: the ms to wait, at least `least`. */
  next(least = 0): number {
    const most = Math.min(LONGEST, FIRST * 2 ** this.#failures++);
    return Math.max(least, FIRST / 2, Math.random() * most);
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
