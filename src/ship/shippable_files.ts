import { NANOSECONDS_PER_MS } from "../series.ts";
import { isCsvName } from "../analysis/source/file_names.ts";
import { firstTimepoint } from "../csv/outer_rows.ts";
import { rotateAppendFile } from "../files/append_file.ts";
import { type MonitoringDirectory, release, unlessGone } from "../files/directory.ts";
import { parseCompactedFileName } from "../files/names.ts";
import { type Clock, FileError, type FileHandle, type FileStatus, unlessUnreadable } from "../runtime.ts";
import { type FoundFile, foundFile } from "./pieces/found_file.ts";

/** A file of which nothing is to be shipped any more. There may be 100,000 of them: it has no more than it needs. */
export interface SettledFile {
  readonly size: number;
  readonly identity: string;
  /** ms since 1970. */
  readonly modified: number;
  /** Whether its content never changes. */
  readonly isImmutable: boolean;
  /** Whether it is never let go: part of it is in quarantine, or it is not Kymo's. */
  readonly stays: boolean;
  /** The bytes from its beginning on that the ledger has. */
  readonly covered: number;
  /** When it was settled, monotonic ns. */
  readonly at: number;
  /** When the ledger was last asked whether it still has it, monotonic ns; 0 if never. */
  confirmed: number;
}

/** What is known of a file when it is settled. */
export type SettledAs = Pick<SettledFile, "stays" | "covered">;

/** File systems date changes by a clock that may be so late, ms. */
const CLOCK_STEP = 1_000;

/** The files of a monitoring directory, as one shipper sees them. */
export class ShippableFiles {
  /** The settled files that are there, by name. */
  readonly settled: Map<string, SettledFile> = new Map();
  /** Files that were settled, and that the store may have lost since. They wait. */
  readonly doubted: Map<string, SettledFile> = new Map();
  /** Names of files that are not shipped, and why. */
  readonly refused: Map<string, string> = new Map();
  /** Files that somebody removed or renamed before they were shipped. */
  vanished = 0;
  /** When the directory was listed last, ms since 1970; 0 before. */
  #listed = 0;
  #settledBefore = 0;
  /** How long it took to look which files are there, ns. */
  listingTime = 0;
  /** Files that are not settled, and when they were last changed, ms since 1970, once that is known. */
  readonly #waiting = new Map<string, number | undefined>();
  #oldest: number | undefined;
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #onGone: (name: string) => void;

  /** `onGone` is called for each file that is not there any more. */
  constructor(
    { directory, clock, shipping: { since } }: {
      readonly directory: MonitoringDirectory;
      readonly clock: Clock;
      /** Since when the directory is shipped. */
      readonly shipping: { readonly since: number };
    },
    onGone: (name: string) => void,
  ) {
    this.#directory = directory;
    this.#clock = clock;
    this.#since = since;
    this.#onGone = onGone;
  }

