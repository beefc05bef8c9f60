/**
 * How much is shipped at once. Two batches are in memory, one being sent and one being read.
 *
 * @module
 */

/** Most bytes of a piece, as they are in its file. */
export const PIECE_BYTES: number = 2 * 2 ** 20;

/** A batch is shipped when it has so many rows, bytes of CSV, or pieces. */
export const BATCH_ROWS = 100_000;
export const BATCH_BYTES: number = 8 * 2 ** 20;
export const BATCH_PIECES = 250;

/** So many rows or bytes have batches of which the store commits several at once. */
export const JOINED_ROWS = 25_000;
export const JOINED_BYTES: number = 2 * 2 ** 20;
