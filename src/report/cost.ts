/**
 * What a report may hold, so that its page stays below 5 MB: its data are JSON, compressed and then written as base64, beside some 250 kB of
 * script. The bytes are those after compression, measured on data of ten million rows.
 *
 * @module
 */

/** Bytes for the durations over time. */
export const DURATION_BYTES = 1_700_000;

/** Bytes for the quantities over time. */
export const QUANTITY_BYTES = 500_000;

/** Statistics of so many series, and parts of them by process; some 50 bytes each. */
export const MAX_STATISTICS = 18_000;

/** Functions in all flame graphs together; some 20 bytes each. */
export const MAX_FLAME_NODES = 10_000;

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
