/** What became of the rows that a shipper has read. */
export type PieceOutcome = "shipped" | "already" | "quarantined" | "pending";

/** Rows by what became of them: `read` is the sum of the others. */
export interface RowCounts {
  readonly read: number;
  /** In the store, by this shipper. */
  readonly shipped: number;
  /** In the store before. */
  readonly already: number;
  /** Refused by the store. */
  readonly quarantined: number;
  /** Not settled yet. */
  readonly pending: number;
}

type CountedPieces = Map<number, { outcome: PieceOutcome; readonly rows: number }>;

/**
 * Counts rows piece by piece: each piece once, however often it is read. What became of pieces is
 * kept as long as their files are there.
 */
export class ShippingCounts {
  #read = 0;
  readonly #rows = { shipped: 0, already: 0, quarantined: 0, pending: 0 };
  /** By the name of the file: what became of each piece, and its rows. */
  readonly #pieces = new Map<string, CountedPieces>();

  /** The rows so far. */
  get rows(): RowCounts {
    return { read: this.#read, ...this.#rows };
  }

  /** A piece was read, or read again. */
  note({ file, firstRow, rows }: CountedPiece, outcome: PieceOutcome): void {
    const pieces: CountedPieces = this.#pieces.get(file) ?? new Map();
    this.#pieces.set(file, pieces);
    const known = pieces.get(firstRow);
    if (known === undefined || known.rows !== rows) {
      pieces.set(firstRow, { outcome, rows });
      this.#read += rows;
      this.#rows[outcome] += rows;
      return;
    }
    // What this shipper has shipped is not "already" there when the store is asked again.
    if (known.outcome === outcome || known.outcome === "shipped" && outcome === "already") return;
    this.#rows[known.outcome] -= rows;
    this.#rows[outcome] += rows;
    known.outcome = outcome;
  }

  /** Of a file that is gone nothing is kept but the sums; what was pending of it is no more. */
  forget(file: string): void {
    for (const { outcome, rows } of this.#pieces.get(file)?.values() ?? []) {
      if (outcome !== "pending") continue;
      this.#rows.pending -= rows;
      this.#read -= rows;
    }
    this.#pieces.delete(file);
  }
}

/** A piece to be counted. */
export interface CountedPiece {
  readonly file: string;
  readonly firstRow: number;
  readonly rows: number;
}
