import type { Target } from "../targets/target.ts";
import type { Piece } from "./piece.ts";

/** A batch is shipped when it has so many rows, bytes of CSV, or pieces. */
const BATCH_ROWS = 100_000;
const BATCH_BYTES = 8 * 2 ** 20;
const BATCH_PIECES = 1_000;

/** The pieces of the next batch, which the store prepares; none if there are no more. */
export async function nextBatch(
  pieces: AsyncGenerator<Piece, void>,
  target: Pick<Target, "prepare">,
): Promise<Piece[]> {
  const batch: Piece[] = [];
  let rows = 0;
  let bytes = 0;
  while (rows < BATCH_ROWS && bytes < BATCH_BYTES && batch.length < BATCH_PIECES) {
    const { done, value } = await pieces.next();
    if (done) break;
    batch.push(value);
    rows += value.rows;
    bytes += value.csv.length;
  }
  if (batch.length > 0) target.prepare?.(batch);
  return batch;
}
