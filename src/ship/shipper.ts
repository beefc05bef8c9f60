/**
 * Ships the rows of one monitoring directory to one store.
 *
 * A **look** lists the directory, asks the ledger of the store what it has, and ships the rest, batch
 * by batch, in the order of the names. Nothing is remembered on this side that the ledger does not
 * say: killed at any moment, the next look goes on from there. While a shipper runs it does not read
 * again what it has settled, until it has to connect anew: the store may have been restored from an
 * older backup meanwhile.
 *
 * **A known stem with another content.** A power cut may leave a file that is shorter than what was
 * shipped of it, or the segment is published again under its next name. If the file begins with what
 * the ledger has, only the rest is shipped; if it is shorter, it was shipped as a whole; if it differs,
 * it is put into quarantine.
 *
 * **What a store refuses** is bisected to one piece. It is put into quarantine only if the same look
 * has shipped a piece of another file: otherwise the store may be to blame, and nothing is skipped.
 *
 * @module
 */

import { appendingIdentities } from "../files/interrupted_flush.ts";
import { type MonitoringDirectory, release } from "../files/directory.ts";
import { parseProcessKey, processKey } from "../files/names.ts";
import type { Clock, FileStatus } from "../runtime.ts";
import { filePieces } from "./pieces/file_pieces.ts";
import type { FoundFile } from "./pieces/found_file.ts";
import type { Piece } from "./pieces/piece.ts";
import { RowOwners } from "./pieces/row_owners.ts";
import { ShippableFiles } from "./shippable_files.ts";
import { ShippingCounts } from "./shipping_counts.ts";
import type { ShippingDirectory } from "./shipping_directory.ts";
import type { Batch, ShippedProgram, Source, Target } from "./targets/target.ts";
import { StoreError } from "../stores/store_error.ts";

/** A batch is shipped when it has so many rows, bytes of CSV, or pieces. */
const BATCH_ROWS = 100_000;
const BATCH_BYTES = 8 * 2 ** 20;
const BATCH_PIECES = 1_000;

/** Files that the ledger is asked for at once. */
const ASKED_AT_ONCE = 1_000;

/** What a shipper needs. */
export interface ShipperDeps {
  readonly directory: MonitoringDirectory;
  readonly shipping: ShippingDirectory;
  readonly clock: Clock;
  readonly target: Target;
  readonly source: Source;
  /** Called after each batch. */
  readonly onProgress?: () => void;
}

/** How a look is made. */
export interface LookOptions {
  /** Whether files that programs append to are rotated now. */
  readonly rotates: boolean;
  /** Ends the look after the batch that is under way. */
  readonly signal?: AbortSignal;
}

/** What was shipped, and what else was seen. */
export interface ShippingTally {
  /** Files that are settled. */
  files: number;
  /** Bytes of files that were shipped. */
  bytes: number;
  batches: number;
  /** Places in files where there should be rows, and is something else. */
  damaged: number;
  /** ns since 1970 of the latest row that was shipped; 0 if none was. */
  newest: bigint;
}

/** A file that is being shipped. */
interface OpenFile {
  readonly file: FoundFile;
  readonly status: FileStatus;
  /** Pieces that were found and are not settled. */
  pending: number;
  isRead: boolean;
  isQuarantined: boolean;
}

/** Ships one directory to one store. */
export class Shipper {
  /** Rows by what became of them. */
  readonly counts: ShippingCounts = new ShippingCounts();
  readonly tally: ShippingTally = { files: 0, bytes: 0, batches: 0, damaged: 0, newest: 0n };
  /** The files of the directory. */
  readonly files: ShippableFiles;
  readonly #deps: ShipperDeps;
  readonly #owners: RowOwners;
  /** Programs that the store knows, and whether it knows their ends. */
  readonly #described = new Map<string, boolean>();
  readonly #open = new Map<string, OpenFile>();
  /** What the store has refused in this look. */
  #suspects: { readonly piece: Piece; readonly error: StoreError }[] = [];
  /** Files of which this look has shipped something. */
  #shippedFiles = new Set<string>();
  #quarantined: ReadonlySet<string> = new Set();
  #isConnected = false;

  /** Connects to nothing yet. */
  constructor(deps: ShipperDeps) {
    this.#deps = deps;
    this.#owners = new RowOwners(deps.directory, deps.source.id);
    this.files = new ShippableFiles(deps.directory, deps.clock, (name) => this.counts.forget(name));
  }

  /** ms until the next look has to be made, after one that has not failed. */
  get interval(): number {
    return this.#deps.target.interval ?? 0;
  }

