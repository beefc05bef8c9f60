import { RowScanner } from "../../csv/row_scanner.ts";
import { Byte } from "../../csv/dialect.ts";
import { type ValueKind, valueKindOf } from "../../series.ts";
import { FileError, type FileHandle, type FileStatus } from "../../runtime.ts";
import { type MonitoringDirectory, readFully, release } from "../../files/directory.ts";
import { appendFileName } from "../../files/names.ts";
import { readRows } from "./read_rows.ts";
import type { RowSink, RowSource } from "./rows.ts";
import type { SeenRows } from "./seen_rows.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/** What of a file is looked at for the beginning of a row, bytes. */
const WINDOW = 128 * 1024;

/** A line end and what reads like a row of ours behind it. */
const ROW = /\r\n(?=\d{10,20},[^,"\r\n]+,)/;

const latin1 = new TextDecoder("latin1");

/**
 * Follows a file that all segments with one channel are appended to.
 *
 * What rows it has is noted before the spools are looked at. A row that was there by then, and is in no spool any more when these are looked at,
 * is in the file only; all others are seen in their spools, and left out when they are met in the file, now or later.
 */
export class AppendedFollower {
  readonly #channel: string;
  readonly #directory: MonitoringDirectory;
  readonly #scanner = new RowScanner();
  readonly #sources = new Map<number, RowSource>();
  readonly #baseSeconds: number;
  #seen: SeenRows[] = [];
  #kind: ValueKind;
  #identity: string | undefined;
  #size = 0;
  #end = 0;

  /** Begins at the end of the file as it is now, or else with the first row of one that is made later. `base` is in s. */
  constructor(directory: MonitoringDirectory, channel: string, baseSeconds: number) {
    this.#directory = directory;
    this.#channel = channel;
    this.#baseSeconds = baseSeconds;
    this.#kind = valueKindOf(channel);
    this.note();
    this.#end = this.#size;
  }

  /** Bytes that are to be read. */
  get unread(): number {
    return this.#size - this.#end;
  }

  /** Notes how large the file is. To be called before the spools are looked at. */
  note(): void {
    const status = this.#status();
    if (status?.identity !== this.#identity) this.#end = 0; // another has taken its place
    this.#identity = status?.identity;
    this.#size = status?.size ?? 0;
    this.#end = Math.min(this.#end, this.#size); // a torn row was cut off
    this.#seen = this.#seen.filter(({ looksSince }) => looksSince < 2);
  }

  /** Rows of a segment that are to be left out. */
  leaveOut({ kind }: RowSource, seen: SeenRows): void {
    this.#kind = kind;
    this.#seen.push(seen);
  }

  /** The spools were looked at; `isHeld` tells whether a segment was in one. What was, may come here until the next look after that. */
  looked(isHeld: (seen: SeenRows) => boolean): void {
    for (const seen of this.#seen) if (!isHeld(seen)) seen.looksSince++;
  }

  /** Reads what had come when the size was noted; of more than `limit` bytes the last ones, whose rows stand for all then. */
  read(limit: number, sink: RowSink, unreadable: UnreadableFiles): void {
    if (this.unread === 0) return;
    try {
      const handle = this.#directory.files.open(this.#path, "read");
      try {
        if (handle.status().identity === this.#identity) this.#read(handle, limit, sink);
      } finally {
        release(handle);
      }
    } catch (error) {
      unreadable.note(error, this.#path);
    }
  }

  #read(handle: FileHandle, limit: number, sink: RowSink): void {
    const { unread } = this;
    const from = unread > limit ? rowStart(handle, this.#size - limit, this.#size) : this.#end;
    const weight = from < this.#size ? unread / (this.#size - from) : 1;
    this.#end = readRows(this.#scanner, handle, { from, to: this.#size }, (row) => {
      const { pid, seconds, nanoseconds, label, measurement } = row;
      const time = (seconds - this.#baseSeconds) * 1e9 + nanoseconds;
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

/** Where a row begins at or after a byte of a file; `to` if that cannot be told. */
function rowStart(handle: FileHandle, at: number, to: number): number {
  const bytes = new Uint8Array(Math.min(WINDOW, to - at));
  const text = latin1.decode(bytes.subarray(0, readFully(handle, bytes, at)));
  const found = text.search(ROW);
  return found < 0 ? to : at + found + [Byte.cr, Byte.lf].length;
}
