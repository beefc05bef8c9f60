/**
 * Words of 32 bits that hold four digits in ASCII, the first one in the lowest byte.
 *
 * @module
 */

/** 0 if a word is four digits. */
export function notDigits(word: number): number {
  return (word & 0xf0f0f0f0 | (word + 0x06060606 & 0xf0f0f0f0) >>> 4) ^ 0x33333333;
}

/** The number that four digits are: first of each two, then of these. */
export function fourDigits(word: number): number {
  const pairs = Math.imul(word & 0x0f0f0f0f, 10 << 8 | 1) >>> 8 & 0x00ff00ff;
  return Math.imul(pairs, 100 << 16 | 1) >>> 16;
}
