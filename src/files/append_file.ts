import { HEADER_BYTES } from "../csv/encode.ts";
import { findLastRow } from "../csv/outer_rows.ts";
import { RowScanner, wholeRows } from "../csv/row_scanner.ts";
import {
  type ByteSource,
  type FileAccess,
  FileError,
  type FileHandle,
  type Files,
  type FileStatus,
  readFully,
} from "../runtime.ts";
import { isRefused, type MonitoringDirectory, release, showsLackOf, unlessGone, writeAll } from "./directory.ts";
import type { FlushJournal } from "./flush_journal.ts";
import { appendFileName, rotatedFileName, type SegmentId, temporaryAppendFileName } from "./names.ts";

/** Attempts before giving up when the file keeps being replaced. */
const MAX_ATTEMPTS = 10;

/** Code of the error for a name that is not a file, or not a CSV file of our dialect. */
export const WRONG_FILE = "EFTYPE";

/** ms between two attempts to take the lock of a file that another program holds. */
export const LOCK_RETRY = 5;

/** ms to wait for such locks, where nothing else is waiting; then rows go to separate files. */
export const LOCK_PATIENCE = 1_000;

/** Whether an error means that every further attempt to append would fail as well. */
export function cannotAppend(thrown: unknown): thrown is FileError {
  return showsLackOf("append", thrown) || thrown instanceof FileError && thrown.code === WRONG_FILE;
}

/**
 * The failure to append to a file as it is now: it belongs to another user, or is as large as files
 * may be. Separate files can be written; and when somebody has moved it away, there will be
 * another.
 */
export class FileClosed extends FileError {
  /** The path of the file. */
  readonly path: string;

  /** For the file at `path`, by the error with which an attempt failed. */
  constructor(path: string, { code, message }: FileError) {
    super(code, message);
    this.path = path;
  }
}

/** The error code for a file that is as large as `ulimit -f` or the file system allows. */
const TOO_LARGE = "EFBIG";

/**
 * One CSV file that many processes append whole rows to, each holding its exclusive lock while it
 * writes. Every write opens the file by its name anew, because anyone may have moved or deleted it
 * since.
 */
export class AppendFile {
  readonly #directory: MonitoringDirectory;
  readonly #segment: SegmentId;
  readonly #path: string;
  readonly #journal: FlushJournal;
  readonly #access: FileAccess | undefined;
  #temporaryNumber = 0;

  /**
   * For the rows of a segment, whose journal is `journal`. If it creates the file, that gets
   * `access`. Creates nothing yet.
   */
  constructor(directory: MonitoringDirectory, segment: SegmentId, journal: FlushJournal, access?: FileAccess) {
    this.#directory = directory;
    this.#segment = segment;
    this.#path = directory.pathOf(appendFileName(segment.owner.channel));
    this.#journal = journal;
    this.#access = access;
  }

