import type { Target } from "../targets/target.ts";
import type { Piece, PieceReader } from "./piece.ts";
import { BATCH_BYTES, BATCH_PIECES, BATCH_ROWS } from "./sizes.ts";

/** The pieces of the next batch, which `reader` cuts and the store prepares; none if there are no more. */
export async function nextBatch(
  pieces: AsyncGenerator<Piece, void>,
  reader: PieceReader,
  target: Pick<Target, "prepare">,
): Promise<Piece[]> {
  reader.beginBatch();
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
