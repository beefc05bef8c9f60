/**
 * Changes in words and numbers, as the command line and the page of a comparison write them.
 *
 * @module
 */

import type { Comparison, Quantity, QuantityComparison } from "../../analysis/compare/changes.ts";
import {
  formatBytes,
  formatChange,
  formatDuration,
  formatShare,
  formatSpan,
  type NumberFormat,
  significant,
} from "../../display/numbers.ts";

/** What the quantities of the runtime are called. */
export const QUANTITY_NAMES = {
  memory: "memory (RSS)",
  "memory growth": "growth of memory",
  gc: "time in GC pauses",
  cpu: "CPU per request",
  lag: "event-loop lag",
} as const;

/** Both verdicts in one: `slower` if they agree, otherwise `p50 slower, p99 cannot tell`. */
export function verdictText({ a, b, median, p99 }: Comparison): string {
  if (a === undefined) return "only in B";
  if (b === undefined) return "only in A";
  if (median.verdict === p99.verdict) return median.verdict;
  // What cannot be told of one of them goes without saying where the other can be.
  return Object.entries({ p50: median, p99 }).filter(([, { verdict }]) => verdict !== "cannot tell")
    .map(([name, { verdict }]) => `${name} ${verdict}`).join(", ");
}

/** A value of a quantity. */
export function quantityText(quantity: Quantity, value: number | undefined, format: NumberFormat = {}): string {
  if (value === undefined) return "–";
  if (quantity === "memory") return formatBytes(value, format);
  if (quantity === "gc") return formatShare(value);
  if (quantity !== "memory growth") return formatDuration(value, format);
  const sign = value < 0 ? "-" : "+";
  return `${sign}${formatBytes(Math.abs(3600 * value), format)}/h`;
}

/** A change of a quantity, without its interval; empty if there is none. */
export function quantityChange({ scale, quantity, change }: QuantityComparison, format: NumberFormat = {}): string {
  if (change === undefined) return "";
  const unit = scale === "ratio" ? " %" : quantity === "gc" ? " points" : "";
  return `${changeNumber(scale, quantity, format)(change)}${unit}`;
}

/** The interval of a change; empty if there is none. */
export function quantityInterval(
  { scale, quantity, interval }: QuantityComparison,
  format: NumberFormat = {},
): string {
  return interval === undefined ? "" : interval.map(changeNumber(scale, quantity, format)).join(" … ");
}

function changeNumber(
  scale: QuantityComparison["scale"],
  quantity: Quantity,
  format: NumberFormat,
): (value: number) => string {
  if (scale === "ratio") return formatChange;
  return quantity === "gc" ? pointsText : (value) => quantityText(quantity, value, format);
}

/** A difference of shares in percentage points, without the unit: `+1.20`. */
export function pointsText(share: number): string {
  return `${share < 0 ? "-" : "+"}${significant(Math.abs(100 * share))}`;
}

/** Seconds that nobody records for a comparison: a month. */
const TOO_LONG = 30 * 86_400;

/** How long both would have to be; an estimate of years would be no advice. */
export function longEnough(seconds: number, format: NumberFormat = {}): string {
  return seconds > TOO_LONG ? "more than a month" : formatSpan(Number(seconds.toPrecision(2)), format);
}
