import { KymoError, quote } from "../errors.ts";

/** The quantiles of a description, unless others are asked for. */
export const DEFAULT_QUANTILES: readonly number[] = [0.25, 0.5, 0.75, 0.9, 0.95];

/** A quantile of some numbers. */
export interface Quantile {
  /** Which, from 0 to 1. */
  readonly q: number;
  /** Interpolated linearly between the two nearest numbers; NaN if there are none. */
  readonly value: number;
}

/** Statistics of some numbers, as pandas' `describe` has them: NaN is no number, infinities are. */
export interface Statistics {
  /** How many there are. */
  readonly count: number;
  /** NaN if there are none. */
  readonly mean: number;
  /** Sample standard deviation; NaN of fewer than two, or where one is infinite. */
  readonly std: number;
  /** NaN if there are none. */
  readonly min: number;
  /** NaN if there are none. */
  readonly max: number;
  /** 0 if there are none. */
  readonly sum: number;
  /** In the order in which they were asked for. */
  readonly quantiles: readonly Quantile[];
}

/**
 * Checks quantiles that are asked for by who wants to `verb`.
 *
 * @throws {KymoError} unless all are from 0 to 1.
 */
export function checkQuantiles(quantiles: readonly number[], verb = "describe"): void {
  for (const q of quantiles) {
    if (!(q >= 0 && q <= 1)) {
      throw new KymoError("invalid-argument", `Cannot ${verb}: a quantile must be from 0 to 1: ${quote(q)}`);
    }
  }
}

/**
 * Describes numbers that are in memory, such as the measurements per second of a series.
 *
 * @throws {KymoError} for a quantile that is not from 0 to 1.
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
  const sum = sumOf(sorted);
  const mean = sum / count;
  const variance = count < 2 ? NaN : sumOf(sorted.map((number) => (number - mean) ** 2)) / (count - 1);
  return {
    count,
    mean,
    std: Math.sqrt(variance),
    min: sorted[0] ?? NaN,
    max: sorted[count - 1] ?? NaN,
    sum,
    quantiles: quantiles.map((q) => ({ q, value: quantileOf(sorted, q) })),
  };
}

/** A sum with what the additions round off added at the end, after Neumaier (1974). */
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

/** As DuckDB interpolates; with infinities too it is a limit, and NaN only between the two. */
function quantileOf(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  const weight = position - Math.floor(position);
  return below === above ? below : below * (1 - weight) + above * weight;
}