  /**
   * Looks once, and ships everything that is there.
   *
   * @throws {StoreError} What is not shipped stays for the next look.
   * @throws {FileError} if the directory cannot be read.
   */
  async look({ rotates, signal }: LookOptions): Promise<void> {
    const { shipping, source, target } = this.#deps;
    this.#suspects = [];
    this.#shippedFiles.clear();
    this.#open.clear();
    this.#quarantined = new Set(shipping.quarantined().map(keyOf));
    const names = await this.files.list(rotates);
    this.#owners.found(names);
    let files = this.files.unsettled(names);
    this.files.noteWaiting(files);
    try {
      if (!this.#isConnected) {
        await target.open(source);
        this.#isConnected = true;
        this.#described.clear();
        this.files.settled.clear();
        files = this.files.unsettled(names);
      }
      await this.#shipAll(files, signal);
      await this.#describeEnded();
      this.#blame();
    } catch (error) {
      if (error instanceof StoreError && error.kind !== "data") await this.close();
      throw error;
    } finally {
      this.files.noteWaiting(files);
    }
  }

  /** Disconnects. The next look asks the ledger for everything again. */
  async close(): Promise<void> {
    this.#isConnected = false;
    await this.#deps.target.close();
  }

  /** Reads the next batch while one is being shipped. */
  async #shipAll(files: readonly FoundFile[], signal: AbortSignal | undefined): Promise<void> {
    const pieces = this.#newPieces(files);
    let next = collect(pieces);
    try {
      for (let batch = await next; batch.length > 0; batch = await next) {
        next = signal?.aborted ? Promise.resolve([]) : collect(pieces);
        next.catch(() => {}); // it is awaited after this batch
        await this.#ship(batch);
        this.#deps.onProgress?.();
      }
    } finally {
      await next.catch(() => {});
      await pieces.return();
    }
  }

  /** The pieces that the store does not have, file by file. */
  async *#newPieces(files: readonly FoundFile[]): AsyncGenerator<Piece, void> {
    const { directory, target } = this.#deps;
    for (let i = 0; i < files.length; i += ASKED_AT_ONCE) {
      const some = files.slice(i, i + ASKED_AT_ONCE);
      const stems = [...new Set(some.map(({ stem }) => stem))];
      const entries = Map.groupBy(await target.entries(stems, [], () => this.files.began(some)), ({ stem }) => stem);
      const appending = some.some(({ kind }) => kind === "rotated") ? appendingIdentities(directory) : new Set();
      for (const file of some) {
        const handle = this.files.open(file);
        if (handle === undefined) continue;
        try {
          const status = handle.status();
          if (appending.has(status.identity)) continue; // recovery comes first
          const open = { file, status, pending: 0, isRead: false, isQuarantined: false };
          this.#open.set(file.name, open);
          for await (const found of filePieces(file, handle, status, entries.get(file.stem) ?? [], this.#owners)) {
            if (found.kind === "refused") {
              this.files.refused.set(file.name, found.reason);
              this.#open.delete(file.name);
            } else if (found.kind === "torn") {
              this.tally.damaged++;
            } else if (found.kind === "there") {
              this.counts.note({ ...found.piece, file: file.name }, "already");
            } else if (this.#isNew(found.piece, found.kind, open)) {
              yield found.piece;
            }
          }
          open.isRead = true;
          this.#settleIfDone(open);
        } finally {
          release(handle);
        }
      }
    }
  }

  /** Whether a piece is to be shipped, and not in quarantine. */
  #isNew(piece: Piece, kind: "new" | "other", open: OpenFile): boolean {
    this.tally.damaged += piece.damaged;
    if (kind === "other" && !this.#quarantined.has(keyOf(piece))) {
      this.#quarantine(piece, "OTHER", "the store has other rows under the name of this file");
    }
    if (kind === "other" || this.#quarantined.has(keyOf(piece))) {
      this.counts.note(piece, "quarantined");
      open.isQuarantined = true;
      return false;
    }
    this.counts.note(piece, "pending");
    open.pending++;
    return true;
  }

  /** Ships pieces, and finds those that the store refuses. */
  async #ship(pieces: readonly Piece[]): Promise<void> {
    const fresh = await this.#withoutCopies(pieces);
    if (fresh.length === 0) return;
    try {
      // If others have shipped one of them meanwhile, the next look sees what is there.
      if (await this.#deps.target.ship(this.#batchOf(fresh)) === "taken") return;
      this.tally.batches++;
      for (const piece of fresh) this.#shipped(piece);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "data")) throw error;
      if (fresh.length === 1) {
        this.#suspects.push({ piece: fresh[0]!, error });
        return;
      }
      const half = fresh.length >> 1;
      await this.#ship(fresh.slice(0, half));
      await this.#ship(fresh.slice(half));
    }
  }

  /** Files with names that Kymo does not give may be copies of what was shipped under another name. */
  async #withoutCopies(pieces: readonly Piece[]): Promise<readonly Piece[]> {
    const isForeign = ({ file }: Piece): boolean => this.#open.get(file)?.file.kind === "foreign";
    const foreign = pieces.filter(isForeign);
    if (foreign.length === 0) return pieces;
    const entries = await this.#deps.target.entries(
      [],
      foreign.map(({ sha256 }) => sha256),
      () => foreign.map(({ began }) => began),
    );
    const there = new Set(entries.map(({ sha256 }) => sha256));
    return pieces.filter((piece) => {
      if (!isForeign(piece) || !there.has(piece.sha256)) return true;
      this.counts.note(piece, "already");
      this.#settlePiece(piece);
      return false;
    });
  }

  #batchOf(pieces: readonly Piece[]): Batch {
    const programs = new Map<string, ShippedProgram>();
    for (const piece of pieces) {
      for (const program of piece.programs) {
        const key = processKey(program);
        if (programs.has(key) || this.#described.has(key)) continue;
        programs.set(key, this.#owners.describe(program));
      }
    }
    return { pieces, rows: pieces.reduce((sum, { rows }) => sum + rows, 0), programs: [...programs.values()] };
  }

  #shipped(piece: Piece): void {
    const { tally } = this;
    this.counts.note(piece, "shipped");
    tally.bytes += piece.bytes;
    if (piece.newest > tally.newest) tally.newest = piece.newest;
    this.#shippedFiles.add(piece.file);
    for (const program of piece.programs) {
      const key = processKey(program);
      if (!this.#described.has(key)) this.#described.set(key, program.isolate === "");
    }
    this.#settlePiece(piece);
  }

  #settlePiece({ file }: Piece): void {
    const open = this.#open.get(file);
    if (open === undefined) return;
    open.pending--;
    this.#settleIfDone(open);
  }

  #settleIfDone({ file, status, pending, isRead, isQuarantined }: OpenFile): void {
    if (!isRead || pending > 0 || !this.#open.delete(file.name)) return;
    if (this.files.settle(file, status, isQuarantined)) this.tally.files++;
  }

  /**
   * Puts into quarantine what the store has refused, if it takes others.
   *
   * @throws {StoreError} if it does not.
   */
  #blame(): void {
    for (const { piece, error } of this.#suspects) {
      const { file } = piece;
      const takesOthers = this.#shippedFiles.size > (this.#shippedFiles.has(file) ? 1 : 0);
      if (!takesOthers) throw error;
      this.#quarantine(piece, error.code, error.message);
      this.counts.note(piece, "quarantined");
      const open = this.#open.get(file);
      if (open !== undefined) open.isQuarantined = true;
      this.#settlePiece(piece);
    }
  }

  #quarantine({ stem, firstRow, rows, sha256, file }: Piece, code: string, reason: string): void {
    const at = this.#deps.clock.epoch();
    this.#deps.shipping.quarantine({ stem, firstRow, rows, sha256, file, code, reason, at });
  }

  /** Tells the store how programs have ended since their rows were shipped. */
  async #describeEnded(): Promise<void> {
    const programs: ShippedProgram[] = [];
    for (const [key, knowsEnd] of this.#described) {
      if (knowsEnd) continue;
      const program = this.#owners.describe(parseProcessKey(key));
      if (program.record?.end !== undefined) programs.push(program);
    }
    await this.#deps.target.describe(programs);
    for (const program of programs) this.#described.set(processKey(program), true);
  }
}

function keyOf({ sha256, firstRow }: { readonly sha256: string; readonly firstRow: number }): string {
  return `${sha256} ${firstRow}`;
}

/** The pieces of the next batch; none if there are no more. */
async function collect(pieces: AsyncGenerator<Piece, void>): Promise<Piece[]> {
  const batch: Piece[] = [];
  let rows = 0;
  let bytes = 0;
  while (rows < BATCH_ROWS && bytes < BATCH_BYTES && batch.length < BATCH_PIECES) {
    const { done, value } = await pieces.next();
    if (done) break;
    batch.push(value);
    rows += value.rows;
    bytes += value.csv.length;
  }
  return batch;
}
