import { parseTimeLength, TIME_UNITS } from "../../quantities.ts";
import { KymoError, quote } from "../../errors.ts";

/**
 * A time as the user gives it: a timepoint, or ns after the first or before the last timepoint of
 * the recording.
 */
export type TimeArgument = { readonly epoch: bigint } | { readonly afterFirst: bigint } | {
  readonly beforeLast: bigint;
};

/** How to write a time, for help texts. */
export const timeArgumentHelp = `
A time T is one of
  2026-11-23T14:05:10.5    ISO 8601; local time without an offset or Z
  1795360370305798096      nanoseconds since 1970 (UTC), as in the files
  +30s                     this long after the first observation
  -5m                      this long before the last (${TIME_UNITS})`;

/**
 * Parses the value of the option `name`.
 *
 * @throws {KymoError} `invalid-argument`
 */
export function parseTimeArgument(text: string, name: string): TimeArgument {
  const time = relative(text) ?? nanoseconds(text) ?? iso8601(text);
  if (time === undefined) {
    const expected = "a time such as 2026-11-23T14:05:10, 1795360370305798096, +30s or -5m";
    throw new KymoError("invalid-argument", `Cannot select: ${name} must be ${expected}: ${quote(text)}`);
  }
  return time;
}

/** The timepoint of a time in a recording with these first and last timepoints. */
export function timepointOf(
  time: TimeArgument,
  { first, last }: { readonly first: bigint; readonly last: bigint },
): bigint {
  if ("epoch" in time) return time.epoch;
  return "afterFirst" in time ? first + time.afterFirst : last - time.beforeLast;
}

function relative(text: string): TimeArgument | undefined {
  if (!/^[+-]\S+$/.test(text)) return undefined;
  const length = parseTimeLength(text.slice(1));
  if (length === undefined) return undefined;
  return text.startsWith("-") ? { beforeLast: length } : { afterFirst: length };
}

function nanoseconds(text: string): TimeArgument | undefined {
  return /^\d{12,19}$/.test(text) ? { epoch: BigInt(text) } : undefined;
}

/**
 * A date, with a time of up to nine decimals. `Date` parses the minutes, and knows local time; the
 * decimals are kept exactly.
 */
function iso8601(text: string): TimeArgument | undefined {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
  const [, date, minute = "00:00", second = "00", fraction = "", zone = ""] = form.exec(text) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  const offset = zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours, minutes = "00") => `${hours}:${minutes}`)
    .toUpperCase();
  const ms = Date.parse(`${date}T${minute}:${second}${offset}`);
  return Number.isNaN(ms) ? undefined : { epoch: BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")) };
}

/** Whether the day exists: `Date` may take 30 February for 2 March. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
