import { parseCompactedFileName } from "../files/names.ts";

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

/** What was shipped, and what else was seen. */
export interface ShippingTally {
  /** Files that are settled. */
  files: number;
  /** Bytes of files that were shipped. */
  bytes: number;
  batches: number;
  /** ns since 1970 of the latest row that was shipped; 0 if none was. */
  newest: bigint;
}

/** A piece to be counted. */
export interface CountedPiece {
  readonly file: string;
  readonly firstRow: number;
  readonly rows: number;
  /** Lines that are no rows. */
  readonly damaged?: number;
}

type CountedPieces = Map<number, { outcome: PieceOutcome; readonly rows: number; readonly damaged: number }>;

/**
 * Counts rows piece by piece: each once, however often it is read until its file is settled. What a
 * store has lost is read and shipped again, and counts again.
 */
export class ShippingCounts {
  #read = 0;
  readonly #rows = { shipped: 0, already: 0, quarantined: 0, pending: 0 };
  #damaged = 0;
  /** What became of each piece of a file that is not settled, by name and first row. */
  readonly #pieces = new Map<string, CountedPieces>();

  /** The rows so far. */
  get rows(): RowCounts {
    return { read: this.#read, ...this.#rows };
  }

  /** Places in files where there should be rows, and is something else. */
  get damaged(): number {
    return this.#damaged;
  }

  /** A piece was read, or read again. */
  note({ file, firstRow, rows, damaged = 0 }: CountedPiece, outcome: PieceOutcome): void {
    const pieces: CountedPieces = this.#pieces.get(file) ?? new Map();
    this.#pieces.set(file, pieces);
    const known = pieces.get(firstRow);
    if (known !== undefined && known.rows === rows) {
      // What this shipper has shipped is not "already" there when the store is asked again.
      if (known.outcome === "shipped" && outcome === "already") return;
      this.#rows[known.outcome] -= rows;
      this.#rows[outcome] += rows;
      known.outcome = outcome;
      return;
    }
    // It may have got longer before it was shipped.
    if (known?.outcome === "pending") this.#add("pending", -known.rows, -known.damaged);
    pieces.set(firstRow, { outcome, rows, damaged });
    this.#add(outcome, rows, damaged);
  }

  /** Nothing of the file will be read again, unless it changes or the store loses it. */
  settle(file: string): void {
    this.#pieces.delete(file);
    for (const inner of this.#within(file)) this.#pieces.delete(inner);
  }

  /** Rows were taken out of quarantine, and will be read again. */
  release(rows: number): void {
    this.#add("quarantined", -rows, 0);
  }

  /** A file is gone: what was pending of it is no more. */
  forget(file: string): void {
    for (const { outcome, rows } of this.#pieces.get(file)?.values() ?? []) {
      if (outcome === "pending") this.#add("pending", -rows, 0);
    }
    this.#pieces.delete(file);
    for (const inner of this.#within(file)) this.forget(inner);
  }

  /** The files within a compacted one. */
  #within(file: string): string[] {
    if (parseCompactedFileName(file) === undefined) return [];
    return [...this.#pieces.keys()].filter((name) => name.startsWith(`${file}/`));
  }

  #add(outcome: PieceOutcome, rows: number, damaged: number): void {
    this.#read += rows;
    this.#rows[outcome] += rows;
    this.#damaged += damaged;
  }
}
