import { isForeignStem } from "../pieces/copies.ts";
import type { Piece } from "../pieces/piece.ts";

/** A piece without its rows. */
export type SentPiece = Omit<Piece, "content">;

/** Pieces that were sent to a store that has not committed them. Its ledger does not tell of them yet. */
export class SentPieces {
  #pieces: SentPiece[] = [];
  /** The file of each stem. */
  readonly #files = new Map<string, string>();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /**
   * Whether pieces may be sent, too. What may be a copy of another piece, or may have a copy, must be
   * committed before the ledger is asked for the next one: as must one of two files with the same stem.
   */
  mayJoin(pieces: readonly Piece[]): boolean {
    return pieces.every(({ stem, file }) => !isForeignStem(stem) && (this.#files.get(stem) ?? file) === file);
  }

  /** Pieces were sent. Their rows are not kept. */
  add(pieces: readonly Piece[]): void {
    for (const { content: _, ...piece } of pieces) {
      this.#pieces.push(piece);
      this.#files.set(piece.stem, piece.file);
    }
  }

  /** Takes all of them out. */
  take(): readonly SentPiece[] {
    this.#files.clear();
    return this.#pieces.splice(0);
  }
}
