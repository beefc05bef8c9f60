/**
 * The standard normal distribution.
 *
 * @module
 */

/** Parts of the integral. */
const PARTS = 1_000;

/**
 * The probability that a standard normal variable exceeds `z`, which is not negative: by Simpson's
 * rule. Right to six digits as long as it is above 1e-300, and 0 beyond.
 */
export function tailOfNormal(z: number): number {
  const end = z + 10; // beyond lies less than 1e-23 of the tail
  const width = (end - z) / PARTS;
  let sum = 0;
  for (let i = 0; i <= PARTS; i++) {
    const weight = i === 0 || i === PARTS ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((z + i * width) ** 2) / 2);
  }
  return sum * width / 3 / Math.sqrt(2 * Math.PI);
}

/**
 * The value that a standard normal variable exceeds with the probability `tail`, from 0 to 0.5: by
 * bisection. Right to six digits for tails down to 1e-9.
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
