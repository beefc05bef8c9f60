import type { TimeRange } from "../frames/selection.ts";

/** Equal parts of a time. */
export interface TimeBins {
  /** Where the first begins, ns since 1970: a whole multiple of the width. */
  readonly from: bigint;
  /** Width of each, ns. */
  readonly width: bigint;
  /** How many there are. */
  readonly length: number;
}

/**
 * How many observations there are in those bins that have any. Texts of numbers with spaces between, until they are needed: of many series that is a
 * fraction of the memory and the time that arrays take.
 */
export interface BinCounts {
  /** Numbers of the bins, from 0. */
  readonly bins: string;
  /** Observations in each, in the same order. */
  readonly counts: string;
}

/** A time is parted into so many bins at most, and half of that at least, unless they would be narrower than a millisecond. */
const MOST_BINS = 256n;
const LEAST_WIDTH = 2n ** 20n;

/** The width of the bins of a time is 2 to the power of this many ns; not less than `least`, ns. */
export function shiftFor({ first, last }: TimeRange, least = LEAST_WIDTH): bigint {
  let shift = shiftOf(least);
  while ((last >> shift) - (first >> shift) >= MOST_BINS) shift++;
  return shift;
}

/** The bins of that width that hold all of a time. */
export function binsOf({ first, last }: TimeRange, shift: bigint): TimeBins {
  return {
    from: (first >> shift) << shift,
    width: 1n << shift,
    length: Number((last >> shift) - (first >> shift)) + 1,
  };
}

/** So many bins more are counted on either side of a time that may be too short, so that no row adds one beyond these. */
const MORE_BINS = 1_024n;

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Bins in which a time can be counted that is only guessed: some more on either side. */
export function widened({ from, width, length }: TimeBins): TimeBins {
  const first = from - MORE_BINS * width;
  const end = from + (BigInt(length) + MORE_BINS) * width;
  const begin = first < LEAST ? LEAST : first; // a whole multiple of any width too
  return { from: begin, width, length: Number(((end > MOST + 1n ? MOST + 1n : end) - begin) / width) };
}

/** Whether bins hold all of a time. */
export function holds({ from, width, length }: TimeBins, { first, last }: TimeRange): boolean {
  return from <= first && last < from + BigInt(length) * width;
}

/**
 * SQL of a map from the beginning of each bin that has rows to their number. Rows beside the bins are counted in the first or the last, so that the
 * map never grows beyond these. It takes next to no time, unlike any arithmetic that could exceed 64 bits.
 */
export function countInBins({ from, width, length }: TimeBins): string {
  const last = from + BigInt(length) * width - 1n;
  return `histogram(least(greatest(Timepoint, '${from}'::BIGINT), '${last}'::BIGINT) >> ${shiftOf(width)})`;
}

/** SQL of the {@linkcode BinCounts} in such a map, as two texts. */
export function binTexts(map: string, { from, width }: TimeBins): { bins: string; counts: string } {
  const first = from >> shiftOf(width);
  return {
    bins: `array_to_string(list_transform(map_keys(${map}), lambda bin: bin - (${first})), ' ')`,
    counts: `array_to_string(map_values(${map}), ' ')`,
  };
}

/** Of which power of two a width is. */
function shiftOf(width: bigint): bigint {
  return BigInt(width.toString(2).length - 1);
}

/** How many observations there are in each of the bins, of which those in which they were counted are parts. */
export function countsIn({ from, width, length }: TimeBins, { bins, counts }: BinCounts, counted: TimeBins): number[] {
  const parts = Number(width / counted.width);
  const before = Number((counted.from - from) / counted.width);
  const result = new Array<number>(length).fill(0);
  const numbers = counts.split(" ");
  for (const [i, bin] of bins.split(" ").entries()) {
    result[Math.floor((before + Number(bin)) / parts)]! += Number(numbers[i]);
  }
  return result;
}
