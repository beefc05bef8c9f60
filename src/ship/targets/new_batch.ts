import type { Piece } from "../pieces/piece.ts";
import type { Batch, ShippedProgram } from "./target.ts";

/** The ids of batches that are to be made of these pieces. */
const reserved = new WeakMap<readonly Piece[], string>();

/** The id of the next batch that is made of exactly these pieces, so that they can be prepared for it. */
export function reserveBatchId(pieces: readonly Piece[]): string {
  const id = crypto.randomUUID().replaceAll("-", "").slice(-16);
  reserved.set(pieces, id);
  return id;
}

/** A batch of pieces that was never sent. */
export function newBatch(pieces: readonly Piece[], programs: readonly ShippedProgram[]): Batch {
  const id = reserved.get(pieces) ?? reserveBatchId(pieces);
  reserved.delete(pieces); // no other batch has it
  return { id, isAgain: false, rows: pieces.reduce((sum, { rows }) => sum + rows, 0), pieces, programs };
}
