/**
 * Local times of timepoints, which are ns since 1970. They come from `Intl`: `Temporal` could do
 * the same, but the page of a report is opened in browsers that lack it.
 *
 * @module
 */

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const offset = new Intl.DateTimeFormat("en-GB", { timeZoneName: "longOffset" });
/** Swedes write dates as ISO 8601 has them. */
const iso = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

/** The time of day: `14:03:20`, or with up to nine digits of the second, `14:03:20.250`. */
export function formatClock(timepoint: bigint, digits = 0): string {
  return clock.format(toMilliseconds(timepoint)) + fraction(timepoint, digits);
}

/** The day: `3 Nov`. */
export function formatDay(timepoint: bigint): string {
  return day.format(toMilliseconds(timepoint));
}

/** The day with its year: `3 Nov 2026`. */
export function formatDate(timepoint: bigint): string {
  return date.format(toMilliseconds(timepoint));
}

/** How far local time is ahead of UTC: `+01:00`, `-05:00`, `+00:00`. */
export function formatOffset(timepoint: bigint): string {
  const name = offset.formatToParts(toMilliseconds(timepoint)).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return name.replace(/^GMT/, "") || "+00:00";
}

/** How many seconds into a period of local time a timepoint is; `period` is in seconds. */
export function secondsInto(timepoint: bigint, period: number): number {
  const fraction = Number(timepoint % SECOND) / 1e9;
  if (period <= 1) return fraction % period;
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)/.exec(formatOffset(timepoint)) ?? [];
  const ahead = (Number(hours) * 3600 + Number(minutes) * 60) * (sign === "-" ? -1 : 1);
  return (Number(timepoint / SECOND) + ahead) % period + fraction;
}

/** A day and time, to the millisecond: `2026-11-23 14:05:10.305`. */
export function formatDateTime(timepoint: bigint): string {
  return iso.format(toMilliseconds(timepoint)) + fraction(timepoint, 3);
}

/** A time that can be given to the command line again: `2026-11-23 14:05:10.305 +01:00`. */
export function formatTimepoint(timepoint: bigint): string {
  return `${formatDateTime(timepoint)} ${formatOffset(timepoint)}`;
}

/**
 * From one time to another, with each part once: `2026-11-23 14:05:10.305 to 14:06:00.000 +01:00`.
 */
export function formatTimeRange({ first, last }: { readonly first: bigint; readonly last: bigint }): string {
  const [from, to] = [formatTimepoint(first), formatTimepoint(last)];
  const [day, time, offset] = from.split(" ");
  const begin = to.endsWith(` ${offset}`) ? `${day} ${time}` : from;
  return `${begin} to ${to.startsWith(`${day} `) ? to.slice(`${day} `.length) : to}`;
}

function fraction(timepoint: bigint, digits: number): string {
  return digits === 0 ? "" : `.${modulo(timepoint, SECOND).toString().padStart(9, "0").slice(0, digits)}`;
}

function toMilliseconds(timepoint: bigint): number {
  return Number((timepoint - modulo(timepoint, MILLISECOND)) / MILLISECOND);
}

/** The remainder, which is not negative, before 1970 either. */
function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor;
}
