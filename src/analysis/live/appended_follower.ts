import { RowScanner } from "../../csv/row_scanner.ts";
import { type ValueKind, valueKindOf } from "../../series.ts";
import { type FileHandle, type FileStatus, unlessUnreadable } from "../../runtime.ts";
import { type MonitoringDirectory, release } from "../../files/directory.ts";
import { appendFileName } from "../../files/names.ts";
import { readCsvName } from "../source/file_names.ts";
import { readRows } from "./read_rows.ts";
import { type RowSink, type RowSource, timeOf } from "./row_source.ts";
import type { SpooledRows } from "./spooled_rows.ts";
import type { SpooledSegment } from "./spooled_segments.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/** A file of which all before `end` was read. */
interface PartlyReadFile {
  readonly path: string;
  readonly identity: string | undefined;
  readonly size: number;
  readonly end: number;
}

/**
 * Follows the file to which the segments of a channel are appended.
 *
 * It notes the size of the file first; then the spools are read. A row that is in the file before
 * that size, and in no spool, is taken from the file. All other rows come from the spools, and are
 * skipped in the file. If the file is renamed, as by `logrotate`, the rest of it is read under its
 * new name; one that `copytruncate` has emptied is read from its beginning.
 */
export class AppendedFollower {
  readonly #channel: string;
  readonly #directory: MonitoringDirectory;
  readonly #scanner = new RowScanner();
  readonly #sources = new Map<number, RowSource>();
  readonly #baseSeconds: number;
  #seen: SpooledRows[] = [];
  #kind: ValueKind;
  #identity: string | undefined;
  /** The file that could be opened, so that one that cannot be is told before it grows. */
  #opened: string | undefined;
  #size = 0;
  #end = 0;
  /** What was not read of the file when another got its name. */
  #rotated: PartlyReadFile | undefined;

  /**
   * Begins where the file ended at `begin`, or at the beginning of one that was created later, and
   * notes its size. The zero of times is in s since 1970.
   */
  constructor(directory: MonitoringDirectory, channel: string, baseSeconds: number, begin: FileStatus | undefined) {
    this.#directory = directory;
    this.#channel = channel;
    this.#baseSeconds = baseSeconds;
    this.#kind = valueKindOf(channel);
    this.#identity = begin?.identity;
    this.#end = begin?.size ?? 0;
    this.note();
  }

  /** The file of a channel as it is now; `undefined` if there is none. */
  static statusOf(directory: MonitoringDirectory, channel: string): FileStatus | undefined {
    const status = unlessUnreadable(() => directory.files.status(directory.pathOf(appendFileName(channel))));
    return status?.kind === "file" ? status : undefined;
  }

  /** Bytes to read. */
  get unread(): number {
    return this.#size - this.#end + (this.#rotated === undefined ? 0 : this.#rotated.size - this.#rotated.end);
  }

  /** Notes the size of the file. Must be called before the spools are read. */
  note(): void {
    const status = AppendedFollower.statusOf(this.#directory, this.#channel);
    if (status?.identity !== this.#identity) {
      this.#rotated = this.#findRotated();
      this.#end = 0;
    }
    this.#identity = status?.identity;
    this.#size = status?.size ?? 0;
    this.#end = Math.min(this.#end, this.#size); // a torn row was cut off
    this.#seen = this.#seen.filter(({ looksSince }) => looksSince < 2);
  }

  /** Leaves out rows of a segment that were read from its spool. */
  leaveOut({ kind }: RowSource, seen: SpooledRows): void {
    this.#kind = kind;
    this.#seen.push(seen);
  }

  /**
   * Must be called after the spools were read; `heldOf` returns what the header of a segment's spool
   * said, which was read after the size of the file. Once there is none, its rows may be appended
   * until the look after the next.
   */
  looked(heldOf: (seen: SpooledRows) => SpooledSegment | undefined): void {
    for (const seen of this.#seen) {
      const held = heldOf(seen);
      // One that was read now and is in no header was begun since, so none of its rows is in the file.
      seen.bound = held?.maybePublished ?? (seen.looksSince < 0 ? 0 : Infinity);
      seen.looksSince = held === undefined ? seen.looksSince + 1 : 0;
    }
  }

  /**
   * Reads up to the noted size, but at most the last `limit` bytes. Their rows then count several
   * times (`weight`), for those that were not read.
   */
  read(limit: number, sink: RowSink, unreadable: UnreadableFiles): void {
    const part = this.unread > limit ? limit / this.unread : 1;
    const rotated = this.#rotated;
    this.#rotated = undefined;
    if (rotated !== undefined) this.#readFile(rotated, part, sink, unreadable);
    const current = { path: this.#path, identity: this.#identity, size: this.#size, end: this.#end };
    if (current.size === current.end && this.#identity === this.#opened) return;
    this.#end = this.#readFile(current, part, sink, unreadable) ?? this.#end;
  }

  /** Reads a part of what is new in a file; returns how far, or `undefined` if it could not be read. */
  #readFile(file: PartlyReadFile, part: number, sink: RowSink, unreadable: UnreadableFiles): number | undefined {
    try {
      const handle = this.#directory.files.open(file.path, "read");
      try {
        if (handle.status().identity !== file.identity) return undefined;
        this.#opened = file.identity;
        return file.size > file.end ? this.#read(handle, file, part, sink) : undefined;
      } finally {
        release(handle);
      }
    } catch (error) {
      unreadable.note(error, file.path);
      return undefined;
    }
  }

  #read(handle: FileHandle, { end, size }: PartlyReadFile, part: number, sink: RowSink): number {
    const unread = size - end;
    const from = part < 1 ? rowStart(this.#scanner, handle, size - Math.floor(unread * part), size) : end;
    const weight = from < size ? unread / (size - from) : 1;
    return readRows(this.#scanner, handle, { from, to: size }, (row) => {
      const { pid, label, measurement } = row;
      const time = timeOf(row, this.#baseSeconds);
      if (this.#seen.some((seen) => seen.pid === pid && seen.take(label, measurement, time, seen.bound))) return;
      sink(this.#source(pid), label, measurement, time, weight);
    });
  }

  #source(pid: number): RowSource {
    const known = this.#sources.get(pid);
    if (known !== undefined) return known;
    const source = { channel: this.#channel, pid, isolate: "", kind: this.#kind };
    this.#sources.set(pid, source);
    return source;
  }

  /** The file that had the name, under the name that rotation has given it. */
  #findRotated(): PartlyReadFile | undefined {
    const { files, path: directory } = this.#directory;
    const identity = this.#identity;
    if (identity === undefined) return undefined;
    try {
      for (const name of files.list(directory)) {
        if (readCsvName(name).original !== appendFileName(this.#channel)) continue;
        const path = this.#directory.pathOf(name);
        const status = files.status(path);
        if (status?.identity === identity) return { path, identity, size: status.size, end: this.#end };
      }
    } catch {
      // What cannot be listed is not read.
    }
    return undefined;
  }

  get #path(): string {
    return this.#directory.pathOf(appendFileName(this.#channel));
  }
}

/** The first row that begins after a byte of a file; `to` if there is none. */
function rowStart(scanner: RowScanner, file: FileHandle, at: number, to: number): number {
  scanner.restart(at);
  let isFirst = true; // what is found first begins in the middle of a row
  for (let read = at;;) {
    const found = scanner.next();
    if (found === "row" && !isFirst) return scanner.start;
    if (found !== "end") {
      isFirst = false;
      continue;
    }
    const length = scanner.pushFrom(file, read, to);
    if (length === 0) return to;
    read += length;
  }
}
