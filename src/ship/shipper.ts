/**
 * Ships the rows of one monitoring directory to one store.
 *
 * A **look** lists the directory, asks the ledger of the store what it has, and ships the rest, batch
 * by batch, in the order of the names. Nothing is remembered on this side that the ledger does not
 * say: killed at any moment, the next look goes on from there. While a shipper runs it does not read
 * again what it has settled; but when it had to connect anew, when entries of the ledger are gone, and
 * before files are let go, it asks the ledger for them again: the store may have been restored from an
 * older backup meanwhile.
 *
 * **A known stem with another content.** A power cut may leave a file that is shorter than what was
 * shipped of it, or the segment is published again under its next name. If the file begins with what
 * the ledger has, only the rest is shipped; if it is shorter, it was shipped as a whole; if it differs,
 * it is put into quarantine.
 *
 * **Copies.** A file that was renamed or copied is known by the digests of its pieces. While somebody
 * writes one it is left alone, since half a copy has another digest.
 *
 * **What a store refuses** is bisected to one piece, which is put into quarantine unless the store
 * itself is to blame: see `refusals.ts`.
 *
 * @module
 */

import { appendingIdentities } from "../files/interrupted_flush.ts";
import { type MonitoringDirectory, release } from "../files/directory.ts";
import { type ByteSource, FileError, type Runtime } from "../runtime.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import { filePieces } from "./pieces/file_pieces.ts";
import { ASKED_AT_ONCE, type FoundFile } from "./pieces/found_file.ts";
import { coveredBytes, type Digest, type Piece, type PieceEntry, PieceReader } from "./pieces/piece.ts";
import { RowOwners } from "./pieces/row_owners.ts";
import { Confirmations } from "./files/confirmations.ts";
import { GARBAGE, type Garbage } from "./files/garbage.ts";
import { JournaledBatches } from "./batches/journaled_batches.ts";
import { batchesOf } from "./batches/next_batch.ts";
import { ReadAhead } from "./batches/read_ahead.ts";
import { Sending } from "./batches/sending.ts";
import type { SentPiece } from "./batches/sent_pieces.ts";
import { LedgerSize } from "./ledger_size.ts";
import { Refusals } from "./refusals.ts";
import { type OpenFile, OpenFiles } from "./files/open_files.ts";
import { ShippableFiles } from "./files/shippable_files.ts";
import { ShippedPrograms } from "./shipped_programs.ts";
import { ShippingCounts, type ShippingTally } from "./shipping_counts.ts";
import type { ShippingDirectory } from "./shipping_directory.ts";
import { StoreError } from "../stores/store_error.ts";
import type { Source, Target } from "./targets/target.ts";

/** ms between two attempts to find out how programs have ended, and whether a silent store is there. */
const CARE_INTERVAL = 10_000;

/** What a shipper needs. */
export interface ShipperDeps {
  readonly directory: MonitoringDirectory;
  readonly shipping: ShippingDirectory;
  readonly runtime: Runtime;
  readonly target: Target;
  readonly source: Source;
  readonly digest: Digest;
  readonly garbage: Garbage;
  /** ms for which files stay after they were shipped. */
  readonly keep: number;
}

/** How a look is made. */
export interface LookOptions {
  /** Ends the look after the batch that is under way. */
  readonly signal?: AbortSignal;
  /** Whether there may be no other look: what is otherwise done now and then is done now. */
  readonly isLast: boolean;
}

/** Ships one directory to one store. */
export class Shipper {
  /** Rows by what became of them. */
  readonly counts: ShippingCounts = new ShippingCounts();
  readonly tally: ShippingTally = { files: 0, bytes: 0, batches: 0, newest: 0n };
  /** The files of the directory. */
  readonly files: ShippableFiles;
  readonly #deps: ShipperDeps & Pick<Runtime, "clock">;
  readonly #owners: RowOwners;
  #reader: PieceReader;
  readonly #programs: ShippedPrograms;
  /** For a store without transactions. */
  readonly #journaled: JournaledBatches | undefined;
  readonly #open: OpenFiles;
  readonly #confirmations: Confirmations;
  readonly #ledgerSize: LedgerSize;
  readonly #refusals: Refusals;
  readonly #sending: Sending;
  /** Whether something was left to the next look. */
  #isPartial = false;
  #isConnected = false;
  #nextCare = 0;

