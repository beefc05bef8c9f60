/**
 * Checks of what the library is given, for `checkGiven`.
 *
 * @module
 */

import { quote, UsageError } from "../errors.ts";
import { type Check, checkGiven } from "../options.ts";
import type { DescribeOptions } from "./description.ts";
import type { ResampleOptions } from "./resampling.ts";
import type { Selection, SeriesSelection } from "./selection.ts";

const isBoolean: Check = (value) => typeof value === "boolean" ? undefined : "must be a boolean";

const isQuantiles: Check = (value) =>
  Array.isArray(value) && value.every((q) => q >= 0 && q <= 1) ? undefined : "must be an array of numbers from 0 to 1";

/** A check that the value is a label or a pattern of labels, or an array of them. */
const isLabels: Check = (value) =>
  [value].flat().every((label) => typeof label === "string") ? undefined : "must be a string or an array of strings";

/** A check that the value is a timepoint. */
const isTimepoint: Check = (value) => typeof value === "bigint" ? undefined : "must be a bigint, ns since 1970";

/** A check that the value may be a PID. */
const isPid: Check = (value) => Number.isSafeInteger(value) && value as number >= 0 ? undefined : "must be a PID";

const isPids: Check = (value) =>
  Array.isArray(value) && value.every((pid) => isPid(pid) === undefined) ? undefined : "must be an array of PIDs";

/** A selection whose conditions are known and of the right type. */
export function checkSelection(selection: unknown): Selection {
  return checkGiven<Selection>("Cannot select", selection, {
    labels: isLabels,
    pids: isPids,
    from: isTimepoint,
    to: isTimepoint,
  });
}

/** The same for a series. */
export function checkSeriesSelection(selection: unknown): SeriesSelection {
  return checkGiven<SeriesSelection>("Cannot select", selection, { pid: isPid, from: isTimepoint, to: isTimepoint });
}

/** Options of `describe`. */
export function checkDescribeOptions(options: unknown): DescribeOptions {
  return checkGiven<DescribeOptions>("Cannot describe", options, { byPid: isBoolean, quantiles: isQuantiles });
}

/** Options of `resample`. */
export function checkResampleOptions(options: unknown): ResampleOptions {
  return checkGiven<ResampleOptions>("Cannot resample", options, { pid: isPid, quantiles: isQuantiles });
}

/** The label of a series. */
export function checkLabel(label: unknown): string {
  if (typeof label !== "string") throw new UsageError(`Cannot select: a label must be a string: ${quote(label)}`);
  return label;
}

/** What is to be opened. */
export function checkSource(source: unknown): string | readonly string[] {
  const sources = [source].flat();
  if (sources.every((path) => typeof path === "string" && path !== "")) return source as string | readonly string[];
  throw new UsageError(`Cannot read: the source must be a path, or an array of paths: ${quote(source)}`);
}
