import { ExponentialBuckets } from "../../statistics/exponential_histogram.ts";

/**
 * The buckets in which a report counts durations: 16 per octave, 4.4 % wide, so that a quantile
 * interpolated within one is off by 4.4 % at most. Bucket 0 begins at 1 ns, and holds shorter
 * durations too.
 */
export const DURATION_BUCKETS = new ExponentialBuckets({ perOctave: 16, origin: 1e-9, lowest: 0, infinite: 20_000 });

/**
 * The parts of a bucket, to which the smallest and largest duration in it are known: each is 0.14 %
 * wide.
 */
export const BUCKET_PARTS = 32;

/** Numbers that describe a bucket of a cell. */
export const BUCKET_FIELDS = 4;

/**
 * Calls `callback` with each bucket of a cell, its count, and where its smallest and its largest
 * duration are (0 to 1 from the beginning of the bucket to its end).
 */
export function forEachBucket(
  cell: ArrayLike<number> = [],
  callback: (bucket: number, count: number, low: number, high: number) => void,
): void {
  for (let at = 0; at < cell.length; at += BUCKET_FIELDS) {
    callback(cell[at]!, cell[at + 1]!, middleOf(cell[at + 2]!), middleOf(cell[at + 3]!));
  }
}

/** Number of durations of a cell. */
export function countOf(cell: ArrayLike<number> = []): number {
  let sum = 0;
  for (let at = 1; at < cell.length; at += BUCKET_FIELDS) sum += cell[at]!;
  return sum;
}

/** Counts of consecutive buckets, and where the smallest and the largest duration in each is, from 0 to 1. */
export interface DenseBuckets {
  readonly cells: Float64Array;
  readonly lows: Float32Array;
  readonly highs: Float32Array;
}

/** Adds a cell to buckets of which that of index `zero` is bucket 0. A loop without calls, since pages have 100,000s. */
export function addCell(cell: ArrayLike<number> = [], { cells, lows, highs }: DenseBuckets, zero: number): void {
  for (let at = 0; at < cell.length; at += BUCKET_FIELDS) {
    const index = zero + cell[at]!;
    cells[index]! += cell[at + 1]!;
    lows[index] = Math.min(lows[index]!, middleOf(cell[at + 2]!));
    highs[index] = Math.max(highs[index]!, middleOf(cell[at + 3]!));
  }
}

/** The middle of a part of a bucket, from 0 to 1. */
function middleOf(part: number): number {
  return (part + 0.5) / BUCKET_PARTS;
}

/** The highest bucket of a cell. */
export function highestBucket(cell: ArrayLike<number> = []): number | undefined {
  return cell[cell.length - BUCKET_FIELDS];
}

/** Which part of a bucket a duration is in. */
export function partOfBucket(bucket: number, duration: number): number {
  const position = DURATION_BUCKETS.positionOfLog(Math.log(duration)) - bucket;
  return Math.min(BUCKET_PARTS - 1, Math.max(0, Math.floor(position * BUCKET_PARTS))) || 0;
}