  /** Connects to nothing yet. */
  constructor(deps: ShipperDeps) {
    const { clock } = deps.runtime;
    this.#deps = { ...deps, clock };
    this.#reader = new PieceReader(deps.target.rowFormat, deps.digest);
    this.#owners = new RowOwners(deps.directory, deps.source.id);
    this.#programs = new ShippedPrograms(this.#owners);
    this.#refusals = new Refusals(deps.shipping, clock, (piece) => {
      this.counts.note(piece, "quarantined");
      this.#open.settlePiece(piece, true);
    });
    this.files = new ShippableFiles(this.#deps, {
      onGone: (name) => this.counts.forget(name),
      onOther: (name) => this.#owners.found(name),
    });
    this.#open = new OpenFiles(this.counts, this.files, () => this.tally.files++);
    this.#confirmations = new Confirmations(this.files, clock, deps.keep);
    this.#ledgerSize = new LedgerSize(deps.target);
    const parts = { owners: this.#owners, programs: this.#programs, files: this.files };
    this.#journaled = JournaledBatches.of({ ...deps, ...parts });
    const sendingDeps = { target: deps.target, programs: this.#programs, refusals: this.#refusals };
    this.#sending = new Sending({ ...sendingDeps, journaled: this.#journaled }, {
      onShipped: (pieces) => this.#shipped(pieces),
      onThere: (piece) => {
        this.counts.note(piece, "already");
        this.#open.settlePiece(piece, true);
      },
      onLeft: () => this.#isPartial = true,
    });
  }

  /** ms until the next look has to be made, after one that has not failed. */
  get interval(): number {
    return this.#deps.target.interval ?? 0;
  }

  /**
   * Looks once, and ships everything that is there. `"again"` if something of it is left to the next
   * look: a file that somebody is writing, or what another shipper has shipped meanwhile.
   *
   * @throws {StoreError} What is not shipped stays for the next look.
   * @throws {FileError} if the directory cannot be read.
   */
  async look({ signal, isLast }: LookOptions): Promise<"whole" | "again"> {
    const { source, target, clock } = this.#deps;
    this.#open.clear();
    this.#sending.begin();
    this.#isPartial = false;
    for (const { file, rows } of this.#refusals.begin()) {
      const name = outerName(file);
      if (!this.files.wasSettled(name)) continue;
      this.counts.release(rows);
      this.files.doubt(name);
    }
    await this.files.list();
    const cares = isLast || clock.now() >= this.#nextCare;
    if (cares) this.#nextCare = clock.now() + CARE_INTERVAL * NANOSECONDS_PER_MS;
    const isNew = !this.#isConnected || target.isLost === true;
    try {
      if (target.isLost === true) await this.close();
      if (!this.#isConnected) {
        await target.open(source);
        this.#renewReader();
        this.#programs.forget();
        this.files.doubt();
        for (const pieces of await this.#journaled?.finish() ?? []) this.#shipped(pieces);
        await this.#ledgerSize.begin();
        this.#isConnected = true;
      }
      await this.#shipAll(signal);
      this.#refusals.blame();
      if (cares) await this.#programs.describe(target);
      if (await this.#confirmations.renew((files) => this.#entriesOf(files)) === "some are lost") {
        this.#isPartial = true;
      }
      if (cares && !isNew && await this.#ledgerSize.isLess()) {
        await this.close(); // the store was restored
        this.#isPartial = true;
      }
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "data")) await this.close(); // the journal knows what is open
      this.#renewReader();
      throw error;
    } finally {
      this.files.dateWaiting();
    }
    return this.#isPartial ? "again" : "whole";
  }

  /** Disconnects. The next look asks the ledger for everything again. */
  async close(): Promise<void> {
    this.#isConnected = false;
    this.#journaled?.close();
    await this.#deps.target.close();
  }

  /** How many pieces are in quarantine. */
  get quarantinedPieces(): number {
    return this.#refusals.quarantinedPieces;
  }

  /** The time before which all files that were changed last are in the store, ms since 1970. */
  get shippedBefore(): number {
    let time = this.files.settledBefore;
    for (const file of this.#refusals.quarantinedFiles) {
      time = Math.min(time, this.files.modifiedOf(outerName(file)) ?? Infinity);
    }
    return time;
  }

  /** Whether the ledger has said a short while ago that it has the file, and the file may be let go. */
  mayLetGo(name: string): boolean {
    return this.#confirmations.mayLetGo(name);
  }

  /** If the store refuses something of several batches that share a transaction, they are shipped one by one. */
  async #shipAll(signal: AbortSignal | undefined): Promise<void> {
    const { target } = this.#deps;
    if (target.finish !== undefined) {
      if (await this.#shipBatches(signal, true) === "shipped") return;
      this.#open.clear();
      this.#renewReader();
    }
    await this.#shipBatches(signal, false);
  }

  /** Reads the next batch while one is being shipped. */
  async #shipBatches(signal: AbortSignal | undefined, together: boolean): Promise<"shipped" | "refused"> {
    const { target, garbage } = this.#deps;
    const pieces = this.#newPieces();
    const batches = new ReadAhead(batchesOf(pieces, this.#reader, target));
    const onSent = (): void => signal?.aborted ? undefined : batches.begin();
    try {
      for (let batch = await batches.take(); batch.length > 0;) {
        if (!target.tellsWhenSent) onSent();
        await this.#sending.ship(batch, { onSent, together });
        garbage.add(GARBAGE.shipped, batch.length);
        if (signal?.aborted) break;
        batch = await batches.take();
      }
      await this.#sending.finish();
      return "shipped";
    } catch (error) {
      if (this.#sending.isEmpty || !(error instanceof StoreError && error.kind === "data")) throw error;
      await this.#sending.giveUp();
      return "refused";
    } finally {
      await batches.end();
      await pieces.return();
    }
  }

  /** The pieces that the store does not have, file by file. */
  async *#newPieces(): AsyncGenerator<Piece, void> {
    const { directory } = this.#deps;
    const compacted: FoundFile[] = [];
    for (const found of this.files.unsettled(this.#refusals.startAfter, ASKED_AT_ONCE)) {
      const files = found.filter(({ kind }) => kind !== "compacted");
      if (files.length < found.length) compacted.push(...found.filter(({ kind }) => kind === "compacted"));
      if (files.length === 0) continue;
      const entries = await this.#entriesOf(files);
      const appending = files.some(({ kind }) => kind === "rotated") ? appendingIdentities(directory) : new Set();
      for (const file of files) {
        try {
          for (const piece of this.#piecesOf(file, entries.get(file.stem) ?? [], appending)) {
            if (piece instanceof Promise) await piece;
            else yield piece;
          }
        } catch (error) {
          // Others can be read. It is tried again.
          if (!(error instanceof FileError)) throw error;
          this.#open.forget(file.name);
          this.files.refused.set(file.name, error.message);
        }
      }
    }
    if (compacted.length === 0) return;
    const { CompactedPieces } = await import("./pieces/compacted_pieces.ts");
    yield* new CompactedPieces({
      ...this.#deps,
      files: this.files,
      counts: this.counts,
      open: this.#open,
      entriesOf: (files, began) => this.#entriesOf(files, began),
      piecesIn: (open, content, entries) => this.#piecesIn(open, content, entries),
    }).of(compacted);
  }

  async #entriesOf(
    files: readonly FoundFile[],
    began = (): readonly bigint[] => this.files.began(files),
  ): Promise<ReadonlyMap<string, readonly PieceEntry[]>> {
    const stems = [...new Set(files.map(({ stem }) => stem))];
    return Map.groupBy(await this.#deps.target.entries(stems, [], began), ({ stem }) => stem);
  }

  /** Where it yields a promise, that is to be awaited. */
  *#piecesOf(
    file: FoundFile,
    entries: readonly PieceEntry[],
    appending: ReadonlySet<unknown>,
  ): Generator<Piece | Promise<void>, void> {
    const { name } = file;
    const doubted = this.files.doubtedFile(name);
    if (
      doubted && !doubted.stays && coveredBytes(entries) >= doubted.covered && this.files.isUnchanged(name, doubted)
    ) {
      return this.files.trust(name);
    }
    const handle = this.files.open(name);
    if (handle === undefined) return;
    try {
      const status = handle.status();
      if (appending.has(status.identity) || file.kind === "foreign" && this.files.isBeingWritten(status)) {
        this.#isPartial = true; // recovery, or who writes it, comes first
        return;
      }
      yield* this.#piecesIn(this.#open.begin(file, status), handle, entries);
    } finally {
      release(handle);
    }
  }

  *#piecesIn(
    open: OpenFile,
    content: ByteSource,
    entries: readonly PieceEntry[],
  ): Generator<Piece | Promise<void>, void> {
    const { file, status, isKnown } = open;
    const { name } = file;
    for (const found of filePieces(file, content, status, entries, this.#owners, this.#reader)) {
      if (found instanceof Promise) {
        yield found;
      } else if (found.kind === "refused") {
        this.files.refused.set(name, found.reason);
        this.#open.forget(name);
        return;
      } else if (found.kind === "torn") {
        if (!isKnown) this.counts.note({ file: name, firstRow: -1, rows: 0, damaged: 1 }, "pending");
      } else if (found.kind === "there") {
        open.covered += found.piece.bytes;
        if (!isKnown) this.counts.note({ ...found.piece, file: name }, "already");
      } else if (this.#isNew(found.piece, found.kind, open)) {
        open.covered += found.piece.bytes;
        yield found.piece;
      }
    }
    open.isRead = true;
    this.#open.settleIfDone(open);
  }

  /** Whether a piece is to be shipped, and not in quarantine. */
  #isNew(piece: Piece, kind: "new" | "other", open: OpenFile): boolean {
    const isKnown = this.#refusals.has(piece);
    if (kind === "other" && !isKnown) {
      this.#refusals.quarantine(piece, "OTHER", "the store has other rows under the name of this file");
    }
    if (kind === "other" || isKnown) {
      if (!open.isKnown || !isKnown) this.counts.note(piece, "quarantined");
      open.stays = true;
      return false;
    }
    this.counts.note({ ...piece, damaged: open.isKnown ? 0 : piece.damaged }, "pending");
    open.pending++;
    return true;
  }

  /** The memory of the one before may still be on its way. */
  #renewReader(): void {
    this.#reader = new PieceReader(this.#deps.target.rowFormat, this.#deps.digest);
  }

  #shipped(pieces: readonly SentPiece[]): void {
    this.tally.batches++;
    this.#ledgerSize.add(pieces.length);
    for (const piece of pieces) {
      this.counts.note(piece, "shipped");
      this.tally.bytes += piece.bytes;
      if (piece.newest > this.tally.newest) this.tally.newest = piece.newest;
      this.#open.settlePiece(piece);
    }
    this.#programs.shipped(pieces);
    this.#refusals.took(pieces);
  }
}

/** The name of the file in the directory: that of a compacted one, if it is a file within it. */
function outerName(file: string): string {
  return file.split("/", 1)[0]!;
}
