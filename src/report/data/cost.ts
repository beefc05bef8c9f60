/**
 * What a report may hold, so that its page stays below 5 MB: its data are JSON, compressed and then written as base64, beside some 250 kB of
 * script. The bytes are those after compression, measured on data of ten million rows.
 *
 * @module
 */

/** Bytes for the durations over time, beside what others leave to them. */
const DURATION_BYTES = 1_700_000;

/** Bytes for the quantities over time. */
export const QUANTITY_BYTES = 500_000;

/** Statistics of so many series, and parts of them by process. */
export const MAX_STATISTICS = 18_000;

/** Each of them, a short label included. */
const STATISTICS_BYTES = 55;

/** Bytes for what labels have beyond the length of a short one. */
export const LONG_LABEL_BYTES = 100_000;

/** Bytes of a label that are within those of its statistics; what is longer costs more. */
const SHORT_LABEL = 64;

/** What a label costs beyond a short one, in bytes: in the worst case text is compressed by no more than base64 adds. */
export function longLabelBytes(label: string): number {
  return Math.max(0, new TextEncoder().encode(JSON.stringify(label)).length - SHORT_LABEL);
}

/** Functions in all flame graphs together; some 20 bytes each. */
export const MAX_FLAME_NODES = 10_000;

/** The part of what quantities leave that durations may take: many rare ones take up to half as much again as is estimated. */
const LEFT = 0.6;

/** How many bytes there are for the durations over time, beside so many statistics and bytes of quantities. */
export function durationRoom(statistics: number, quantityBytes: number): number {
  const left = STATISTICS_BYTES * Math.max(0, MAX_STATISTICS - statistics) + LEFT * (QUANTITY_BYTES - quantityBytes);
  return DURATION_BYTES + left;
}

/** A bucket of a cell and its count. */
export const BUCKET_BYTES = 2.2;

/** The rest of a cell of durations. */
export const DURATION_CELL_BYTES = 12;

/** A cell of a quantity. */
export const QUANTITY_CELL_BYTES = 14;

/** How many of `bins` bins hold any of `rows` rows, if each row may be in any of them: each bin stays empty with a probability of (1 - 1 / bins)^rows. */
export function filledBins(rows: number, bins: number): number {
  return bins * (1 - (1 - 1 / bins) ** rows);
}

/** The same in SQL. */
export function filledBinsInSql(rows: string, bins: number): string {
  return `(${bins} * (1 - (1 - 1 / ${bins}) ** ${rows}))`;
}
