/**
 * Many small files, joined to few large ones.
 *
 * DuckDB takes 0.1 ms to open a file, for each query anew, and memory for each: 200,000 files took
 * 38 s and 2.7 GB. The check has the bytes of each file at hand. So where there are many, it appends
 * the rows of those in which it has found nothing but rows to one file for each channel and isolate,
 * in a directory for temporary files that only this user may read. DuckDB then reads these as fast as
 * any, and as often as it wants.
 *
 * @module
 */

import { HEADER } from "../../csv/dialect.ts";
import { RowScanner } from "../../csv/row_scanner.ts";
import { release, writeAll } from "../../files/directory.ts";
import { appendFileName, segmentFileName } from "../../files/names.ts";
import { type FileHandle, type Files, readFully } from "../../runtime.ts";
import type { CheckedFile } from "./checked_file.ts";
import type { RowStyle } from "./csv_content.ts";
import type { CsvPart } from "./duckdb_relation.ts";

/** With more files than this, the small ones of a channel and an isolate are joined, … */
export const MANY_FILES = 100;

/** … if they are at least so many, … */
const LEAST = 8;

/** … of up to so many bytes each: DuckDB opens a file in the time in which it reads these, … */
const SMALL = 64 * 1024;

/** … and of all up to this share of what is free on the disk, which may be that of the recording. */
const SHARE_OF_FREE = 0.25;

/** If that is not known: bytes of all. */
const ALL = 2 ** 30;

/** Bytes that are written at a time. */
const BLOCK = 2 ** 20;

/** Numbers the joined files of this program, since several sources may share a directory. */
let made = 0;

/** A file of joined rows, and the files that they are of. */
interface Joined {
  readonly path: string;
  readonly style: RowStyle;
  readonly handle: FileHandle;
  readonly block: Uint8Array;
  filled: number;
  readonly files: CheckedFile[];
}

/** Joins small files. Reading the joined files is DuckDB's part. */
export class JoinedFiles {
  readonly #files: Files;
  readonly #directory: string;
  readonly #parts = new Map<string, Map<boolean, string[]>>();
  readonly #current: Joined[] = [];
  /** Read into again and again. */
  readonly #bytes = new Uint8Array(SMALL + 1);
  #room = 0;
  #hasFailed = false;

  /** `directory` is one for temporary files. Nothing is written yet. */
  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** What DuckDB reads of a channel. */
  of(channel: string): CsvPart[] {
    const parts = this.#parts.get(channel) ?? new Map<boolean, string[]>();
    return Array.from(parts, ([lineFeeds, paths]) => ({ paths, lineFeeds, isGzip: false }));
  }

  /**
   * Joins the small ones of some files; yields after each. Files that are not sound are left as they
   * are, and so are all others if the disk is full. Does not throw.
   */
  *join(all: readonly CheckedFile[]): Generator<void> {
    const small = all.filter(({ mode, isBounded, found: { grows, size } }) =>
      mode === "unchecked" && !isBounded && !grows && size <= SMALL
    );
    this.#room = roomIn(this.#files, this.#directory);
    const scanner = new RowScanner(); // one for all, which knows the labels
    const groups = Map.groupBy(small, ({ found: { channel, isolate } }) => `${channel}/${isolate}`);
    for (const group of groups.values()) {
      if (group.length < LEAST) continue;
      try {
        for (const file of group) {
          if (this.#hasFailed || file.found.size > this.#room) break;
          file.join(this.#contentOf(file), (style, rows) => this.#add(file, style, rows), scanner);
          yield;
        }
      } finally {
        this.#finish(); // also if the caller ends the check
      }
      if (this.#hasFailed) break;
    }
  }

  /** Removes the joined files. Does not throw. */
  drop(): void {
    for (const parts of this.#parts.values()) {
      for (const path of [...parts.values()].flat()) removeIfThere(this.#files, path);
    }
    this.#parts.clear();
  }

  /** All bytes of a small file; none if it cannot be read, or has changed. */
  #contentOf({ found: { path, size } }: CheckedFile): Uint8Array {
    let handle: FileHandle | undefined;
    try {
      handle = this.#files.open(path, "read");
      const bytes = this.#bytes.subarray(0, size + 1);
      const length = readFully(handle, bytes, 0);
      return bytes.subarray(0, length === size ? size : 0);
    } catch {
      return new Uint8Array(); // the check reports it
    } finally {
      if (handle !== undefined) release(handle);
    }
  }

  /** Adds the rows of a file; returns whether that was possible. */
  #add(file: CheckedFile, style: RowStyle, rows: Uint8Array): boolean {
    let joined = this.#current.find((one) => one.style.crlf === style.crlf && one.style.lineFeeds === style.lineFeeds);
    try {
      if (joined === undefined) this.#current.push(joined = this.#create(style));
      if (joined.filled + rows.length > BLOCK) flush(joined);
      joined.block.set(rows, joined.filled);
    } catch {
      this.#hasFailed = true;
      return false;
    }
    joined.filled += rows.length;
    joined.files.push(file);
    this.#room -= rows.length;
    return true;
  }

  #create(style: RowStyle): Joined {
    const { channel, isolate, crlf } = style;
    const sequence = ++made;
    const name = isolate === ""
      ? appendFileName(`${channel}.${sequence}`)
      : segmentFileName({ owner: { channel, pid: 0, isolate }, sequence });
    const path = `${this.#directory}/${name}`;
    const handle = this.#files.create(path);
    const header = new TextEncoder().encode(crlf ? HEADER : HEADER.replace("\r\n", "\n"));
    const block = new Uint8Array(BLOCK);
    block.set(header);
    return { path, style, handle, block, filled: header.length, files: [] };
  }

  /** Completes the joined files of a channel and isolate. */
  #finish(): void {
    for (const joined of this.#current.splice(0)) {
      const { path, style: { channel, lineFeeds }, handle, files } = joined;
      try {
        flush(joined);
        release(handle);
        const parts = this.#parts.get(channel) ?? new Map<boolean, string[]>();
        this.#parts.set(channel, parts.set(lineFeeds, [...parts.get(lineFeeds) ?? [], path]));
      } catch {
        release(handle);
        this.#hasFailed = true;
        removeIfThere(this.#files, path);
        for (const file of files) file.mode = "unchecked";
      }
    }
  }
}

/** Bytes that may be written to a directory. */
function roomIn(files: Files, directory: string): number {
  try {
    const free = files.freeBytes?.(directory);
    return free === undefined ? ALL : SHARE_OF_FREE * free;
  } catch {
    return ALL;
  }
}

function flush(joined: Joined): void {
  writeAll(joined.handle, joined.block.subarray(0, joined.filled));
  joined.filled = 0;
}

function removeIfThere(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // It is gone, or goes with its directory.
  }
}
