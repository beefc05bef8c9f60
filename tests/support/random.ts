/**
 * Random input that is the same in every run: a failure can be repeated by its seed.
 *
 * @module
 */

/** Draws whole numbers from 0 to `limit` - 1. */
export type Random = (limit: number) => number;

/**
 * Returns a generator of reproducible numbers from 0 to 1: mulberry32 by Tommy Ettinger (public
 * domain).
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a generator of reproducible numbers of the standard normal distribution: Box and Muller's. */
export function normalNumbers(seed: number): () => number {
  const random = randomNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Returns a generator of reproducible whole numbers. */
export function randomFrom(seed: number): Random {
  const random = randomNumbers(seed);
  return (limit) => Math.floor(random() * limit);
}

/** One of `choices`. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)]!;
}

const words = new DataView(new ArrayBuffer(8));

/** Any of the 2^64 bit patterns of a double, every eighth one of the awkward ones. */
export function randomDouble(random: Random): number {
  if (random(8) === 0) return pick(random, AWKWARD_DOUBLES);
  words.setUint32(0, random(2 ** 32));
  words.setUint32(4, random(2 ** 32));
  return words.getFloat64(0);
}

/** Doubles that a text easily loses. */
export const AWKWARD_DOUBLES: readonly number[] = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2 ** -1022, // the least that is no denormal
  2 ** -1022 - Number.MIN_VALUE, // the greatest denormal
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.EPSILON,
  0.1 + 0.2,
  1e21, // from here on JavaScript writes an exponent
  1e21 - 131072,
  1e-7,
  123456789.12345678,
  2 ** 53,
  2 ** 53 + 2,
];

/** Labels that a file easily garbles. */
export const AWKWARD_LABELS: readonly string[] = [
  "",
  " ",
  " leading and trailing ",
  "\t",
  "a,b",
  ",",
  '"',
  '""',
  '"quoted"',
  'say "hi", twice',
  "\r",
  "\n",
  "\r\n",
  "line\nfeed",
  "carriage\rreturn",
  "both\r\nof them",
  "ends with CR\r",
  "\nbegins with LF",
  "\0",
  "a\0b",
  "\ud800",
  "\udc00",
  "lone \ud83d surrogate",
  "reversed \udc00\ud800",
  "\ufeff",
  "\ufeffmarked",
  "\ufffd",
  "# no comment",
  "=1+1",
  "+1",
  "-1",
  "@SUM(A1)",
  "'",
  "\\",
  "\\N",
  "NULL",
  "null",
  "NaN",
  "1",
  "ünïcödé",
  "😀",
  "👩‍👩‍👧",
  "Timepoint,Measurement,Label,PID",
  '1700000000000000000,1,"x",1\r\n1700000000000000000,1,x,1\r\n',
  "\u2028",
  "\u0085",
  "\x1a",
  "\x7f",
];

const CHARACTERS = [
  ",",
  '"',
  "\r",
  "\n",
  "\r\n",
  "\0",
  "\ud83d",
  "\ude00",
  "😀",
  "\ufeff",
  " ",
  "#",
  "=",
  "a",
  "ß",
  "…",
];

/**
 * Up to 24 UTF-16 code units: any at all, or those that mean something to CSV; every eighth label
 * is one of the awkward ones.
 */
export function randomLabel(random: Random): string {
  if (random(8) === 0) return pick(random, AWKWARD_LABELS);
  const unit = random(2) === 0 ? () => String.fromCharCode(random(65536)) : () => pick(random, CHARACTERS);
  return Array.from({ length: random(24) }, unit).join("");
}
