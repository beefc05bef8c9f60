/**
 * The difference of two proportions, such as the shares of failed requests before and after.
 *
 * @module
 */

import { tailOfNormal, upperTailOfNormal } from "./normal.ts";

/** Successes or failures among a number of trials. */
export interface Proportion {
  /** Trials that count, from 0 to `total`. */
  readonly count: number;
  /** All trials. */
  readonly total: number;
}

/**
 * Confidence interval of the share of `b` minus that of `a`, from -1 to 1: the hybrid score interval
 * of Newcombe, "Interval estimation for the difference between independent proportions", Statistics
 * in Medicine 17 (1998), method 10. It holds for small counts too, and for shares of 0 and 1. Trials
 * count as independent. Both must have some.
 *
 * @param tail Probability that the true difference is above the interval, and again that it is
 * below; from 0 to 0.5, both excluded.
 */
export function differenceOfShares(a: Proportion, b: Proportion, tail: number): [low: number, high: number] {
  const [shareA, shareB] = [a.count / a.total, b.count / b.total];
  const [lowA, highA] = wilson(a, tail);
  const [lowB, highB] = wilson(b, tail);
  const difference = shareB - shareA;
  return [
    difference - Math.hypot(shareB - lowB, highA - shareA),
    difference + Math.hypot(highB - shareB, shareA - lowA),
  ];
}

/** Wilson's score interval of a share (Journal of the American Statistical Association 22, 1927). */
function wilson({ count, total }: Proportion, tail: number): [low: number, high: number] {
  const z = upperTailOfNormal(tail);
  const share = count / total;
  const middle = share + z * z / (2 * total);
  const width = z * Math.sqrt(share * (1 - share) / total + z * z / (4 * total * total));
  const scale = 1 + z * z / total;
  return [count === 0 ? 0 : (middle - width) / scale, count === total ? 1 : (middle + width) / scale];
}

/**
 * The probability that two shares differ so much, in either direction, by chance alone: the test of
 * two proportions with the pooled variance and Yates's correction. Both must have some trials.
 */
export function chanceOfShares(a: Proportion, b: Proportion): number {
  const pooled = (a.count + b.count) / (a.total + b.total);
  const each = 1 / a.total + 1 / b.total;
  const distance = Math.max(0, Math.abs(a.count / a.total - b.count / b.total) - each / 2);
  return distance === 0 ? 1 : Math.min(1, 2 * tailOfNormal(distance / Math.sqrt(pooled * (1 - pooled) * each)));
}
