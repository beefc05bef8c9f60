/**
 * A pseudo-random number generator: uniform in [0, 1) with 32 bits; the same seed gives the same
 * numbers.
 *
 * It is `sfc32` of Chris Doty-Humphrey's PractRand (https://pracrand.sourceforge.net/), seeded as
 * there: with a counter, and the first 12 numbers discarded.
 */
export function randomNumbers(seed: number): () => number {
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0;
  let counter = 1;
  const next = (): number => {
    const result = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
