import { foundFile } from "./found_file.ts";
import type { Piece, PieceEntry } from "./piece.ts";

/** What becomes of pieces of which a store may have copies. */
export interface SortedPieces {
  /** To be shipped. */
  readonly fresh: readonly Piece[];
  /** The store has them under another name. */
  readonly there: readonly Piece[];
  /** Copies of fresh ones, which go first. */
  readonly later: readonly Piece[];
}

/**
 * Tells pieces from copies of them by their digests, given the entries of the ledger that have one of
 * these. Only a file that was renamed, copied or written by somebody can be a copy: two programs may
 * well have recorded the same.
 */
export function sortOutCopies(pieces: readonly Piece[], entries: readonly PieceEntry[]): SortedPieces {
  const known = Map.groupBy(entries, ({ sha256 }) => sha256);
  const together = Map.groupBy(pieces, ({ sha256 }) => sha256);
  const sorted: Record<keyof SortedPieces, Piece[]> = { fresh: [], there: [], later: [] };
  for (const piece of pieces) {
    const isForeign = isForeignStem(piece.stem);
    const same = together.get(piece.sha256)!;
    const isFirst = same[0] === piece && same.every(({ stem }) => isForeignStem(stem));
    const isThere = known.get(piece.sha256)?.some(({ stem }) => isForeign || isForeignStem(stem));
    sorted[isThere ? "there" : !isForeign || isFirst ? "fresh" : "later"].push(piece);
  }
  return sorted;
}

function isForeignStem(stem: string): boolean {
  return foundFile(stem)?.kind === "foreign"; // a segment's has no `.csv`
}
