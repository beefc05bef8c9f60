import { FileError, type FileHandle } from "../runtime.ts";
import { appendRows, wasDeleted } from "./append_file.ts";
import type { AtomicFile } from "./atomic_file.ts";
import { type MonitoringDirectory, release } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";

/**
 * The file of a channel for rows that are recorded after the last flush at the end of a program,
 * each of which has to be in a file at once. It is published with the first of them, and then grows
 * by one write for each: one file instead of thousands.
 */
export class LateFile {
  readonly #directory: MonitoringDirectory;
  #handle: FileHandle | undefined;
  #isClosed = false;

  /** Creates nothing yet. */
  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
  }

  /** Closes the file. Rows that are given to it all the same go to separate files. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  /** Where the rows of a segment with this journal go: at the end of the file, or to `first`. */
  destination(first: AtomicFile, journal: FlushJournal): LateRows {
    return new LateRows(this, first, journal);
  }

  /** Goes on with a file that was just published. */
  open(path: string): void {
    if (this.#isClosed) return;
    try {
      this.#handle = this.#directory.files.open(path);
      this.#handle.seekEnd();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#leave(); // somebody has moved it
    }
  }

  /**
   * Appends the rows of a segment up to `next`; returns `false` if there is no file to append to. If
   * it throws, none is in the file but those that the journal counts as published.
   */
  append(rows: Uint8Array, next: number, journal: FlushJournal): boolean {
    const handle = this.#handle;
    if (handle === undefined) return false;
    if (wasDeleted(handle)) {
      this.#leave();
      return false;
    }
    const end = handle.seekEnd();
    const sync = (): void => this.#directory.syncs ? handle.sync() : undefined;
    try {
      appendRows(handle, journal, rows, { end, sync });
    } catch (error) {
      this.#leave();
      throw error;
    }
    journal.settled(next);
    this.#directory.noteGrowth(rows.length);
    return true;
  }

  /** Further rows go to another file. */
  #leave(): void {
    if (this.#handle !== undefined) release(this.#handle);
    this.#handle = undefined;
  }
}

/** Rows of one segment in a {@linkcode LateFile}. */
export class LateRows {
  readonly #file: LateFile;
  readonly #first: AtomicFile;
  readonly #journal: FlushJournal;
  #isFirst = false;

  /** They go to `first` where the file does not exist. */
  constructor(file: LateFile, first: AtomicFile, journal: FlushJournal) {
    this.#file = file;
    this.#first = first;
    this.#journal = journal;
  }

  /** Writes whole rows, up to row `next` of the segment. */
  write(rows: Uint8Array, next: number): boolean {
    if (!this.#isFirst && this.#file.append(rows, next, this.#journal)) return true;
    this.#isFirst = true;
    return this.#first.write(rows);
  }

  /** Publishes what was written, up to row `next`. */
  commit(next: number): void {
    if (this.#isFirst) this.#file.open(this.#first.commit(next));
  }

  /** Removes what is not published. Does not throw. */
  abort(): void {
    this.#isFirst = false;
    this.#first.abort();
  }
}
