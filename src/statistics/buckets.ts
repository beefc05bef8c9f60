/**
 * Log-linear buckets of durations: 16 to the octave, so that each is 4.4 % wide, and what is told of a duration by its bucket's middle is off by
 * 2.2 % at most. Bucket 0 begins at 1 ns; what is shorter is in it too.
 *
 * @module
 */

/** Buckets between a duration and its double. */
export const BUCKETS_PER_OCTAVE = 16;

/** Seconds at which the first bucket begins. */
const FIRST = 1e-9;

/** The bucket of a duration in seconds. */
export function bucketOf(duration: number): number {
  return duration > FIRST ? Math.floor(Math.log2(duration / FIRST) * BUCKETS_PER_OCTAVE) : 0;
}

/** The same in DuckDB's SQL, of an expression in seconds. */
export function bucketInSql(duration: string): string {
  return `(CASE WHEN ${duration} > ${FIRST} THEN floor(log2(${duration} / ${FIRST}) * ${BUCKETS_PER_OCTAVE}) ELSE 0 END)`;
}

/** Where a bucket begins, seconds. */
export function bucketStart(bucket: number): number {
  return FIRST * 2 ** (bucket / BUCKETS_PER_OCTAVE);
}

/** The (geometric) middle of a bucket, seconds. */
export function bucketMiddle(bucket: number): number {
  return bucketStart(bucket + 0.5);
}
