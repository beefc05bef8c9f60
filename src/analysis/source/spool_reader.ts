import type { SegmentContent } from "../../segment/segment.ts";
import { readHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "../../segment/format.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import { release, spoolOwner, uniquePart } from "../../files/directory.ts";
import { FlushJournal } from "../../files/flush_journal.ts";
import { readFully, readSpoolFile } from "../../files/spool_reader.ts";
import { unlessGone } from "./found_files.ts";

/** An open spool, whoever fills it, or flushes it. No lock is taken, and nothing is written. */
export class OpenSpool {
  /** Where it is. */
  readonly path: string;
  /** Whose channelKey it is of: channel, PID, isolate. */
  readonly channelKey: string;
  readonly #handle: FileHandle;
  /** The rows that were read, if there were any of its own. */
  segment: SegmentContent | undefined;
  /** Rows that are damaged. */
  damaged = 0;

  private constructor(path: string, channelKey: string, handle: FileHandle) {
    this.path = path;
    this.channelKey = channelKey;
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
    const { channel, pid, isolate } = owner;
    const spool = new OpenSpool(path, `${channel}.${pid}-${isolate}`, handle);
    const header = handle.status().size === 0 ? undefined : spool.header();
    if (typeof header === "object" && channelKeyOf(header) === spool.channelKey) return spool;
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
export function journalOf({ journal, sequence }: Pick<SegmentContent, "journal" | "sequence">): FlushJournal {
  // Notes are read from nothing else, and the bytes are a copy.
  return new FlushJournal({ journal: journal.slice(), sequence } as SegmentContent);
}

/** The stem of the name of a segment's own file. */
export function stemOf(
  { owner: { channel, pid, isolate }, sequence }: Pick<SegmentContent, "owner" | "sequence">,
): string {
  return `${channel}.${uniquePart(pid, isolate, sequence)}`;
}

function channelKeyOf({ owner: { channel, pid, isolate } }: SegmentHeader): string {
  return `${channel}.${pid}-${isolate}`;
}
