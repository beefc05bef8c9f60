/**
 * A store that rows are shipped to, as the shipper sees it.
 *
 * @module
 */

import type { ProcessId } from "../../files/names.ts";
import type { ProgramRecord } from "../../files/program_record.ts";
import type { RowFormat } from "../pieces/row_format.ts";
import type { LocatedPiece, Piece, PieceEntry } from "../pieces/piece.ts";

/** The directory that is shipped. */
export interface Source {
  /** Its id: 32 hexadecimal digits. */
  readonly id: string;
  /** Its path, for people. */
  readonly path: string;
  /** The host of the shipper, if it is known. */
  readonly host: string | undefined;
}

/** A program, with its record if there is one. */
export interface ShippedProgram extends ProcessId {
  readonly id: bigint;
  readonly record?: ProgramRecord;
  /** The name of the service, also where several programs with this PID are meant. */
  readonly service?: string;
}

/** A batch as the journal of a shipper has it. */
export interface BegunBatch {
  /** Tells it from all others: 16 hexadecimal digits. */
  readonly id: string;
  readonly rows: number;
  readonly pieces: readonly LocatedPiece[];
}

/** Pieces that are shipped together, all or none. */
export interface Batch extends BegunBatch {
  readonly pieces: readonly Piece[];
  /** Whether it was sent before, and what became of that is not known. */
  readonly isAgain: boolean;
  /** Who recorded them. */
  readonly programs: readonly ShippedProgram[];
  /**
   * Called by stores that {@linkcode Target.tellsWhenSent} once everything is on its way: while they
   * wait for the answer, the next batch is read.
   */
  readonly onSent?: (() => void) | undefined;
  /**
   * Whether a store may wait for other batches before it commits this one. The rows need not be there
   * any longer when {@linkcode Target.ship} results in `"sent"`.
   */
  readonly mayStayOpen?: boolean;
}

/** Rows of a channel, as the store and its ledger count them. */
export interface ChannelCount {
  readonly channel: string;
  /** Rows that the ledger says were shipped. */
  readonly shipped: number;
  /** Rows that are there. */
  readonly there: number;
}

/** What a store promises when something fails at any moment. */
export interface Guarantee {
  /** Such as `"exactly once"`. */
  readonly rows: string;
  /** How, in half a sentence. */
  readonly by: string;
}

/**
 * A store. Methods throw {@linkcode StoreError}; after one of kind `"passing"` the store is closed
 * and opened again.
 */
export interface Target {
  /** Its address for people: without user and password. */
  readonly name: string;
  readonly guarantee: Guarantee;
  /**
   * ms between two looks for new files while the shipper follows a directory, for a store that takes
   * many rows at once better than few again and again.
   *
   * @default 1000
   */
  readonly interval?: number;
  /** Whether the connection broke since `open`, as far as it is known. Then the store is opened again. */
  readonly isLost?: boolean;
  /**
   * Whether it calls `onSent` of a batch. It does if it exchanges several messages before it sends
   * rows, since each of them would wait for the reading of the next batch.
   */
  readonly tellsWhenSent?: boolean;
  /** How it is given rows, as long as it is open. By default as {@linkcode csvRows}. */
  readonly rowFormat?: RowFormat;
  /**
   * Connects, and makes the tables unless they are there. Notes the source. Whatever was prepared
   * before is forgotten: the store may have been restored from an older backup.
   */
  open(source: Source): Promise<void>;
  /** Makes the tables unless they are there; whether they were not. */
  init(): Promise<boolean>;
  /** The statements by which the tables would be made, whether they are there or not. */
  schema(): Promise<string>;
  /**
   * The entries of the ledger that have one of these stems or digests, by stem. `began` tells when the
   * first rows of the files that are asked for were recorded, ns since 1970, for stores whose ledger
   * is divided by time; it reads these files.
   */
  entries(
    stems: readonly string[],
    digests: readonly string[],
    began: () => readonly bigint[],
  ): Promise<readonly PieceEntry[]>;
  /**
   * Ships a batch: each piece together with its entry in the ledger, or not at all. If it fails, some
   * of the pieces may be there; the next call does not ship these again. `"taken"` if
   * another shipper has shipped one of the pieces meanwhile.
   *
   * `"sent"` of a batch that may stay open: what becomes of it the result of a later batch tells, or of
   * `finish`. If one of them fails, some of all that were sent may be there.
   */
  ship(batch: Batch): Promise<"shipped" | "taken" | "sent">;
  /** Commits the batches that were sent. */
  finish?(): Promise<"shipped" | "taken">;
  /** Gives up the batches that were sent. Does not throw. */
  giveUp?(): Promise<void>;
  /** Does what can be done for the next batch while another one is on its way. Does not throw. */
  prepare?(pieces: readonly Piece[]): void;
  /** Replaces what the store knows of programs. */
  describe(programs: readonly ShippedProgram[]): Promise<void>;
  /**
   * Asks whether the store is there, and how many entries its ledger has of the source: if these have
   * become fewer, it was restored from a backup. `undefined` if another way tells that, or none.
   */
  ledgerSize(): Promise<number | undefined>;
  /** Counts the rows of the source. */
  count(): Promise<readonly ChannelCount[]>;
  /**
   * Disconnects within a second or so. What is running is given up and fails, also an `open` that is
   * not done. Does not throw.
   */
  close(): Promise<void>;
}

/**
 * A store without transactions. What was begun is known by a journal of the shipper
 * (`batches/journaled_batches.ts`), which asks the store what became of it.
 */
export interface RevocableTarget extends Target {
  /** Ends what still runs of a batch, and returns the rows of it that are there. */
  settle(batch: BegunBatch): Promise<number>;
  /** Notes in the ledger that a batch is there. Twice is like once. */
  note(batch: BegunBatch): Promise<void>;
  /** Removes what is there of a batch. It is not shipped again; its pieces may be, as another batch. */
  revoke(batch: BegunBatch): Promise<void>;
  /**
   * Removes what is there of a batch that is not in the ledger: the journal is lost. Only one can
   * have been under way; if there are more, the ledger is lost too, and nothing is removed.
   */
  revokeUnknown(): Promise<void>;
}

/** Whether a store has no transactions. */
export function isRevocable(target: Target): target is RevocableTarget {
  return "revoke" in target;
}
