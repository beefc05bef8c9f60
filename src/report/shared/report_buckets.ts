import { ExponentialBuckets } from "../../statistics/exponential_histogram.ts";

/**
 * The buckets in which a report counts durations: 16 per octave, 4.4 % wide, so that the middle of
 * a bucket is off by 2.2 % at most. Bucket 0 begins at 1 ns, and holds shorter durations too.
 */
export const DURATION_BUCKETS = new ExponentialBuckets({ perOctave: 16, origin: 1e-9, lowest: 0, infinite: 20_000 });
