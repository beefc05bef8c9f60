/**
 * Local times of a report.
 *
 * @module
 */

const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

/** Formats seconds since the report's `from` as local time. */
export class WallClock {
  readonly #from: bigint;

  /** `from`: epoch time at which the report begins, ns, as a decimal string. */
  constructor(from: string) {
    this.#from = BigInt(from);
  }

  #nanoseconds(seconds: number): bigint {
    return this.#from + BigInt(Math.round(seconds * 1e9));
  }

  #date(seconds: number): Date {
    return new Date(Number(this.#nanoseconds(seconds) / 1_000_000n));
  }

  /** Returns a time such as `14:03:20.250`, with `digits` decimals. */
  time(seconds: number, digits = 0): string {
    const date = this.#date(seconds);
    const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
    if (digits === 0) return parts;
    const fraction = (this.#nanoseconds(seconds) % 1_000_000_000n).toString()
      .padStart(9, "0");
    return `${parts}.${fraction.slice(0, digits)}`;
  }

  /** Returns a time such as `14:03`. */
  minute(seconds: number): string {
    return this.time(seconds).slice(0, 5);
  }

  /** Returns a day such as `3 Nov`. */
  day(seconds: number): string {
    const date = this.#date(seconds);
    return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  }

  /** Returns a date such as `3 Nov 2026`. */
  date(seconds: number): string {
    return `${this.day(seconds)} ${this.#date(seconds).getFullYear()}`;
  }

  /** Returns the offset of local time, such as `UTC+02:00`. */
  zone(): string {
    const minutes = -this.#date(0).getTimezoneOffset();
    if (minutes === 0) return "UTC";
    const size = Math.abs(minutes);
    return `UTC${minutes < 0 ? "−" : "+"}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
  }

  /**
   * Returns how many seconds into a period of local time the report begins; `period` is in seconds.
   */
  phase(period: number): number {
    const fraction = Number(this.#from % 1_000_000_000n) / 1e9;
    if (period <= 1) return fraction % period;
    const local = Number(this.#from / 1_000_000_000n) -
      this.#date(0).getTimezoneOffset() * 60;
    return local % period + fraction;
  }
}

/** Returns how many decimals of a second distinguish times this many seconds apart. */
export function digitsFor(seconds: number): number {
  return Math.min(9, Math.max(0, Math.ceil(-Math.log10(seconds) - 1e-9)));
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}
