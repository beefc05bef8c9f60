import type { Piece } from "../pieces/piece.ts";
import type { Batch, ShippedProgram } from "./target.ts";

/** A batch of pieces that was never sent. */
export function newBatch(pieces: readonly Piece[], programs: readonly ShippedProgram[]): Batch {
  const id = crypto.randomUUID().replaceAll("-", "").slice(-16);
  return { id, isAgain: false, rows: pieces.reduce((sum, { rows }) => sum + rows, 0), pieces, programs };
}
