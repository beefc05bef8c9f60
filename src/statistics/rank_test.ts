/**
 * The rank test of Mann and Whitney: whether values of one group tend to be larger than those of
 * another, whatever their distribution.
 *
 * @module
 */

import { tailOfNormal } from "./normal.ts";

/** What a rank test says of a group of values and another one. */
export interface RankTest {
  /**
   * The probability that a value of the first group is larger than one of the second, ties counted
   * half: 0.5 if neither tends to be larger, 1 if all are.
   */
  readonly superiority: number;
  /** The probability of so large a difference, in either direction, by chance alone. */
  readonly chance: number;
}

/**
 * Compares two groups of numbers without NaN. H. B. Mann and D. R. Whitney, "On a test of whether
 * one of two random variables is stochastically larger than the other", Annals of Mathematical
 * Statistics 18 (1947), with the normal approximation, corrected for ties and continuity; if all of
 * one group are larger than those of the other, which the approximation takes for less rare than it
 * is, by counting. Values count as independent, unless `each` of them carry the information of one
 * that is. Without any in a group nothing can be said: superiority 0.5, chance 1.
 */
export function rankTest(first: readonly number[], second: readonly number[], each = 1): RankTest {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { superiority: 0.5, chance: 1 };
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ]
    .sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let ties = 0;
  for (let start = 0, end = 0; start < all.length; start = end) {
    let ofFirst = 0;
    for (end = start; end < all.length && all[end]!.value === all[start]!.value; end++) {
      ofFirst += Number(all[end]!.isFirst);
    }
    const size = end - start;
    rankSum += ofFirst * (start + end + 1) / 2;
    ties += size ** 3 - size;
  }
  const larger = rankSum - m * (m + 1) / 2;
  const total = m + n;
  const variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)));
  const distance = Math.max(0, Math.abs(larger - m * n / 2) - 0.5);
  const isApart = larger === 0 || larger === m * n;
  const chance = variance > 0 ? 2 * tailOfNormal(distance / Math.sqrt(each * variance)) : 1;
  return {
    superiority: larger / (m * n),
    chance: Math.min(1, chance, isApart ? 2 / waysToChoose(Math.floor(m / each), Math.floor(n / each)) : 1),
  };
}

/** In how many ways `m` of `m + n` values can be the largest. */
function waysToChoose(m: number, n: number): number {
  let ways = 1;
  for (let i = 1; i <= m; i++) ways *= (n + i) / i;
  return ways;
}
