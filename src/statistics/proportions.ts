/**
 * The difference of two proportions, such as the shares of failed requests before and after.
 *
 * @module
 */

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
 * The value that a standard normal variable exceeds with the probability `tail`, from 0 to 0.5: by
 * bisection of the tail's integral, which is summed by Simpson's rule. Right to six digits for tails
 * down to 1e-9.
 */
export function upperTailOfNormal(tail: number): number {
  let [low, high] = [0, 8];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (tailOfNormal(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Parts of the integral. */
const PARTS = 1_000;

/** The probability that a standard normal variable exceeds `z`, which is not negative. */
function tailOfNormal(z: number): number {
  const end = z + 10; // beyond lies less than 1e-23
  const width = (end - z) / PARTS;
  let sum = 0;
  for (let i = 0; i <= PARTS; i++) {
    const weight = i === 0 || i === PARTS ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((z + i * width) ** 2) / 2);
  }
  return sum * width / 3 / Math.sqrt(2 * Math.PI);
}
