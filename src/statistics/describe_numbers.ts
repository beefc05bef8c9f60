import { checkQuantiles, DEFAULT_QUANTILES, quantileOfSorted } from "./quantiles.ts";

/** A quantile of some numbers. */
export interface Quantile {
  /** Which, from 0 to 1. */
  readonly q: number;
  /**
   * Interpolated linearly between the two nearest numbers (see `quantiles.ts`); NaN if there are
   * none.
   */
  readonly value: number;
}

/**
 * Statistics of some numbers, as pandas' `describe` computes them: NaN is ignored, infinities are
 * not. What exceeds the range of a double, such as the sum of two numbers of 1e308, is NaN.
 */
export interface Statistics {
  /** How many numbers there are. */
  readonly count: number;
  /** NaN if there are none, or if their sum is. */
  readonly mean: number;
  /** Sample standard deviation; NaN of fewer than two numbers, or if the variance is not finite. */
  readonly std: number;
  /** NaN if there are none. */
  readonly min: number;
  /** NaN if there are none. */
  readonly max: number;
  /** 0 if there are none; NaN if it is infinite though no number is. */
  readonly sum: number;
  /** In the order of the request. */
  readonly quantiles: readonly Quantile[];
}

/**
 * Describes numbers in memory, such as the measurements per second of a series.
 *
 * @throws {KymoError} `invalid-argument`, for a quantile that is not from 0 to 1.
 *
 * @example
 * ```ts
 * import { describeNumbers } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, mean, quantiles } = describeNumbers([4, NaN, 1, 3], [0.5]);
 * assertEquals([count, mean, quantiles], [3, 8 / 3, [{ q: 0.5, value: 3 }]]);
 * ```
 */
export function describeNumbers(
  numbers: ArrayLike<number>,
  quantiles: readonly number[] = DEFAULT_QUANTILES,
): Statistics {
  checkQuantiles(quantiles);
  const sorted = Float64Array.from(numbers).filter((number) => !Number.isNaN(number)).sort();
  const count = sorted.length;
  const total = sumOf(sorted);
  const hasInfinity = sorted[0] === -Infinity || sorted[count - 1] === Infinity;
  const sum = Number.isFinite(total) || hasInfinity ? total : NaN;
  const mean = sum / count;
  const variance = count < 2 ? NaN : sumOf(sorted.map((number) => (number - mean) ** 2)) / (count - 1);
  return {
    count,
    mean,
    std: Number.isFinite(variance) ? Math.sqrt(variance) : NaN,
    min: sorted[0] ?? NaN,
    max: sorted[count - 1] ?? NaN,
    sum,
    quantiles: quantiles.map((q) => ({ q, value: quantileOfSorted(sorted, q) })),
  };
}

/** A sum that compensates for the rounding of its additions (Neumaier, 1974). */
export function sumOf(numbers: Float64Array): number {
  let sum = 0;
  let rest = 0;
  for (const number of numbers) {
    const next = sum + number;
    rest += Math.abs(sum) >= Math.abs(number) ? sum - next + number : number - next + sum;
    sum = next;
  }
  return Number.isFinite(rest) ? sum + rest : sum;
}