  /**
   * Appends the rows of the segment up to `next`, or returns `false` if another program holds the
   * lock. If it throws, none is in the file but those that the journal counts as published.
   */
  write(rows: Uint8Array, next: number): boolean {
    const { files, rotateAt } = this.#directory;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const handle = this.#open();
      if (handle === undefined) continue;
      try {
        const isLocked = unlessGone(() => handle.tryLock?.() ?? false);
        if (isLocked === false) return false;
        if (isLocked === undefined || !hasTheName(files, this.#path, handle)) continue;
        const now = rotateAt < Infinity ? handle.status() : undefined;
        if (now !== undefined && now.size >= rotateAt && this.#tryRotate(now)) continue;
        this.#append(handle, rows, next);
        const isDeleted = wasDeleted(handle);
        this.#journal.settled(isDeleted ? this.#journal.published : next);
        this.#directory.noteGrowth(rows.length);
        if (!isDeleted) return true;
      } finally {
        release(handle);
      }
    }
    throw new FileError("ESTALE", `the file was replaced ${MAX_ATTEMPTS} times in a row`);
  }

  /** Does nothing: every write has published its rows. */
  commit(): void {}

  /** Does nothing: a write that fails removes its rows itself, while it holds the lock. */
  abort(): void {}

  /**
   * Opens the file, which is created if need be; `undefined` if it was created or removed
   * meanwhile.
   */
  #open(): FileHandle | undefined {
    const { files } = this.#directory;
    this.#directory.ensure();
    try {
      const named = files.status(this.#path);
      if (named === undefined) this.#create();
      else if (named.kind !== "file") {
        throw new FileError(WRONG_FILE, `${this.#path} is not a file but a ${named.kind}`);
      }
    } catch (error) {
      if (error instanceof FileError && (error.code === "EEXIST" || error.code === "ENOENT")) return undefined;
      throw error;
    }
    try {
      return files.open(this.#path);
    } catch (error) {
      if (isRefused(error)) throw new FileClosed(this.#path, error);
      if (error instanceof FileError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Creates the file with its header: under a temporary name, which is then linked to its own
   * unless that is taken.
   */
  #create(): void {
    const { files } = this.#directory;
    const temporary = this.#directory.pathOf(temporaryAppendFileName(this.#segment, this.#temporaryNumber));
    const handle = this.#directory.createFile(temporary, this.#access);
    try {
      writeAll(handle, HEADER_BYTES);
      files.link(temporary, this.#path);
    } catch (error) {
      if (!showsLackOf("link", error)) throw error;
      this.#directory.createFile(this.#path, this.#access).close(); // the header is written with the first rows
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
        // Try once more.
      }
    }
    this.#temporaryNumber++; // it stays, under a name that no reader takes; the next one gets another
  }

  /** As {@linkcode rotate}; `false` if that is refused. Then the file grows. */
  #tryRotate(status: FileStatus): boolean {
    try {
      rotate(this.#directory, this.#segment.owner.channel, status);
      return true;
    } catch {
      this.#directory.rotateAt = Infinity; // until retention, which reports it, sets it again
      return false;
    }
  }

  /**
   * Appends under the lock: the header if the file is empty, then the rows. If that fails, cuts the
   * file to what it was.
   */
  #append(handle: FileHandle, rows: Uint8Array, next: number): void {
    const { files, path, syncs } = this.#directory;
    const size = handle.seekEnd();
    const end = wholeRowsEnd(handle, size);
    if (end < size) handle.truncate(end); // the torn row of a writer that was killed
    handle.seekEnd();
    this.#journal.appending(handle.status().identity, end === 0 ? HEADER_BYTES.length : end, next);
    try {
      appendRows(handle, this.#journal, rows, {
        end,
        writeHead: () => end === 0 ? writeAll(handle, HEADER_BYTES) : undefined,
        sync() {
          if (!syncs) return;
          handle.sync();
          files.syncDirectory(path);
        },
      });
    } catch (error) {
      throw error instanceof FileError && error.code === TOO_LARGE ? new FileClosed(this.#path, error) : error;
    }
  }
}

/**
 * Whether an open file still has its name: it was not moved away, and the name is not a link to it.
 */
function hasTheName(files: Files, path: string, handle: FileHandle): boolean {
  const named = files.status(path);
  return named?.kind === "file" && named.identity === handle.status().identity;
}

/** Names to try for a file that is rotated. */
const MAX_ROTATED_NAMES = 100;

/**
 * Gives the file of a channel another name, under which readers take it for the same channel. The
 * caller holds its lock, and has seen under the lock that it has the name: so only one program
 * rotates it, and nobody appends to it afterwards. It stays in the directory, where recovery finds it
 * by its identity.
 *
 * @throws {FileError}
 */
function rotate(directory: MonitoringDirectory, channel: string, { modified }: FileStatus): void {
  const { files } = directory;
  for (let number = 0; number < MAX_ROTATED_NAMES; number++) {
    const path = directory.pathOf(rotatedFileName(channel, Math.floor(modified) + number));
    if (files.status(path) !== undefined) continue;
    return files.rename(directory.pathOf(appendFileName(channel)), path);
  }
  throw new FileError("EEXIST", `${MAX_ROTATED_NAMES} names of rotated files are taken`);
}

/**
 * Rotates the file of a channel, if it is of our dialect and has rows. `false` if another program
 * holds its lock, or it is gone.
 *
 * @throws {FileError}
 */
export function rotateAppendFile(directory: MonitoringDirectory, channel: string): boolean {
  const { files } = directory;
  const path = directory.pathOf(appendFileName(channel));
  const handle = unlessGone(() => files.open(path));
  if (handle === undefined) return false;
  try {
    const isOurs = unlessGone(() => handle.tryLock?.() ?? false);
    if (!isOurs || !hasTheName(files, path, handle)) return false;
    const status = handle.status();
    if (status.size <= HEADER_BYTES.length || !beginsWithHeader(handle, status.size)) return false;
    rotate(directory, channel, status);
    return true;
  } finally {
    release(handle);
  }
}

/** Where rows are appended, and what is done before and after. */
interface Appending {
  /** The byte where the file ended before. */
  readonly end: number;
  readonly writeHead?: () => void;
  readonly sync: () => void;
}

/**
 * Appends rows at the end of a file. If it throws, what was written is cut off again, and the
 * journal counts rows as published that stay in the file all the same.
 */
export function appendRows(
  handle: FileHandle,
  journal: FlushJournal,
  rows: Uint8Array,
  { end, writeHead, sync }: Appending,
): void {
  const { published } = journal;
  let taken = 0;
  const counted = {
    write(bytes: Uint8Array): number {
      const length = handle.write(bytes);
      taken += length;
      return length;
    },
  };
  try {
    writeHead?.();
    writeAll(counted, rows);
    sync();
  } catch (error) {
    journal.settled(published + takeBack(handle, end, rows.subarray(0, taken)));
    throw error;
  }
}

/**
 * Cuts off what was written of `rows`. Returns how many of them stay in the file because the disk
 * refuses that too.
 */
function takeBack(handle: FileHandle, end: number, rows: Uint8Array): number {
  try {
    handle.truncate(end);
    return 0;
  } catch {
    // The next writer cuts off what there is of a torn one.
    return wholeRows(rows).rows;
  }
}

/**
 * Whether the file was deleted while we wrote to it. No reader can have its last rows, so they are
 * written again, to a new file.
 */
export function wasDeleted(handle: FileHandle): boolean {
  try {
    return handle.status().links === 0;
  } catch {
    return false; // unknown
  }
}

/** Most bytes of a torn row: the longest label doubles in size if every character is a quote. */
const MAX_TORN_BYTES = 64 * 1024;

/**
 * The byte after the last whole row of a CSV file: less than `size` if a writer was killed in the
 * middle of a row, 0 if not even the header is whole.
 *
 * If the end of the file reads as a whole row (see `findLastRow`), it is taken for one; otherwise
 * the file is read from its beginning. (A file that is torn inside a label, just after what reads
 * like a row, counts as whole.)
 *
 * @throws {FileError} `EFTYPE` if the file does not begin with our header, or is torn and not of our
 * dialect: nothing may be cut off it. A program that rewrites files with quotes writes the header so.
 */
export function wholeRowsEnd(handle: FileHandle, size: number): number {
  if (size === 0) return 0;
  if (!beginsWithHeader(handle, size)) throw wrongDialect();
  const scanner = new RowScanner();
  if (findLastRow(scanner, handle, size)) return size;

  scanner.restart(0);
  let end = 0;
  for (let read = 0;;) {
    const found = scanner.next();
    if (found === "end") {
      const length = scanner.pushFrom(handle, read, size);
      if (length === 0) break;
      read += length;
    } else if (scanner.hasEnd) {
      if (!scanner.crlf) throw wrongDialect();
      ({ end } = scanner);
    }
  }
  if (size - end > MAX_TORN_BYTES) throw wrongDialect();
  return end;
}

/** Whether a file of this size begins with the header of Kymo. */
export function beginsWithHeader(handle: ByteSource, size: number): boolean {
  const head = readBetween(handle, 0, Math.min(size, HEADER_BYTES.length));
  return head.every((byte, i) => byte === HEADER_BYTES[i]);
}

function readBetween(handle: ByteSource, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  return bytes.subarray(0, readFully(handle, bytes, start));
}

function wrongDialect(): FileError {
  return new FileError(WRONG_FILE, "not a CSV file of our dialect");
}
