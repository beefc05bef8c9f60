import { CsvEncoder } from "../../csv/encode.ts";
import { wholeRows } from "../../csv/row_scanner.ts";
import type { SegmentContent } from "../../segment/segment.ts";
import type { SegmentHeader } from "../../segment/format.ts";
import type { Files, FileStatus } from "../../runtime.ts";
import { type MonitoringDirectory, release } from "../../files/directory.ts";
import type { Step } from "../../files/flush_journal.ts";
import { readFully } from "../../files/spool_reader.ts";
import { unlessGone } from "./found_files.ts";
import { journalOf, type OpenSpool, stemOf } from "./spool_reader.ts";

/** How often headers are read until nothing was flushed meanwhile. A step of a flush takes longer than to read them. */
const MAX_LOOKS = 1_000;

/** Where common files end and spools begin, at one moment. */
export interface AppendCut {
  /** Up to which byte a file is read, by path. */
  readonly bounds: ReadonlyMap<string, number>;
  /** The first row of a spool that is not in a file, by path of the spool. */
  readonly first: ReadonlyMap<string, number>;
  /** Stems of files of segments' own that were not there. */
  readonly unpublished: ReadonlySet<string>;
}

/**
 * Tells which rows of spools are in the common files that their programs append to, after the spools were read. The headers of the spools are read before
 * and after the files are looked at, until they say the same: then no step of a flush was begun or ended in between. Up to the sizes that the
 * files had, or to where a slice begins that is being appended, they do not change any more but for their names.
 *
 * Raises `last` to the last sequence of each channelKey at that moment. `undefined` if there is no such moment, or if spools were filled on since they
 * were read.
 */
export function cutAppended(
  directory: MonitoringDirectory,
  spools: readonly OpenSpool[],
  last: Map<string, number>,
): AppendCut | undefined {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const headers = new Map<OpenSpool, SegmentHeader>();
    for (const spool of spools) {
      const header = spool.header();
      if (typeof header === "object" && journalOf(header).layout === "append") headers.set(spool, header);
    }
    const cut = new Cut(directory);
    for (const [spool, header] of headers) cut.add(spool, header);
    if (![...headers].every(([spool, header]) => isSame(spool.header(), header))) continue;
    for (const [{ channelKey }, { sequence }] of headers) {
      last.set(channelKey, Math.max(sequence, last.get(channelKey) ?? 0));
    }
    return cut.isStale ? undefined : cut;
  }
  return undefined;
}

function isSame(again: SegmentHeader | string, { sequence, journal }: SegmentHeader): boolean {
  return typeof again === "object" && again.sequence === sequence &&
    again.journal.every((byte, i) => byte === journal[i]);
}

class Cut implements AppendCut {
  readonly bounds = new Map<string, number>();
  readonly first = new Map<string, number>();
  readonly unpublished = new Set<string>();
  /** Whether more rows were in a spool than were read. */
  isStale = false;
  readonly #directory: MonitoringDirectory;
  readonly #common = new Map<string, FileStatus>();

  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
  }

  /** Looks how far the flush of a spool has come. */
  add({ path, segment }: OpenSpool, header: SegmentHeader): void {
    this.#boundCommon(this.#directory.pathOf(`${header.owner.channel}.csv`));
    const isOwn = isPublished(this.#directory, header);
    if (!isOwn) this.unpublished.add(stemOf(header));
    const { step, published } = journalOf(header);
    if (segment === undefined || header.sequence !== segment.sequence) {
      // What was read was published whole before the bytes were used again, by an owner that lives.
      this.first.set(path, Infinity);
      if (step.kind === "appending") this.#endBefore(step, this.#find(step.identity).path);
    } else if (step.kind === "renaming") {
      this.first.set(path, isOwn ? Infinity : published);
    } else if (step.kind === "appending") {
      if (segment.count < step.next) this.isStale = true;
      this.first.set(path, published + this.#appended(segment, published, step));
    } else {
      this.first.set(path, published);
    }
  }

  /** A common file is read as far as it goes now. */
  #boundCommon(path: string): void {
    if (this.bounds.has(path)) return;
    const status = this.#directory.files.status(path);
    if (status?.kind === "file") this.#common.set(path, status);
    this.bounds.set(path, status?.size ?? 0);
  }

  /**
   * How many rows of a slice that is being appended, or was when the owner died, count as appended. None if the file ends with it, or within it: it
   * may still be taken back, so the file is read up to where it begins.
   */
  #appended(segment: SegmentContent, first: number, step: Appending): number {
    const { identity, offset, next } = step;
    if (first >= next || this.isStale) return 0;
    const { path, size } = this.#find(identity);
    if (path === undefined) return 0; // deleted, or moved to where we do not look
    const { bytes } = new CsvEncoder().encode(segment, first);
    const there = readAt(this.#directory.files, path, offset, Math.min(bytes.length, size - offset));
    let same = 0;
    while (same < there.length && there[same] === bytes[same]) same++;
    if (same === there.length && offset + bytes.length >= size) {
      this.#endBefore(step, path);
      return 0;
    }
    return wholeRows(bytes.subarray(0, same)).rows;
  }

  #endBefore({ offset }: Appending, path: string | undefined): void {
    if (path !== undefined) this.bounds.set(path, Math.min(offset, this.bounds.get(path) ?? Infinity));
  }

  /** Where a file is by its identity, and its size: somebody may have moved it within the directory. */
  #find(identity: string): { readonly path: string | undefined; readonly size: number } {
    const { files, path } = this.#directory;
    for (const [path, status] of this.#common) if (status.identity === identity) return { path, size: status.size };
    for (const name of files.list(path)) {
      const status = files.status(`${path}/${name}`);
      if (status?.identity === identity) return { path: `${path}/${name}`, size: status.size };
    }
    return { path: undefined, size: 0 };
  }
}

type Appending = Extract<Step, { kind: "appending" }>;

/** Up to `length` bytes of a file. */
function readAt(files: Files, path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, length));
  const handle = unlessGone(() => files.open(path, "read"));
  if (handle === undefined) return bytes.subarray(0, 0);
  try {
    return bytes.subarray(0, readFully(handle, bytes, offset));
  } finally {
    release(handle);
  }
}

/** Whether the file of a segment's own is there. */
function isPublished(directory: MonitoringDirectory, header: SegmentHeader): boolean {
  const { step } = journalOf(header);
  const stem = stemOf(header);
  if (step.kind !== "renaming") return directory.files.status(directory.pathOf(`${stem}.csv`)) !== undefined;
  const name = step.name === 0 ? `${stem}.csv` : `${stem}-${step.name}.csv`;
  return directory.files.status(directory.temporaryPathOf(name)) === undefined;
}
