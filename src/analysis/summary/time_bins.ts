import type { TimeRange } from "../frames/selection.ts";

/** Equal parts of a time range. */
export interface TimeBins {
  /** Start of the first bin, ns since 1970: an integer multiple of the width. */
  readonly from: bigint;
  /** Width of each bin, ns: a power of two. */
  readonly width: bigint;
  /** Number of bins. */
  readonly length: number;
}

/**
 * Numbers of observations in the bins that have any, as texts of integers separated by spaces. For
 * many series these take a fraction of the memory and time of arrays.
 */
export interface BinCounts {
  /** Indices of the bins. */
  readonly bins: string;
  /** Number of observations in each of them. */
  readonly counts: string;
}

/**
 * A time range has this many bins at most, and more than half of it unless bins would be narrower
 * than {@linkcode MIN_WIDTH}.
 */
const MAX_BINS = 256n;

/** Smallest width of a bin, ns: about 1 ms. */
const MIN_WIDTH = 2n ** 20n;

/** The binary logarithm of the width of the bins of a time range. */
export function shiftFor({ first, last }: TimeRange): bigint {
  let shift = shiftOf(MIN_WIDTH);
  while ((last >> shift) - (first >> shift) >= MAX_BINS) shift++;
  return shift;
}

/** The bins with the width 2^`shift` ns that contain a time range. */
export function binsOf({ first, last }: TimeRange, shift: bigint): TimeBins {
  return {
    from: (first >> shift) << shift,
    width: 1n << shift,
    length: Number((last >> shift) - (first >> shift)) + 1,
  };
}

/** Bins added on either side of an estimated time range. */
const MARGIN_BINS = 1_024n;

/** The range of a BIGINT. */
const [MIN, MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Bins for counting in an estimated time range: with a margin on either side. */
export function widened({ from, width, length }: TimeBins): TimeBins {
  const first = from - MARGIN_BINS * width;
  const end = from + (BigInt(length) + MARGIN_BINS) * width;
  const begin = first < MIN ? MIN : first; // MIN is an integer multiple of any width
  return { from: begin, width, length: Number(((end > MAX + 1n ? MAX + 1n : end) - begin) / width) };
}

/** Whether bins contain all of a time range. */
export function holds({ from, width, length }: TimeBins, { first, last }: TimeRange): boolean {
  return from <= first && last < from + BigInt(length) * width;
}

/**
 * SQL of a map from each bin (as timepoint >> shift) that has rows to their number. Rows outside
 * the bins count in the first or last one, so that the map cannot grow further. Shifting takes next
 * to no time, unlike arithmetic that could exceed 64 bits.
 */
export function countInBins({ from, width, length }: TimeBins): string {
  const last = from + BigInt(length) * width - 1n;
  return `histogram(least(greatest(Timepoint, '${from}'::BIGINT), '${last}'::BIGINT) >> ${shiftOf(width)})`;
}

/** SQL of the {@linkcode BinCounts} of such a map. */
export function binTexts(map: string, { from, width }: TimeBins): { bins: string; counts: string } {
  const first = from >> shiftOf(width);
  return {
    bins: `array_to_string(list_transform(map_keys(${map}), lambda bin: bin - (${first})), ' ')`,
    counts: `array_to_string(map_values(${map}), ' ')`,
  };
}

/** The binary logarithm of a width. */
function shiftOf(width: bigint): bigint {
  return BigInt(width.toString(2).length - 1);
}

/** The number of observations in each bin, counted in narrower bins `counted` that divide them. */
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
