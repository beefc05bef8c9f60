/**
 * What a confidence interval says of a change, and how many samples it would take to say something.
 *
 * @module
 */

import type { Interval } from "./changes.ts";
import { upperTailOfT } from "./student_t.ts";

/** What an interval says: of the changes that matter, and of those that do not. */
export type Finding = "above" | "below" | "same" | "cannot tell";

/** The changes that do not matter: from `-margin` to `margin`. */
export function findingOf([low, high]: Interval, margin: number): Finding {
  if (low > margin) return "above";
  if (high < -margin) return "below";
  return low >= -margin && high <= margin && margin > 0 ? "same" : "cannot tell";
}

/**
 * How many times as many samples would make the interval narrow enough for any finding but `"cannot
 * tell"`, if the estimate stayed as it is: its width falls with the square root of their number.
 * Infinity if none would do, as the estimate is at the margin.
 */
export function samplesFactor(estimate: number, [low, high]: Interval, margin: number): number {
  const [below, above] = [estimate - low, high - estimate];
  const shrink = estimate > margin
    ? (estimate - margin) / below
    : estimate < -margin
    ? (-margin - estimate) / above
    : Math.min((margin - estimate) / above, (estimate + margin) / below);
  return shrink > 0 ? Math.max(1, 1 / shrink ** 2) : Infinity;
}

/** Values of a quantity: of each run, or of each block of time of one run. */
export type Values = readonly number[];

/** The difference of two means, with its confidence interval. */
export interface MeanDifference {
  readonly difference: number;
  readonly interval: Interval;
}

/**
 * The mean of `b` minus that of `a`, each with at least two values, with the interval of Welch ("The
 * generalization of ‘Student's’ problem", Biometrika 34, 1947), which allows for different variances.
 *
 * @param tail Probability that the true difference is above the interval, and again that it is below.
 */
export function differenceOfMeans(a: Values, b: Values, tail: number): MeanDifference {
  const [one, other] = [momentsOf(a), momentsOf(b)];
  const difference = other.mean - one.mean;
  const variance = one.variance + other.variance;
  if (!(variance > 0)) return { difference, interval: [difference, difference] };
  const degrees = variance ** 2 /
    (one.variance ** 2 / (a.length - 1) + other.variance ** 2 / (b.length - 1));
  const reach = upperTailOfT(tail, Math.max(1, degrees)) * Math.sqrt(variance);
  return { difference, interval: [difference - reach, difference + reach] };
}

/** The mean, and the variance of the mean. */
function momentsOf(values: Values): { readonly mean: number; readonly variance: number } {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) / values.length };
}

/** The arithmetic mean. */
export function meanOf(values: Values): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
