/**
 * The time of the day that a time of the report stands for.
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

/** Tells the local time of seconds since the beginning of a report. */
export class WallClock {
  readonly #from: bigint;

  /** `from`: when the report begins, ns since 1970, as a decimal text. */
  constructor(from: string) {
    this.#from = BigInt(from);
  }

  #nanoseconds(seconds: number): bigint {
    return this.#from + BigInt(Math.round(seconds * 1e9));
  }

  #date(seconds: number): Date {
    return new Date(Number(this.#nanoseconds(seconds) / 1_000_000n));
  }

  /** Such as `14:03:20.250`, with so many digits behind the point. */
  time(seconds: number, digits = 0): string {
    const date = this.#date(seconds);
    const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
    if (digits === 0) return parts;
    const fraction = (this.#nanoseconds(seconds) % 1_000_000_000n).toString()
      .padStart(9, "0");
    return `${parts}.${fraction.slice(0, digits)}`;
  }

  /** Such as `14:03`. */
  minute(seconds: number): string {
    return this.time(seconds).slice(0, 5);
  }

  /** Such as `3 Nov`. */
  day(seconds: number): string {
    const date = this.#date(seconds);
    return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  }

  /** Such as `3 Nov 2026`. */
  date(seconds: number): string {
    return `${this.day(seconds)} ${this.#date(seconds).getFullYear()}`;
  }

  /** The name of the local time, such as `UTC+02:00`. */
  zone(): string {
    const minutes = -this.#date(0).getTimezoneOffset();
    if (minutes === 0) return "UTC";
    const size = Math.abs(minutes);
    return `UTC${minutes < 0 ? "−" : "+"}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
  }

  /** How far into a period of so many seconds of local time the report begins, seconds. */
  phase(period: number): number {
    const fraction = Number(this.#from % 1_000_000_000n) / 1e9;
    if (period <= 1) return fraction % period;
    const local = Number(this.#from / 1_000_000_000n) -
      this.#date(0).getTimezoneOffset() * 60;
    return local % period + fraction;
  }
}

/** How many digits behind the point of a second tell times apart that are so many seconds apart. */
export function digitsFor(seconds: number): number {
  return Math.min(9, Math.max(0, Math.ceil(-Math.log10(seconds) - 1e-9)));
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}
