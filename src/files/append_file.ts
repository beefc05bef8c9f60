import { HEADER_BYTES } from "../csv/encode.ts";
import { wholeRows } from "../csv/row_scanner.ts";
import { FileError, type FileHandle } from "../runtime.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, release, writeAll } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";
import { wholeRowsEnd } from "./whole_rows.ts";

/** How often the file may be replaced under our hands before we call it a failure. */
const MAX_ATTEMPTS = 10;

/** What we say of a name that is not a file, or not one of ours. */
export const WRONG_FILE = "EFTYPE";

/** What makes appending impossible for good: that, and what `flock(2)` says where locks do not work. */
export const CANNOT_APPEND: ReadonlySet<string> = new Set([
  WRONG_FILE,
  "ENOLCK",
  "EOPNOTSUPP",
  "ENOTSUP",
  "ENOSYS",
  "EINVAL",
]);

/** What a file system says that knows no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * One file that many processes append whole rows to, each holding the exclusive lock while it writes. Every write finds the file by its
 * name anew, for other programs may have moved or deleted it since.
 */
export class AppendFile implements Destination {
  readonly #directory: MonitoringDirectory;
  readonly #path: string;
  readonly #temporaryName: string;
  readonly #journal: FlushJournal;
  #made = 0;

  /** Appends to the file `name`; `unique` makes a temporary name of it that nobody else uses. */
  constructor(directory: MonitoringDirectory, name: string, unique: string, journal: FlushJournal) {
    this.#directory = directory;
    this.#path = directory.pathOf(name);
    this.#temporaryName = `${name}.${unique}`;
    this.#journal = journal;
  }

  /** Appends rows, or returns `false` if another program holds the lock. If it throws, none is in the file but those noted as published. */
  write(rows: Uint8Array, next: number): boolean {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const handle = this.#open();
      if (handle === undefined) continue;
      try {
        if (handle.tryLock?.() !== true) return false;
        if (!this.#bearsTheName(handle)) continue;
        this.#append(handle, rows, next);
        const isDeleted = wasDeleted(handle);
        this.#journal.settled(isDeleted ? this.#journal.published : next);
        if (!isDeleted) return true;
      } finally {
        release(handle);
      }
    }
    throw new FileError("ESTALE", `the file was replaced ${MAX_ATTEMPTS} times in a row`);
  }

  /** Nothing to do: every write has published its rows. */
  commit(): void {}

  /** Nothing to do: a write that fails takes its rows back itself, while it has the lock. */
  abort(): void {}

  /** The path of the `number`th temporary name under which the file is made. */
  temporaryPath(number: number): string {
    return this.#directory.temporaryPathOf(`${this.#temporaryName}-${number}`);
  }

  /** Opens the file, made if need be; `undefined` if it came or went in between. */
  #open(): FileHandle | undefined {
    const { files } = this.#directory;
    this.#directory.ensure();
    try {
      const named = files.status(this.#path);
      if (named === undefined) this.#make();
      else if (named.kind !== "file") {
        throw new FileError(WRONG_FILE, `${this.#path} is not a file but a ${named.kind}`);
      }
      return files.open(this.#path);
    } catch (error) {
      if (error instanceof FileError && (error.code === "EEXIST" || error.code === "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Makes the file, whole with its header: it is written under another name, and then given its own unless that is taken. */
  #make(): void {
    const { files } = this.#directory;
    const temporary = this.temporaryPath(this.#made);
    const handle = files.create(temporary);
    try {
      writeAll(handle, HEADER_BYTES);
      files.link(temporary, this.#path);
    } catch (error) {
      if (!(error instanceof FileError && NO_LINKS.has(error.code))) throw error;
      files.create(this.#path).close(); // the header follows with the first rows
    } finally {
      release(handle);
      this.#remove(temporary);
    }
  }

  #remove(temporary: string): void {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        return this.#directory.files.remove(temporary);
      } catch {
        // Tried once more.
      }
    }
    this.#made++; // it stays behind under a name that no reader takes, and the next one gets another
  }

  /** Whether what was opened is what bears the name: not a file moved away since, nor what a link put there led to. */
  #bearsTheName(handle: FileHandle): boolean {
    const named = this.#directory.files.status(this.#path);
    return named?.kind === "file" && named.identity === handle.status().identity;
  }

  /** Appends under the lock: the header to an empty file, then the rows; if that fails, the file is cut to what it was. */
  #append(handle: FileHandle, rows: Uint8Array, next: number): void {
    const { files, path, syncs } = this.#directory;
    const size = handle.seekEnd();
    const end = wholeRowsEnd(handle, size);
    if (end < size) handle.truncate(end); // what a writer that was killed left of a row
    handle.seekEnd();
    let taken = 0;
    const counted = {
      write(bytes: Uint8Array): number {
        const length = handle.write(bytes);
        taken += length;
        return length;
      },
    };
    const { published } = this.#journal;
    this.#journal.appending(handle.status().identity, end === 0 ? HEADER_BYTES.length : end, next);
    try {
      if (end === 0) writeAll(handle, HEADER_BYTES);
      writeAll(counted, rows);
      if (syncs) {
        handle.sync();
        files.syncDirectory(path);
      }
    } catch (error) {
      this.#journal.settled(published + takeBack(handle, end, rows.subarray(0, taken)));
      throw error;
    }
  }
}

/** Cuts what was written of `rows` off the file; returns how many rows are there for good because the disk refuses that as well. */
function takeBack(handle: FileHandle, end: number, rows: Uint8Array): number {
  try {
    handle.truncate(end);
    return 0;
  } catch {
    // The rest of a torn one is cut off by whoever appends next.
    return wholeRows(rows).rows;
  }
}

/** Whether the file was deleted while we wrote to it: no reader can have its last rows, so they are written again, to a new file. */
function wasDeleted(handle: FileHandle): boolean {
  try {
    return handle.status().links === 0;
  } catch {
    return false; // not known to be
  }
}
