import { putAscii } from "./put.ts";

const NANOSECONDS = 1_000_000_000;
const BILLION = 1_000_000_000n;

/**
 * One second of the epoch, as a clock counts it: when it began, and its digits, ready to be copied. Timepoints of a segment mostly lie in the
 * same second as the one before, and then need neither a division nor a BigInt.
 */
export class Second {
  /** The digits of the seconds since 1970; see `putWords`. */
  readonly words: Int32Array = new Int32Array(4);
  /** How many digits. */
  length = 0;
  /** The reading of the clock, ns, at which it began. May be negative. */
  start = NaN;
  // The epoch time of the clock's zero, split so that it can be added to a timepoint without a BigInt.
  readonly #offsetSeconds: number;
  readonly #offsetNanoseconds: number;

  /** None yet, of a clock whose zero was at the epoch time `epochOffset`, ns. */
  constructor(epochOffset: bigint) {
    // Rounded down: the epochOffset lies before 1970 if the clock of the machine does, or did when it was started.
    this.#offsetNanoseconds = Number((epochOffset % BILLION + BILLION) % BILLION);
    this.#offsetSeconds = Number((epochOffset - BigInt(this.#offsetNanoseconds)) / BILLION);
  }

  /** Whether `timepoint`, a reading of the clock, lies in it. */
  includes(timepoint: number): boolean {
    const nanoseconds = timepoint - this.start;
    return nanoseconds >= 0 && nanoseconds < NANOSECONDS;
  }

  /** Makes it the one in which `timepoint` lies, which must not be before 1970. */
  moveTo(timepoint: number): void {
    const seconds = Math.floor(timepoint / NANOSECONDS);
    const nanoseconds = timepoint - seconds * NANOSECONDS + this.#offsetNanoseconds;
    const carry = nanoseconds >= NANOSECONDS ? 1 : 0;
    this.start = (seconds + carry) * NANOSECONDS - this.#offsetNanoseconds;
    const digits = String(seconds + carry + this.#offsetSeconds);
    this.length = putAscii(new DataView(this.words.buffer), 0, digits);
  }
}
