import type { TimeRange } from "./time_range.ts";

/** Equal parts of a time. */
export interface TimeBins {
  /** Where the first begins, ns since 1970: a whole multiple of the width. */
  readonly from: bigint;
  /** Width of each, ns. */
  readonly width: bigint;
  /** How many there are. */
  readonly length: number;
}

/** How many observations there are, by number of the bin since 1970. */
export type BinCounts = readonly { readonly key: bigint; readonly value: bigint }[];

/** A time is parted into so many bins at most, and half of that at least, unless they would be narrower than a millisecond. */
const MOST_BINS = 256n;
const LEAST_SHIFT = 20n;

/** The width of the bins of a time is 2 to the power of this many ns; not less than `least`. */
export function shiftFor({ first, last }: TimeRange, least = LEAST_SHIFT): bigint {
  let shift = least;
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

/** The number of a row's bin, as SQL. It takes next to no time, unlike any arithmetic that could exceed 64 bits. */
export function binNumber(shift: bigint): string {
  return `Timepoint >> ${shift}`;
}

/** How many observations there are in each of the bins, counted in bins of 2 to the power of `shift` ns, which are not wider. */
export function countsIn({ from, width, length }: TimeBins, counts: BinCounts, shift: bigint): number[] {
  const result = new Array<number>(length).fill(0);
  for (const { key, value } of counts) result[Number(((key << shift) - from) / width)]! += Number(value);
  return result;
}
