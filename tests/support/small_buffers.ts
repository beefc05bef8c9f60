/** The least `memoryThreshold`, bytes: each of the two segments of a channel has 384 rows. */
export const LEAST_THRESHOLD = 2 ** 14;

/**
 * Options for the least buffers, so that a thousand samples fill two of them, and for retries every
 * 100 ms.
 */
export const SMALL_BUFFERS = { memoryThreshold: LEAST_THRESHOLD, flushInterval: 50 };
