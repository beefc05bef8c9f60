import { NANOSECONDS_PER_MS } from "../../series.ts";
import { isCsvName } from "../../analysis/source/file_names.ts";
import { firstTimepoint } from "../../csv/outer_rows.ts";
import { rotateAppendFile } from "../../files/append_file.ts";
import { type MonitoringDirectory, release, unlessGone } from "../../files/directory.ts";
import { type Clock, FileError, type FileHandle, type FileStatus, unlessUnreadable } from "../../runtime.ts";
import { GARBAGE, type Garbage } from "./garbage.ts";
import { FileTable, identityNumber, RowState, type SettledFile } from "./file_table.ts";
import { type FoundFile, foundFile } from "../pieces/found_file.ts";

/** What is known of a file when it is settled. */
export type SettledAs = Pick<SettledFile, "stays" | "covered">;

/** Who wants to know what a listing shows. */
export interface FilesListeners {
  /** Called for each file that is not there any more. */
  readonly onGone: (name: string) => void;
  /** Called for each name that is not of a file whose rows are shipped. */
  readonly onOther: (name: string) => void;
}

/** File systems date changes by a clock that may be so late, ms. */
const CLOCK_STEP = 1_000;

/** ms for which nobody has changed a file that is not Kymo's, before it is shipped. */
const QUIET = 2_000;

const SLASH = 0x2f;

const decoder = new TextDecoder();

/** The files of a monitoring directory, as one shipper sees them. */
export class ShippableFiles {
  /** Names of files that are not shipped, and why. */
  readonly refused: Map<string, string> = new Map();
  /** Which of them this listing has. */
  readonly #seenRefused = new Set<string>();
  /** Files that somebody removed or renamed before they were shipped. */
  vanished = 0;
  /** When the directory was listed last, ms since 1970; 0 before. */
  #listed = 0;
  #settledBefore = 0;
  /** How long it took to look which files are there, ns. */
  listingTime = 0;
  readonly #table = new FileTable();
  #oldest: number | undefined;
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #listeners: FilesListeners;
  readonly #garbage: Garbage;

  /** Knows no files yet. */
  constructor(
    { directory, clock, garbage, shipping: { since } }: {
      readonly directory: MonitoringDirectory;
      readonly garbage: Garbage;
      readonly clock: Clock;
      /** Since when the directory is shipped. */
      readonly shipping: { readonly since: number };
    },
    listeners: FilesListeners,
  ) {
    this.#directory = directory;
    this.#clock = clock;
    this.#garbage = garbage;
    this.#since = since;
    this.#listeners = listeners;
  }

