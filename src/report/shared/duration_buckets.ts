import { ExponentialBuckets } from "../../statistics/exponential_histogram.ts";

/**
 * The buckets in which a report counts durations: 16 per octave, 4.4 % wide, so that a duration that is given by the
 * middle of its bucket is off by 2.2 % at most. Bucket 0 begins at 1 ns, and also holds shorter durations.
 */
export const DURATION_BUCKETS = new ExponentialBuckets({ perOctave: 16, origin: 1e-9, lowest: 0, infinite: 20_000 });
