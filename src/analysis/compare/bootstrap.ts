/**
 * Block bootstrap: how far a quantile of a series is off by chance, and from two such series the
 * confidence interval of the ratio of their quantiles.
 *
 * Successive requests of a service resemble each other: they meet the same load, the same garbage
 * collection, the same cold cache. Resampling single samples as if they were independent gives
 * intervals that are far too narrow. So this resamples blocks of time: each is a tenth of the whole
 * and begins at any hundredth, with the end joined to the beginning. That is the circular block
 * bootstrap of Politis & Romano, "A circular block-resampling procedure for stationary data"
 * (1992).
 *
 * The number of blocks is fixed, so a longer run has longer blocks, which contain more of the
 * dependence between samples. Two corrections allow for the small number of blocks: Student's t
 * instead of the normal distribution, as in Ibragimov & Müller, "t-statistic based correlation and
 * heterogeneity robust inference", Journal of Business & Economic Statistics 28 (2010), and the
 * factor √(b/(b-1)). On percentile intervals that are too narrow see Hesterberg, "What teachers
 * should know about the bootstrap", The American Statistician 69 (2015).
 *
 * Coverage in 1,000 simulations each: how often the 95 % interval of the ratio of two equal runs
 * contained 1. A run has 2,000 log-normal samples; half of the variance of their logarithms comes
 * from a state that changes slowly, and whose correlation falls to 1/e within the given share of
 * the run.
 *
 * | share of the run | single samples resampled: median, p99 | blocks resampled: median, p99 |
 * | --- | --- | --- |
 * | independent | 94 %, 93 % | 96 %, 97 % |
 * | 0.2 % | 68 %, 87 % | 96 %, 96 % |
 * | 1 % | 41 %, 67 % | 94 %, 94 % |
 * | 3 % | 24 %, 47 % | 91 %, 92 % |
 * | 10 % | 15 %, 29 % | 76 %, 77 % |
 *
 * So a run should be about a hundred times as long as its states last. No method can conclude much
 * from less.
 *
 * @module
 */

import { failure, type Result, success } from "../../result.ts";
import { quantileOfSorted } from "../../statistics/quantiles.ts";
import { upperTailOfT } from "./student_t.ts";
import { CELLS, type TimedHistogram } from "./timed_histogram.ts";

/** Blocks that the time of a series is divided into. */
const BLOCKS = 10;

/** With fewer effective blocks than this, a series has no interval. */
const MIN_BLOCKS = 5;

/** The 97.5th percentile of the standard normal distribution. */
const NORMAL_97_5 = 1.959964;

/** The variation of a quantile under resampling of blocks of time. */
export interface QuantileSpread {
  /** log(resampled quantile) - log(quantile) of each replicate, times √(b/(b-1)). */
  readonly deviations: Float64Array;
  /**
   * Effective number of blocks (Kish's effective sample size): 10, or fewer if most samples are in
   * some of the blocks.
   */
  readonly blocks: number;
  /** Effective number of independent samples, at most the number of samples. */
  readonly effectiveSamples: number;
}

/** Resamples the `q`-quantile of a series, which must have at least one sample. */
export function resampleQuantile(
  histogram: TimedHistogram,
  q: number,
  replicates: number,
  random: () => number,
): QuantileSpread {
  const length = CELLS / BLOCKS;
  const runs = histogram.runs(length);
  const quantile = histogram.logQuantile(q, Array.from({ length: CELLS }, (_, cell) => cell));
  const { samples, blocks, variance } = spread(runs, q, quantile);
  const factor = Math.sqrt(blocks / (blocks - 1));
  const chosen = new Int32Array(BLOCKS);
  const deviations = Float64Array.from({ length: replicates }, () => {
    for (let i = 0; i < BLOCKS; i++) chosen[i] = Math.floor(random() * CELLS);
    return factor * (runs.logQuantile(q, chosen) - quantile);
  });
  return { deviations, blocks, effectiveSamples: Math.min(samples, q * (1 - q) / variance) };
}

/**
 * The variance, between blocks, of the share of samples below the quantile; the share is `q`
 * overall.
 */
function spread(runs: TimedHistogram, q: number, quantile: number) {
  let sum = 0;
  let squares = 0;
  let excesses = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    const count = runs.count(cell);
    sum += count;
    squares += count ** 2;
    excesses += (runs.countBelow(quantile, cell) - q * count) ** 2;
  }
  const samples = sum * BLOCKS / CELLS;
  const blocks = BLOCKS * sum ** 2 / (CELLS * squares);
  // The variance of a ratio of sums over clusters, by linearisation: Cochran, "Sampling Techniques"
  // (1977), 6.3.
  const variance = excesses * BLOCKS / CELLS / samples ** 2 * blocks / (blocks - 1);
  return { samples, blocks, variance };
}

/**
 * The independent samples that an interval of the `q`-quantile needs. With fewer, the probability
 * that all are on one side of the quantile, and so cannot bound it, exceeds `tail`. 368 for the p99
 * and a tail of 2.5 %.
 */
export function samplesNeeded(q: number, tail: number): number {
  return Math.ceil(Math.log(tail) / Math.log(Math.max(q, 1 - q)));
}

/** Whether the spread of a series allows an interval, which needs `needed` independent samples. */
export function checkSpread(
  { blocks, effectiveSamples }: QuantileSpread,
  needed: number,
): Result<undefined, "uneven-samples" | "few-samples"> {
  if (!(blocks >= MIN_BLOCKS)) return failure("uneven-samples", "its samples are not spread over its time");
  if (effectiveSamples >= needed) return success(undefined);
  return failure(
    "few-samples",
    `${needed} independent samples are needed, and it has the equivalent of ${Math.floor(effectiveSamples)}`,
  );
}

/**
 * The confidence interval of log(b/a), with the confidence 1 - 2 `tail`; `logRatio` is its
 * estimate.
 *
 * Its ends are the 2.5th and 97.5th percentiles of the resampled ratios, stretched about the
 * estimate by the ratio of Student's t at `tail` to the normal distribution at 2.5 %: a small tail
 * could not be read from the resampled ratios themselves. The degrees of freedom are those of Welch
 * and Satterthwaite for two samples with different variances.
 */
export function logRatioInterval(
  a: QuantileSpread,
  b: QuantileSpread,
  logRatio: number,
  tail: number,
): readonly [low: number, high: number] {
  const differences = b.deviations.map((deviation, index) => deviation - a.deviations[index]!).sort();
  const stretch = upperTailOfT(tail, degreesOfFreedom(a, b)) / NORMAL_97_5;
  const [low, high] = [quantileOfSorted(differences, 0.025), quantileOfSorted(differences, 0.975)];
  return [logRatio + low * stretch, logRatio + high * stretch];
}

function degreesOfFreedom(a: QuantileSpread, b: QuantileSpread): number {
  const [varianceA, varianceB] = [meanSquare(a.deviations), meanSquare(b.deviations)];
  const sum = varianceA + varianceB;
  if (!(sum > 0 && sum < Infinity)) return Math.min(a.blocks, b.blocks) - 1;
  return sum ** 2 / (varianceA ** 2 / (a.blocks - 1) + varianceB ** 2 / (b.blocks - 1));
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
}
