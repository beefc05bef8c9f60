/**
 * Distributions of a label, which are laid over each other: as shares of the samples, so that sides
 * with different numbers of samples can be compared.
 *
 * @module
 */

import { DURATION_BUCKETS } from "../../shared/report_buckets.ts";
import type { LabelRun } from "../../shared/difference_data.ts";

/** Shares of the samples in steps of equal width on a logarithmic axis. */
export interface Histogram {
  /** The first bucket, and how many buckets are in a step. */
  readonly first: number;
  readonly buckets: number;
  /** The share of the samples in each step; they add up to 1. */
  readonly shares: Float64Array;
}

/** Samples per step on average, at least: fewer make a comb of noise. */
const ENOUGH = 12;

/** Buckets in a step, from the finest: 4.4 %, 9.1 %, 19 % and 41 % wide. */
const STEPS = [1, 2, 4, 8];

/** The range of the buckets of some runs, and how many are in a step; `undefined` if there are none. */
export interface HistogramAxis {
  readonly first: number;
  readonly buckets: number;
  readonly count: number;
}

/** An axis on which all of some runs have enough samples in a step. */
export function histogramAxis(runs: readonly LabelRun[]): HistogramAxis | undefined {
  const ends = runs.map(({ buckets }) => [buckets[0], buckets.at(-2)] as const);
  const first = Math.min(...ends.map(([first = Infinity]) => first));
  const last = Math.max(...ends.map(([, last = -Infinity]) => last));
  if (!(last >= first)) return undefined;
  const fits = (step: number): boolean =>
    runs.every(({ count, buckets }) => count / Math.max(1, buckets.length / 2 / step) >= ENOUGH);
  const buckets = STEPS.find(fits) ?? STEPS.at(-1)!;
  const from = Math.floor(first / buckets) * buckets;
  return { first: from, buckets, count: Math.floor((last - from) / buckets) + 1 };
}

/** The distribution of a run. */
export function histogramOf({ buckets: counted, count }: LabelRun, axis: HistogramAxis): Histogram {
  const shares = new Float64Array(axis.count);
  for (let i = 0; i < counted.length; i += 2) {
    shares[Math.floor((counted[i]! - axis.first) / axis.buckets)]! += counted[i + 1]! / count;
  }
  return { ...axis, shares };
}

/** The mean of the distributions of several runs: each counts as much as the others. */
export function meanHistogram(histograms: readonly Histogram[]): Histogram {
  const [first] = histograms;
  const shares = first!.shares.map((_, step) =>
    histograms.reduce((sum, { shares }) => sum + shares[step]!, 0) / histograms.length
  );
  return { ...first!, shares };
}

/** The duration at which a step begins, seconds. */
export function beginningOf({ first, buckets }: HistogramAxis, step: number): number {
  return DURATION_BUCKETS.lowerBound(first + step * buckets);
}

/** A quantile of a run in seconds: exact where it is known, otherwise off by 4.4 % at most. */
export function quantileOfRun(run: LabelRun, q: number): number {
  const known = q === 0.5 ? run.p50 : q === 0.9 ? run.p90 : q === 0.99 ? run.p99 : undefined;
  if (known !== undefined) return known;
  const { buckets, min, max } = run;
  const first = buckets[0] ?? 0;
  const counts = new Float64Array((buckets.at(-2) ?? 0) - first + 1);
  for (let i = 0; i < buckets.length; i += 2) counts[buckets[i]! - first] = buckets[i + 1]!;
  return DURATION_BUCKETS.quantile(counts, q, { first, min, max });
}

/** A quantile of a side: of several runs the geometric mean, as in the table. */
export function quantileOfSide(runs: readonly LabelRun[], q: number): number {
  if (runs.length === 1) return quantileOfRun(runs[0]!, q);
  const logs = runs.map((run) => Math.log(Math.max(1e-9, quantileOfRun(run, q))));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
