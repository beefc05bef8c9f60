/**
 * What comparisons find: types alone, since the page of a comparison has them too.
 *
 * @module
 */

import type { RouteOutcomes } from "../frames/route_outcomes.ts";

/** A confidence interval. */
export type Interval = readonly [low: number, high: number];

/** What the samples say about the change of a duration. */
export type Verdict = "faster" | "slower" | "same" | "cannot tell";

/** A series in one run. */
export interface RunSeries {
  /** Observations other than NaN. */
  readonly count: number;
  /** Exact. */
  readonly median: number;
  /** Exact. */
  readonly p99: number;
}

/** One side of a comparison. Of several runs the count is their sum, and the others are geometric means. */
export interface ComparedSeries extends RunSeries {
  /** Each run that has the series; only if there are several on this side. */
  readonly runs?: readonly (RunSeries & {
    /** Index of the run on its side. */
    readonly run: number;
  })[];
}

/** The change of a quantile from a to b. */
export interface Change {
  /** b / a; `undefined` if only one run has the series, or if a or b is not positive and finite. */
  readonly ratio: number | undefined;
  /** Confidence interval of the true ratio; `undefined` if there are too few samples. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /**
   * Confidence of this interval by itself; chosen so that all intervals together have the one asked
   * for.
   */
  readonly confidence: number;
  /**
   * `"slower"` if the whole interval is above 1 plus the margin, `"faster"` if it is below 1 / (1 +
   * margin), `"same"` if it is between the two.
   */
  readonly verdict: Verdict;
  /** Why there is no interval; absent if there is one. */
  readonly reason?: string;
  /**
   * Samples of each side, or runs if there are several, that it would take to tell; only if it cannot
   * be told. If there is no interval, independent samples that an interval needs. Otherwise an
   * estimate, if the ratio stayed as it is; absent if no number would do, as it is at the margin.
   */
  readonly needed?: number;
}

/** A series in two runs. */
export interface Comparison {
  /** The label. */
  readonly label: string;
  /** In the first run; `undefined` if it has no such series. */
  readonly a: ComparedSeries | undefined;
  /** In the second run; `undefined` if it has no such series. */
  readonly b: ComparedSeries | undefined;
  /** Change of the median. */
  readonly median: Change;
  /** Change of the 99th percentile. */
  readonly p99: Change;
}

/** What the requests say about the share of those that failed. */
export type FailureVerdict = "more errors" | "fewer errors" | "same" | "cannot tell";

/** The failed requests of a route in two runs. */
export interface FailureComparison {
  /** The route with its method, such as `/orders/:id [GET]`. */
  readonly route: string;
  /** In the first run; `undefined` if it has no such requests. */
  readonly a: RouteOutcomes | undefined;
  /** In the second run; `undefined` if it has no such requests. */
  readonly b: RouteOutcomes | undefined;
  /** Share of failed requests in b minus that in a, from -1 to 1; `undefined` unless both have some. */
  readonly difference: number | undefined;
  /** Confidence interval of the true difference. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /**
   * `"more errors"` if the whole interval is above 0, `"fewer errors"` if it is below; `"same"` if it
   * includes 0 and is within the margin.
   */
  readonly verdict: FailureVerdict;
  /** Why there is no interval; absent if there is one. */
  readonly reason?: string;
  /**
   * Requests of each side that it would take to tell, or runs if there are several: an estimate, if
   * the difference stayed as it is; only if it cannot be told.
   */
  readonly needed?: number;
}

/**
 * What is compared of the runtime:
 *
 * - `"memory"`: RSS of a process, bytes, the mean of its time;
 * - `"memory growth"`: how fast it grew after the first tenth of the time, bytes a second;
 * - `"gc"`: share of the time in pauses for garbage collection, of each isolate that recorded them;
 * - `"cpu"`: CPU time of all processes for each request that they answered, seconds;
 * - `"lag"`: the event loop's lag, seconds, the mean of the largest of each sampling interval.
 */
export type Quantity = "memory" | "memory growth" | "gc" | "cpu" | "lag";

/** A quantity of the runtime in two runs, or two groups of runs. */
export interface QuantityComparison {
  /** Which. */
  readonly quantity: Quantity;
  /** In a; `undefined` if it was not recorded. */
  readonly a: number | undefined;
  /** In b; `undefined` if it was not recorded. */
  readonly b: number | undefined;
  /** Whether `change` is b / a, or b - a, as of those that may be 0. */
  readonly scale: "ratio" | "difference";
  /** The change; `undefined` unless both have it. */
  readonly change: number | undefined;
  /** Confidence interval of the true change; `undefined` if there is too little to compute one. */
  readonly interval: Interval | undefined;
  /** Up to which change it is the same: a ratio minus 1, or a difference. */
  readonly margin: number;
  /** `"more"` or `"less"` if all of the interval is beyond the margin, `"same"` if it is within it. */
  readonly verdict: "more" | "less" | "same" | "cannot tell";
  /** Why there is no interval; absent if there is one. */
  readonly reason?: string;
  /**
   * Seconds that each side would have to be recorded to tell, or runs of each if there are several: an
   * estimate, if the change stayed as it is; absent if no number would do, or it can be told.
   */
  readonly needed?: number;
}
