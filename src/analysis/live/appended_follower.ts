import { RowScanner } from "../../csv/row_scanner.ts";
import { type ValueKind, valueKindOf } from "../../series.ts";
import { FileError, type FileHandle, type FileStatus } from "../../runtime.ts";
import { type MonitoringDirectory, release } from "../../files/directory.ts";
import { appendFileName } from "../../files/names.ts";
import { readRows } from "./read_rows.ts";
import { type RowSink, type RowSource, timeOf } from "./row_source.ts";
import type { SpooledRows } from "./spooled_rows.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/**
 * Follows the file to which the segments of a channel are appended.
 *
 * It notes the size of the file first; then the spools are read. A row that is in the file before
 * that size, and in no spool, is taken from the file. All other rows come from the spools, and are
 * skipped in the file.
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

  /**
   * Begins at the present end of the file, or at the beginning of one that is created later. The
   * zero of times is in s since 1970.
   */
  constructor(directory: MonitoringDirectory, channel: string, baseSeconds: number) {
    this.#directory = directory;
    this.#channel = channel;
    this.#baseSeconds = baseSeconds;
    this.#kind = valueKindOf(channel);
    this.note();
    this.#end = this.#size;
  }

  /** Bytes to read. */
  get unread(): number {
    return this.#size - this.#end;
  }

  /** Notes the size of the file. Must be called before the spools are read. */
  note(): void {
    const status = this.#status();
    if (status?.identity !== this.#identity) this.#end = 0; // another file has its name
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
   * Must be called after the spools were read; `isHeld` tells whether a segment was in one. Its
   * rows may be appended until the look after the next.
   */
  looked(isHeld: (seen: SpooledRows) => boolean): void {
    for (const seen of this.#seen) if (!isHeld(seen)) seen.looksSince++;
  }

  /**
   * Reads up to the noted size, but at most the last `limit` bytes. Their rows then count several
   * times (`weight`), for those that were not read.
   */
  read(limit: number, sink: RowSink, unreadable: UnreadableFiles): void {
    if (this.unread === 0 && this.#identity === this.#opened) return;
    try {
      const handle = this.#directory.files.open(this.#path, "read");
      try {
        if (handle.status().identity !== this.#identity) return;
        this.#opened = this.#identity;
        if (this.unread > 0) this.#read(handle, limit, sink);
      } finally {
        release(handle);
      }
    } catch (error) {
      unreadable.note(error, this.#path);
    }
  }

  #read(handle: FileHandle, limit: number, sink: RowSink): void {
    const { unread } = this;
    const from = unread > limit ? rowStart(this.#scanner, handle, this.#size - limit, this.#size) : this.#end;
    const weight = from < this.#size ? unread / (this.#size - from) : 1;
    this.#end = readRows(this.#scanner, handle, { from, to: this.#size }, (row) => {
      const { pid, label, measurement } = row;
      const time = timeOf(row, this.#baseSeconds);
      if (this.#seen.some((seen) => seen.pid === pid && seen.take(time))) return;
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

  get #path(): string {
    return this.#directory.pathOf(appendFileName(this.#channel));
  }

  #status(): FileStatus | undefined {
    try {
      const status = this.#directory.files.status(this.#path);
      return status?.kind === "file" ? status : undefined;
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
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
