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
const BUCKET_FIELDS = 4;

/**
 * Calls `callback` with each bucket of a cell, its count, and where its smallest and its largest
 * duration are (0 to 1 from the beginning of the bucket to its end).
 */
export function forEachBucket(
  cell: readonly number[] = [],
  callback: (bucket: number, count: number, low: number, high: number) => void,
): void {
  for (let at = 0; at < cell.length; at += BUCKET_FIELDS) {
    const middleOf = (part: number | undefined = 0): number => (part + 0.5) / BUCKET_PARTS;
    callback(cell[at] ?? 0, cell[at + 1] ?? 0, middleOf(cell[at + 2]), middleOf(cell[at + 3]));
  }
}

/** The highest bucket of a cell. */
export function highestBucket(cell: readonly number[] = []): number | undefined {
  return cell.at(-BUCKET_FIELDS);
}

/** Which part of a bucket a duration is in. */
export function partOfBucket(bucket: number, duration: number): number {
  const position = DURATION_BUCKETS.positionOfLog(Math.log(duration)) - bucket;
  return Math.min(BUCKET_PARTS - 1, Math.max(0, Math.floor(position * BUCKET_PARTS))) || 0;
}
