/**
 * Local times of a report.
 *
 * @module
 */

import { formatClock, formatDate, formatDay, formatOffset, secondsInto } from "../../../display/local_time.ts";

/** Formats seconds since the report's `from` as local time. */
export class WallClock {
  readonly #from: bigint;

  /** `from`: epoch time at which the report begins, ns, as a decimal string. */
  constructor(from: string) {
    this.#from = BigInt(from);
  }

  #timepoint(seconds: number): bigint {
    return this.#from + BigInt(Math.round(seconds * 1e9));
  }

  /** Returns a time such as `14:03:20.250`, with `digits` decimals. */
  time(seconds: number, digits = 0): string {
    return formatClock(this.#timepoint(seconds), digits);
  }

  /** Returns a time such as `14:03:20`, and with its day, such as `3 Nov, 14:03:20`. */
  timeWithDay(seconds: number, withDay: boolean): string {
    return `${withDay ? `${this.day(seconds)}, ` : ""}${this.time(seconds)}`;
  }

  /** Returns a time such as `14:03`. */
  minute(seconds: number): string {
    return this.time(seconds).slice(0, 5);
  }

  /** Returns a day such as `3 Nov`. */
  day(seconds: number): string {
    return formatDay(this.#timepoint(seconds));
  }

  /** Returns a date such as `3 Nov 2026`. */
  date(seconds: number): string {
    return formatDate(this.#timepoint(seconds));
  }

  /** Returns the offset of local time, such as `UTC+02:00`. */
  zone(): string {
    return `UTC${formatOffset(this.#from).replace("+00:00", "")}`;
  }

  /**
   * Returns how many seconds into a period of local time the report begins; `period` is in seconds.
   */
  phase(period: number): number {
    return secondsInto(this.#from, period);
  }
}

/** Returns how many decimals of a second distinguish times this many seconds apart. */
export function digitsFor(seconds: number): number {
  return Math.min(9, Math.max(0, Math.ceil(-Math.log10(seconds) - 1e-9)));
}