  /** How many files are not settled, and when the oldest of them was last changed, ms since 1970. */
  get waiting(): { readonly files: number; readonly since: number | undefined } {
    return { files: this.#waiting.size, since: this.#oldest };
  }

  /**
   * Lists the directory, after the files that programs append to were rotated.
   *
   * @throws {FileError}
   */
  async list(): Promise<readonly string[]> {
    const { files, path } = this.#directory;
    const begin = this.#clock.now();
    this.#listed = Number(this.#clock.epoch() / BigInt(NANOSECONDS_PER_MS));
    const first = await files.listBeside(path);
    const names = this.#rotate(first) ? await files.listBeside(path) : first;
    this.#forgetGone(names);
    for (const name of names) this.#found(name);
    this.listingTime = this.#clock.now() - begin;
    return names;
  }

  /** The names of files that are not settled, sorted. */
  unsettled(): string[] {
    return [...this.#waiting.keys()].sort();
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
    const isFirst = !this.wasSettled(name);
    this.#waiting.delete(name);
    this.doubted.delete(name);
    const isImmutable = kind === "segment";
    this.settled.set(name, {
      size,
      identity,
      modified,
      isImmutable,
      stays: stays || kind === "foreign",
      covered,
      at: this.#clock.now(),
      confirmed: 0,
    });
    return isFirst;
  }

  /** Whether the file was settled once since the shipper began. */
  wasSettled(name: string): boolean {
    return this.settled.has(name) || this.doubted.has(name);
  }

  /** Whether a settled file is still what it was. */
  isUnchanged(name: string, settled: SettledFile): boolean {
    const status = unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)));
    return status?.size === settled.size && status.identity === settled.identity &&
      status.modified === settled.modified;
  }

  /** The store may have lost this settled file, or all: the ledger is to be asked. */
  doubt(name?: string): void {
    for (const one of name === undefined ? [...this.settled.keys()] : [name]) {
      const file = this.settled.get(one);
      if (file === undefined) continue;
      this.settled.delete(one);
      this.doubted.set(one, file);
      this.#waiting.set(one, file.modified);
    }
  }

  /** The ledger has this file still. */
  trust(name: string): void {
    const file = this.doubted.get(name);
    if (file === undefined) return;
    this.doubted.delete(name);
    this.#waiting.delete(name);
    this.settled.set(name, file);
  }

  /** A file is gone. */
  forget(name: string): void {
    this.settled.delete(name);
    this.doubted.delete(name);
    this.#waiting.delete(name);
    this.#onGone(name);
  }

  /** The time before which all files that were changed last are settled, ms since 1970. */
  get settledBefore(): number {
    return this.#settledBefore;
  }

  /** A look is over: finds out since when the oldest file waits. Each file is asked once. */
  dateWaiting(): void {
    this.#oldest = undefined;
    for (const [name, known] of this.#waiting) {
      const modified = known ?? unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)))?.modified;
      if (modified === undefined) continue;
      if (known === undefined) this.#waiting.set(name, modified);
      if (this.#oldest === undefined || modified < this.#oldest) this.#oldest = modified;
    }
    this.#settledBefore = Math.min(this.#oldest ?? Infinity, this.#listed - CLOCK_STEP);
  }

  /** A file is there. */
  #found(name: string): void {
    if (this.#waiting.has(name) || this.#isSettled(name)) return;
    const file = foundFile(name);
    if (file !== undefined && file.kind !== "growing") this.#waiting.set(name, undefined);
    else if (file === undefined && isCsvName(name)) this.refused.set(name, "files with such names are not shipped");
    else if (this.#isUnshippedCompaction(name)) this.refused.set(name, "it was compacted before it was shipped");
  }

  /** Whether it is a compacted file whose inputs were not shipped. */
  #isUnshippedCompaction(name: string): boolean {
    if (parseCompactedFileName(name) === undefined) return false;
    const status = unlessGone(() => this.#directory.files.status(this.#directory.pathOf(name)));
    return status !== undefined && status.modified < this.#since;
  }

  /** Forgets the files that are gone. Of 100,000 names a set takes 5 MB, so none is made if all are there. */
  #forgetGone(names: readonly string[]): void {
    let known = 0;
    for (const name of names) if (this.#waiting.has(name) || this.settled.has(name)) known++;
    if (known === this.#waiting.size + this.settled.size && this.refused.size === 0) return;
    const there = new Set(names);
    for (const name of this.settled.keys()) if (!there.has(name)) this.forget(name);
    for (const name of this.#waiting.keys()) {
      if (there.has(name)) continue;
      if (!this.doubted.has(name)) this.vanished++;
      this.forget(name);
    }
    for (const name of this.refused.keys()) if (!there.has(name)) this.refused.delete(name);
  }

  /** Rotates the files that programs append to, if they have rows. */
  #rotate(names: readonly string[]): boolean {
    let isOne = false;
    for (const name of names) {
      if (this.settled.has(name)) continue;
      const file = foundFile(name);
      if (file?.kind !== "growing") continue;
      try {
        if (rotateAppendFile(this.#directory, file.channel)) isOne = true;
        this.refused.delete(name);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.refused.set(name, error.message);
      }
    }
    return isOne;
  }

  #isSettled(name: string): boolean {
    const settled = this.settled.get(name);
    return settled !== undefined && (settled.isImmutable || this.isUnchanged(name, settled));
  }
}
