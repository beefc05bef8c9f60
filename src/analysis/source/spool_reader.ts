import type { SegmentContent } from "../../observation/segment.ts";
import { readHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "../../observation/segment_header.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { release, spoolOwner, uniquePart } from "../../storage/directory.ts";
import { FlushNotes } from "../../storage/flush_notes.ts";
import { readFully, readSpoolFile } from "../../storage/read_spool.ts";
import { unlessGone } from "./found_files.ts";

/** An open spool, whoever fills it, or flushes it. No lock is taken, and nothing is written. */
export class OpenSpool {
  /** Where it is. */
  readonly path: string;
  /** Whose bucket it is of: prefix, PID, isolate. */
  readonly bucket: string;
  readonly #handle: FileHandle;
  /** The rows that were read, if there were any of its own. */
  segment: SegmentContent | undefined;
  /** Rows that are damaged. */
  damaged = 0;

  private constructor(path: string, bucket: string, handle: FileHandle) {
    this.path = path;
    this.bucket = bucket;
    this.#handle = handle;
  }

  /**
   * Opens a spool; `undefined` if it is gone, or empty; a text says why it is none.
   *
   * @throws {FileError}
   */
  static open(files: Files, path: string, name: string): OpenSpool | string | undefined {
    const owner = spoolOwner(name);
    const status = files.status(path);
    if (status === undefined || owner === undefined) return undefined;
    if (status.kind !== "file") return `it is not a file but a ${status.kind}`;
    const handle = unlessGone(() => files.open(path, "read"));
    if (handle === undefined) return undefined;
    const { prefix, pid, isolate } = owner;
    const spool = new OpenSpool(path, `${prefix}.${pid}-${isolate}`, handle);
    const header = handle.status().size === 0 ? undefined : spool.header();
    if (typeof header === "object" && bucketOf(header) === spool.bucket) return spool;
    spool.close();
    return typeof header === "object" ? "it says that it is another's" : header;
  }

  /** Its header, which may be of two moments; a text says why it is none. */
  header(): SegmentHeader | string {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    return readHeader(bytes.subarray(0, readFully(this.#handle, bytes, 0)));
  }

  /** Reads the rows; a text says why that cannot be done. */
  read(): string | undefined {
    const found = readSpoolFile(this.#handle);
    if (typeof found === "string") return found;
    this.segment = found.segment;
    this.damaged = found.damaged;
    return undefined;
  }

  /** Closes the file. Does not throw. */
  close(): void {
    release(this.#handle);
  }
}

/** The flush of a segment as its header tells. */
export function notesOf({ notes, sequence }: Pick<SegmentContent, "notes" | "sequence">): FlushNotes {
  // Notes are read from nothing else, and the bytes are a copy.
  return new FlushNotes({ notes: notes.slice(), sequence } as SegmentContent);
}

/** The stem of the name of a segment's own file. */
export function stemOf(
  { owner: { prefix, pid, isolate }, sequence }: Pick<SegmentContent, "owner" | "sequence">,
): string {
  return `${prefix}.${uniquePart(pid, isolate, sequence)}`;
}

function bucketOf({ owner: { prefix, pid, isolate } }: SegmentHeader): string {
  return `${prefix}.${pid}-${isolate}`;
}
