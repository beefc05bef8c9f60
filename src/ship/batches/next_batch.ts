import type { Target } from "../targets/target.ts";
import type { Piece, PieceReader } from "../pieces/piece.ts";
import { BATCH_BYTES, BATCH_PIECES, BATCH_ROWS, JOINED_BYTES, JOINED_ROWS } from "../pieces/sizes.ts";

/** Batches that are smaller than the others, so that the store has something to do while the next one is read. */
const SMALL_BATCHES = 2;

/**
 * Returns a function that makes the next batch of pieces, which `reader` cuts and the store prepares;
 * it has none if there are no more.
 */
export function batchesOf(
  pieces: AsyncGenerator<Piece, void>,
  reader: PieceReader,
  target: Pick<Target, "prepare" | "finish">,
): () => Promise<Piece[]> {
  let number = 0;
  return () => nextBatch(pieces, reader, target, number++);
}

async function nextBatch(
  pieces: AsyncGenerator<Piece, void>,
  reader: PieceReader,
  target: Pick<Target, "prepare" | "finish">,
  number: number,
): Promise<Piece[]> {
  reader.beginBatch();
  const batch: Piece[] = [];
  let rows = 0;
  let bytes = 0;
  const [mostRows, mostBytes] = target.finish === undefined
    ? [BATCH_ROWS / 2 ** Math.max(0, SMALL_BATCHES - number), BATCH_BYTES]
    : [JOINED_ROWS, JOINED_BYTES];
  while (rows < mostRows && bytes < mostBytes && batch.length < BATCH_PIECES) {
    const { done, value } = await pieces.next();
    if (done) break;
    batch.push(value);
    rows += value.rows;
    bytes += value.content.length;
  }
  if (batch.length > 0) target.prepare?.(batch);
  return batch;
}
