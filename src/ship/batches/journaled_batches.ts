/**
 * Exactly once into a store without transactions, by one shipper. Each batch takes these steps:
 *
 * 1. the journal notes that it is about to be sent, and of what it consists;
 * 2. its rows are sent, and counted by the store;
 * 3. the store notes its pieces in the ledger, which tells from then on that they are there;
 * 4. the journal notes that it is there.
 *
 * Killed between any two of them, the next shipper finds the batch open in the journal, asks the
 * store to end what still runs of it, and counts its rows there:
 *
 * - **all**: it goes on with step 3;
 * - **none**: it sends the same batch again, with the same id, of the same rows, by which the store
 *   knows it if it comes late after all. If a file has gone or changed meanwhile, it is revoked;
 * - **some**: they are removed, and the pieces are shipped as another batch.
 *
 * If the journal is lost, rows of a batch that is not in the ledger are removed.
 *
 * @module
 */

import { type MonitoringDirectory, release } from "../../files/directory.ts";
import { StoreError } from "../../stores/store_error.ts";
import { Journal } from "./journal.ts";
import { foundFile } from "../pieces/found_file.ts";
import { type LocatedPiece, type Piece, PieceReader } from "../pieces/piece.ts";
import type { RowOwners } from "../pieces/row_owners.ts";
import type { ShippableFiles } from "../files/shippable_files.ts";
import type { ShippedPrograms } from "../shipped_programs.ts";
import type { ShippingDirectory } from "../shipping_directory.ts";
import { newBatch } from "../targets/new_batch.ts";
import { type Batch, isRevocable, type RevocableTarget, type Target } from "../targets/target.ts";

/** What batches are shipped with. */
export interface JournaledBatchesDeps<Store extends Target = RevocableTarget> {
  readonly directory: MonitoringDirectory;
  readonly target: Store;
  readonly shipping: ShippingDirectory;
  readonly owners: RowOwners;
  readonly programs: ShippedPrograms;
  readonly files: ShippableFiles;
}

/** The batches of one shipper. */
export class JournaledBatches {
  readonly #deps: JournaledBatchesDeps;
  #journal: Journal | undefined;

  private constructor(deps: JournaledBatchesDeps) {
    this.#deps = deps;
  }

  /** Those of a store without transactions; `undefined` for any other. Opens nothing yet. */
  static of({ target, ...deps }: JournaledBatchesDeps<Target>): JournaledBatches | undefined {
    return isRevocable(target) ? new JournaledBatches({ ...deps, target }) : undefined;
  }

  /**
   * Finds out what became of the batches that are open, and finishes or revokes them. Returns the
   * pieces of those that were shipped. To be called after connecting, before anything is shipped.
   *
   * @throws {StoreError}
   * @throws {FileError}
   */
  async finish(): Promise<readonly (readonly Piece[])[]> {
    this.close();
    const { directory, shipping, target, programs } = this.#deps;
    const journal = this.#journal = Journal.open(directory, shipping.journal);
    if (!journal.isWhole) {
      await target.revokeUnknown();
      journal.restart();
    }
    const shipped: (readonly Piece[])[] = [];
    for (const batch of journal.open) {
      const rows = await target.settle(batch);
      if (rows === batch.rows) {
        await target.note(batch);
        journal.end(batch, "there");
        continue;
      }
      const pieces = rows === 0 ? await this.#read(batch.pieces) : undefined;
      if (pieces === undefined) {
        await target.revoke(batch);
        journal.end(batch, "revoked");
      } else if (
        await this.#send({ ...newBatch(pieces, programs.of(pieces)), id: batch.id, isAgain: true }) === undefined
      ) {
        shipped.push(pieces);
      }
    }
    return shipped;
  }

  /**
   * Ships a batch.
   *
   * @throws {StoreError}
   * @throws {FileError}
   */
  async ship(batch: Batch): Promise<"shipped"> {
    this.#journal!.begin(batch);
    const refused = await this.#send(batch);
    if (refused !== undefined) throw refused;
    return "shipped";
  }

  /** Closes the journal. Does not throw. */
  close(): void {
    this.#journal?.close();
    this.#journal = undefined;
  }

  /** Sends a batch that is in the journal; returns why the store refuses it, if it does. */
  async #send(batch: Batch): Promise<StoreError | undefined> {
    const { target } = this.#deps;
    try {
      await target.ship(batch);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "data")) throw error;
      await target.revoke(batch);
      this.#journal!.end(batch, "revoked");
      return error;
    }
    this.#journal!.end(batch, "there");
    return undefined;
  }

  /** Reads pieces again; `undefined` if one of them is not there any more as it was. */
  async #read(pieces: readonly LocatedPiece[]): Promise<readonly Piece[] | undefined> {
    const { files, owners, target } = this.#deps;
    const reader = new PieceReader(target.rowFormat);
    const read: Piece[] = [];
    for (const { file, stem, channel, firstRow, offset, rows, bytes, sha256 } of pieces) {
      const found = foundFile(file);
      const handle = found?.stem === stem ? files.open(file) : undefined;
      if (handle === undefined) return undefined;
      try {
        const owner = owners.of(found!.owner);
        const piece = await reader.cut(handle, {
          stem,
          file,
          channel,
          firstRow,
          offset,
          size: offset + bytes,
          owner,
          began: 0n,
        });
        if (piece?.sha256 !== sha256 || piece.rows !== rows) return undefined;
        read.push(piece);
      } finally {
        release(handle);
      }
    }
    return read;
  }
}
