/**
 * Quantiles of numbers: one rule of interpolation, the names by which people know them, and which
 * are asked for by default.
 *
 * The `q`-quantile of `n` sorted numbers is at rank q (n - 1), counted from 0; between two ranks it
 * is interpolated linearly. That is DuckDB's `quantile_cont`, pandas' default, and type 7 of
 * Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996).
 *
 * @module
 */

import { KymoError, quote } from "../errors.ts";

/** The quantiles of a description, unless others are asked for. */
export const DEFAULT_QUANTILES: readonly number[] = [0.25, 0.5, 0.75, 0.9, 0.95];

/**
 * The `q`-quantile of numbers that are sorted, ascending, and free of NaN; NaN if there are none.
 * Between a finite number and an infinite one it is infinite, between both infinities NaN.
 */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const rank = q * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? NaN;
  const above = sorted[Math.ceil(rank)] ?? NaN;
  const weight = rank - Math.floor(rank);
  // Of equal numbers too, so that it is what DuckDB computes to the last bit.
  return weight === 0 ? below : below * (1 - weight) + above * weight;
}

/** The median of numbers in any order; NaN if there are none. */
export function median(numbers: Iterable<number>): number {
  return quantileOfSorted(Float64Array.from(numbers).sort(), 0.5);
}

/**
 * Checks quantiles that a caller asks for; `action` says what for, as in "Cannot describe".
 *
 * @throws {KymoError} `invalid-argument`, unless all are from 0 to 1.
 */
export function checkQuantiles(quantiles: readonly number[], action = "describe"): void {
  for (const q of quantiles) {
    if (!(q >= 0 && q <= 1)) {
      throw new KymoError("invalid-argument", `Cannot ${action}: a quantile must be from 0 to 1: ${quote(q)}`);
    }
  }
}

/** The name of a quantile: `p50` of 0.5, `p99.9` of 0.999. */
export function quantileName(q: number): `p${string}` {
  return `p${Number((100 * q).toPrecision(12))}`;
}

/** Reads a quantile, such as `p99.9` or `0.999`; `undefined` if it is none. */
export function parseQuantile(text: string): number | undefined {
  const [, percentile, number] = /^(p?)(\d+(?:\.\d+)?|\.\d+)$/.exec(text) ?? [];
  // Without rounding, p29 would be 0.29 less the last digit.
  const q = percentile === "p" ? Number((Number(number) / 100).toPrecision(15)) : Number(number);
  return q >= 0 && q <= 1 ? q : undefined;
}