  /** How many files are not settled, and when the oldest of them was last changed, ms since 1970. */
  get waiting(): { readonly files: number; readonly since: number | undefined } {
    return { files: this.#table.waiting, since: this.#oldest };
  }

  /**
   * Lists the directory, after the files that programs append to were rotated.
   *
   * @throws {FileError}
   */
  async list(): Promise<void> {
    const begin = this.#clock.now();
    this.#listed = Number(this.#clock.epoch() / BigInt(NANOSECONDS_PER_MS));
    this.#table.tidy();
    if (this.#rotate(await this.#look())) await this.#look();
    this.#forgetGone();
    this.listingTime = this.#clock.now() - begin;
  }

  /** The files that are not settled, by name, those after the name `after` first: some at a time. */
  *unsettled(after: string, atOnce: number): Generator<FoundFile[], void> {
    const rows = this.#table.waitingInOrder(after);
    for (let i = 0; i < rows.length; i += atOnce) {
      yield Array.from(rows.subarray(i, i + atOnce), (row) => foundFile(this.#table.nameOf(row))!);
    }
  }

  /** The names of files that were settled by then, monotonic ns, and that need not stay. */
  *settledUntil(limit: number): Generator<string, void> {
    for (const row of this.#table.rows({ settledUntil: limit })) yield this.#table.nameOf(row);
  }

  /** A file that is settled; `undefined` if it is not. */
  settledFile(name: string): SettledFile | undefined {
    return this.#fileIn(RowState.settled, name);
  }

  /** A file that was settled, and that the store may have lost since; `undefined` if it is none. */
  doubtedFile(name: string): SettledFile | undefined {
    return this.#fileIn(RowState.doubted, name);
  }

  /** Opens a file for reading; `undefined` if it is gone, or no file that may be read. */
  open(name: string): FileHandle | undefined {
    const { files } = this.#directory;
    const path = this.#directory.pathOf(name);
    try {
      const status = files.status(path);
      if (status?.kind === "file") {
        const handle = files.open(path, "read");
        this.refused.delete(name);
        return handle;
      }
      if (status !== undefined) this.refused.set(name, "it is not a regular file");
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code !== "ENOENT") this.refused.set(name, error.message);
    }
    return undefined; // if it is gone, the next listing shows it
  }

  /** When a file was last changed, ms since 1970, as far as that is known. */
  modifiedOf(name: string): number | undefined {
    const row = this.#table.rowOf(name);
    const modified = row === undefined ? NaN : this.#table.modifiedOf(row);
    return Number.isNaN(modified) ? undefined : modified;
  }

  /** When the first rows of files were recorded, ns since 1970; those that have none are left out. */
  began(files: readonly FoundFile[]): bigint[] {
    return files.flatMap(({ name }) => {
      const path = this.#directory.pathOf(name);
      return unlessUnreadable(() => {
        const handle = this.#directory.files.status(path)?.kind === "file" && this.#directory.files.open(path, "read");
        if (!handle) return undefined;
        try {
          return firstTimepoint(handle, handle.status().size);
        } finally {
          release(handle);
        }
      }) ?? [];
    });
  }

  /** Nothing of the file is to be shipped any more; whether it is the first time. */
  settle(
    { name, kind }: FoundFile,
    { size, identity, modified }: FileStatus,
    { stays, covered }: SettledAs,
  ): boolean {
    const row = this.#table.rowOf(name);
    if (row === undefined) return false;
    const isFirst = this.#table.stateOf(row) === RowState.waiting;
    this.#table.settle(row, {
      size,
      identity: identityNumber(identity),
      modified,
      isImmutable: kind === "segment",
      stays: stays || kind === "foreign" || kind === "compacted",
      covered,
      at: this.#clock.now(),
      confirmed: 0,
    });
    return isFirst;
  }

  /** The ledger has said that it still has the file. */
  confirm(name: string, at: number): void {
    const row = this.#table.rowOf(name);
    if (row !== undefined) this.#table.confirm(row, at);
  }

  /** Whether the file was settled once since the shipper began. */
  wasSettled(name: string): boolean {
    const row = this.#table.rowOf(name);
    return row !== undefined && this.#table.stateOf(row) !== RowState.waiting;
  }

  /** Whether a settled file is still what it was. */
  isUnchanged(name: string, settled: SettledFile): boolean {
    const status = unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)));
    return status?.size === settled.size && status.modified === settled.modified &&
      identityNumber(status.identity) === settled.identity;
  }

  /** Whether somebody has changed a file a moment ago. */
  isBeingWritten({ modified }: FileStatus): boolean {
    const age = Number(this.#clock.epoch() / BigInt(NANOSECONDS_PER_MS)) - modified;
    return Math.abs(age) < QUIET;
  }

  /** The store may have lost this settled file, or all: the ledger is to be asked. */
  doubt(name?: string): void {
    if (name === undefined) return this.#table.doubtAll();
    const row = this.#table.rowOf(name);
    if (row !== undefined && this.#table.stateOf(row) === RowState.settled) this.#table.setState(row, RowState.doubted);
  }

  /** The ledger has this file still. */
  trust(name: string): void {
    const row = this.#table.rowOf(name);
    if (row !== undefined && this.#table.stateOf(row) === RowState.doubted) this.#table.setState(row, RowState.settled);
  }

  /** A file is gone. */
  forget(name: string): void {
    const row = this.#table.rowOf(name);
    if (row !== undefined) this.#table.remove(row);
    this.#listeners.onGone(name);
  }

  /** The time before which all files that were changed last are settled, ms since 1970. */
  get settledBefore(): number {
    return this.#settledBefore;
  }

  /** A look is over: finds out since when the oldest file waits. Each file is asked once. */
  dateWaiting(): void {
    this.#oldest = undefined;
    for (const row of this.#table.rows("waiting")) {
      let modified = this.#table.modifiedOf(row);
      if (Number.isNaN(modified)) {
        const path = this.#directory.pathOf(this.#table.nameOf(row));
        modified = unlessGone(() => this.#directory.files.status(path))?.modified ?? NaN;
        this.#table.setModified(row, modified);
        this.#garbage.add(GARBAGE.dated);
      }
      if (modified < (this.#oldest ?? Infinity)) this.#oldest = modified;
    }
    this.#settledBefore = Math.min(this.#oldest ?? Infinity, this.#listed - CLOCK_STEP);
  }

  /** Lists the directory, and returns the files that programs append to. */
  async #look(): Promise<readonly FoundFile[]> {
    const growing: FoundFile[] = [];
    this.#table.beginListing();
    this.#seenRefused.clear();
    for await (const names of this.#directory.files.listBlocks(this.#directory.path)) {
      for (let start = 0, end; (end = names.indexOf(SLASH, start)) >= 0; start = end + 1) {
        const row = this.#table.find(names, start, end);
        if (row === undefined) this.#foundOther(names, start, end, growing);
        else this.#foundAgain(row);
      }
    }
    return growing;
  }

  /** A file that is known is there. */
  #foundAgain(row: number): void {
    this.#table.see(row);
    if (this.#table.stateOf(row) !== RowState.settled) return;
    const settled = this.#table.settledFile(row);
    if (settled.isImmutable || this.isUnchanged(this.#table.nameOf(row), settled)) return;
    this.#table.settle(row, { ...settled, modified: NaN, covered: Infinity }); // it has to be read again
    this.#table.setState(row, RowState.doubted);
  }

  /** There is something that is not known. */
  #foundOther(names: Uint8Array, start: number, end: number, growing: FoundFile[]): void {
    const name = decoder.decode(names.subarray(start, end));
    this.#garbage.add(GARBAGE.found);
    const file = foundFile(name);
    if (this.refused.has(name)) this.#seenRefused.add(name);
    if (file === undefined) this.#listeners.onOther(name);
    if (file?.kind === "growing") growing.push(file);
    else if (file?.kind === "compacted" && !this.#mayBeUnshipped(name)) return;
    else if (file !== undefined) this.#table.add(names, start, end);
    else if (isCsvName(name)) this.#refuse(name, "files with such names are not shipped");
  }

  #refuse(name: string, reason: string): void {
    this.refused.set(name, reason);
    this.#seenRefused.add(name);
  }

  /** Whether a compacted file was written before the directory was shipped: later only what is shipped is compacted. */
  #mayBeUnshipped(name: string): boolean {
    const status = unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)));
    return status !== undefined && status.modified <= this.#since;
  }

  /** Forgets the files that are gone. */
  #forgetGone(): void {
    for (const row of this.#table.unseen()) {
      if (this.#table.stateOf(row) === RowState.waiting) this.vanished++;
      this.forget(this.#table.nameOf(row));
    }
    for (const name of this.refused.keys()) {
      if (!this.#seenRefused.has(name) && this.#table.rowOf(name) === undefined) this.refused.delete(name);
    }
  }

  /** Rotates the files that programs append to, if they have rows. */
  #rotate(files: readonly FoundFile[]): boolean {
    let isOne = false;
    for (const { name, channel } of files) {
      try {
        if (rotateAppendFile(this.#directory, channel)) isOne = true;
        this.refused.delete(name);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.#refuse(name, error.message);
      }
    }
    return isOne;
  }

  #fileIn(state: number, name: string): SettledFile | undefined {
    const row = this.#table.rowOf(name);
    return row !== undefined && this.#table.stateOf(row) === state ? this.#table.settledFile(row) : undefined;
  }
}
