/**
 * A snapshot of the spools of a monitoring directory, with the files that go with it, taken while
 * programs record, flush and recover.
 *
 * **Problem.** A row is first in a spool, then in a published file, and for a moment in both. The
 * reader takes no lock and writes nothing, so a flush may publish rows, and an owner may reuse a
 * spool, at any time between two reads.
 *
 * **Promise.** For each channel of an isolate, the rows of the spools and those of the included
 * files are what had been recorded up to one moment between the beginning and the end of the
 * reading: each row once, and none missing before the last.
 *
 * **Algorithm.** Spools are read before the caller lists the files. So a row that is published
 * meanwhile is seen twice and never missed; one of the two is then left out.
 *
 * 1. List the spools, then the files.
 * 2. Read the spools, of each channel the one with the highest sequence first. If another spool has
 *    a higher sequence by the time it is read, its owner has reused it since. It is left out,
 *    because earlier rows may have been missed. The highest sequence that was read is the *last* of
 *    its channel.
 * 3. Cut the files that segments are appended to, as described below.
 * 4. List the spools again. If there are new ones, or step 3 failed, start again.
 * 5. The caller lists the files and asks {@linkcode SpoolSnapshot.includes}: files of segments
 *    after the last of their channel are left out, and so are those that appeared after step 3.
 * 6. {@linkcode SpoolSnapshot.rowsBeside} returns the rows of the spools. If a segment's own file
 *    is included, all rows of the segment are taken from the file.
 *
 * **Cutting.** A file that segments are appended to does not say which row came from which segment.
 * So it is read only up to the byte where the rows of the spools begin. To find that byte, the
 * headers of the spools are read, then the sizes of the files and the slices that were appended
 * last, then the headers again, until sequences and flush journals are the same both times: then no
 * step of a flush began or ended in between. At that moment `interrupted_flush.ts` finds out how
 * many rows of a spool are in files. If a step is appending a slice and nothing follows the slice
 * in the file, the writer may still undo it: none of its rows count, and the file is read only up
 * to the slice.
 *
 * Bytes before that size never change; only the name of the file can.
 *
 * @module
 */

import { CsvEncoder } from "../csv/encode.ts";
import { reason } from "../errors.ts";
import type { Result } from "../result.ts";
import type { Files, FileStatus } from "../runtime.ts";
import type { SegmentHeader } from "../segment/format.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { MonitoringDirectory, unlessGone } from "./directory.ts";
import { FlushJournal } from "./flush_journal.ts";
import { rowsInFiles, type StepTrace, traceOf } from "./interrupted_flush.ts";
import { appendFileName, channelKey, parseSegmentFileName, segmentFileName, segmentKey } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** Attempts before giving up when spools keep being created meanwhile. */
const MAX_ATTEMPTS = 20;

/**
 * Attempts to read all headers twice without a flush in between. Reading them takes less time than
 * a step of a flush.
 */
const MAX_CUTS = 1_000;

/** The rows of a spool that are in no CSV file of its snapshot. */
export interface SpoolRows {
  /** The path of the spool. */
  readonly path: string;
  /** All rows that were read. */
  readonly segment: SegmentContent;
  /** Index of the first row that is not yet in a CSV file. */
  readonly first: number;
}

/**
 * Called with each file that cannot be read, wholly or in part: its path, how many rows are lost (0
 * if unknown), and why.
 */
export type ReportUnreadable = (path: string, rows: number, reason: string) => void;

/** The spools of a monitoring directory at one moment, and which files go with them. */
export class SpoolSnapshot {
  /** How many bytes of a file to read, by path, of files that segments are appended to. */
  readonly bounds: ReadonlyMap<string, number>;
  readonly #rows: readonly SpoolRows[];
  readonly #before: ReadonlySet<string>;
  readonly #last: ReadonlyMap<string, number>;
  readonly #unpublished: ReadonlySet<string>;

  private constructor(
    before: ReadonlySet<string>,
    spools: readonly ReadSpool[],
    last: ReadonlyMap<string, number>,
    cut: Cut | undefined,
  ) {
    this.bounds = cut?.bounds ?? new Map();
    this.#before = before;
    this.#last = last;
    this.#unpublished = cut?.unpublished ?? new Set();
    this.#rows = spools.flatMap(({ path, segment }) => {
      if (segment === undefined) return [];
      const first = cut?.first.get(path) ?? FlushJournal.read(segment).published;
      return first >= segment.count ? [] : [{ path, segment, first }];
    });
  }

  /**
   * Takes a snapshot; `undefined` if there are no spools, or they cannot be listed.
   *
   * @throws {FileError} if the directory cannot be listed.
   */
  static take(files: Files, path: string, report: ReportUnreadable): SpoolSnapshot | undefined {
    const directory = new MonitoringDirectory(files, path);
    try {
      for (const { path, name: { state } } of listSpools(directory)) {
        if (state === "damaged") report(path, 0, "damaged: not all of its rows are recovered");
      }
    } catch (error) {
      report(directory.spools, 0, reason(error));
      return undefined;
    }
    const encoder = new CsvEncoder();
    for (let attempt = 1;; attempt++) {
      const found = completeSpools(directory);
      if (found.length === 0) return undefined;
      const before = new Set(files.list(path));
      const unreadable: Parameters<ReportUnreadable>[] = [];
      const spools = openAll(directory, found, (...problem) => unreadable.push(problem));
      try {
        const last = readAll(spools, (...problem) => unreadable.push(problem));
        const cut = cutAppendFiles(directory, spools, last, encoder);
        const known = new Set(found.map(({ path }) => path));
        const isWhole = completeSpools(directory).every(({ path }) => known.has(path)) && cut !== undefined;
        if (!isWhole && attempt < MAX_ATTEMPTS) continue;
        for (const problem of unreadable) report(...problem);
        if (!isWhole) report(directory.spools, 0, "changes faster than it can be read: rows may be missing");
        return new SpoolSnapshot(before, spools, last, cut);
      } finally {
        for (const { reader } of spools) reader.close();
      }
    }
  }

  /**
   * Whether a file belongs to the snapshot: it was there before the spools were read, or has rows
   * of a segment that was read.
   */
  includes(name: string): boolean {
    if (this.#before.has(name)) return true;
    const segment = parseSegmentFileName(name);
    if (segment === undefined) return true;
    if (segment.sequence > (this.#last.get(channelKey(segment.owner)) ?? Infinity)) return false;
    return !this.#unpublished.has(segmentKey(segment));
  }

  /** The rows of spools that are in none of the files with these names. */
  rowsBeside(names: Iterable<string>): SpoolRows[] {
    const published = new Set<string>();
    for (const name of names) {
      const segment = parseSegmentFileName(name);
      if (segment !== undefined) published.add(segmentKey(segment));
    }
    return this.#rows.filter(({ segment }) => !published.has(segmentKey(segment)));
  }
}

/** A spool that was opened, and what was read of it. */
interface ReadSpool {
  readonly path: string;
  /** The key of its channel. */
  readonly channel: string;
  readonly reader: SpoolReader;
  /** Its rows, if they count. */
  segment: SegmentContent | undefined;
}

function completeSpools(directory: MonitoringDirectory): FoundSpool[] {
  return listSpools(directory).filter(({ name: { state } }) => state === "complete");
}

/** Opens spools. Those that are gone, or empty because the power failed, are left out. */
function openAll(
  { files }: MonitoringDirectory,
  found: readonly FoundSpool[],
  report: ReportUnreadable,
): ReadSpool[] {
  return found.flatMap(({ path, name: { owner } }) => {
    try {
      const opened = SpoolReader.open(files, path, owner);
      const header = opened.ok ? opened.value.header() : opened;
      if (opened.ok && header.ok) {
        return [{ path, channel: channelKey(owner), reader: opened.value, segment: undefined }];
      }
      if (opened.ok) opened.value.close();
      if (!header.ok && header.kind !== "gone" && header.kind !== "empty") report(path, 0, header.reason);
    } catch (error) {
      report(path, 0, reason(error));
    }
    return [];
  });
}

/**
 * Reads all spools, the highest sequence of a channel first. Returns the last sequence of each
 * channel.
 */
function readAll(spools: readonly ReadSpool[], report: ReportUnreadable): Map<string, number> {
  const sequences = new Map(spools.map((spool) => [spool, sequenceOf(spool.reader.header())]));
  const last = new Map<string, number>();
  for (const spool of [...spools].sort((a, b) => sequences.get(b)! - sequences.get(a)!)) {
    const found = spool.reader.read();
    if (!found.ok) {
      report(spool.path, 0, found.reason);
      continue;
    }
    const { segment, damaged } = found.value;
    const known = last.get(spool.channel);
    if (known !== undefined && segment.sequence > known) continue; // reused since the other was read
    if (known === undefined) last.set(spool.channel, segment.sequence);
    spool.segment = segment;
    if (damaged > 0) report(spool.path, damaged, "some of its rows are damaged");
  }
  return last;
}

function sequenceOf(header: Result<SegmentHeader>): number {
  return header.ok ? header.value.sequence : 0;
}

/**
 * Finds out which rows of spools are in the files that they are appended to, and raises `last` to
 * the last sequence of each channel at that moment. `undefined` if there is no moment without a
 * flush, or if a spool has more rows than were read.
 */
function cutAppendFiles(
  directory: MonitoringDirectory,
  spools: readonly ReadSpool[],
  last: Map<string, number>,
  encoder: CsvEncoder,
): Cut | undefined {
  for (let attempt = 0; attempt < MAX_CUTS; attempt++) {
    const headers = new Map<ReadSpool, SegmentHeader>();
    for (const spool of spools) {
      const header = spool.reader.header();
      if (header.ok && FlushJournal.read(header.value).layout === "append") headers.set(spool, header.value);
    }
    const cut = new Cut(directory, encoder);
    for (const [spool, header] of headers) cut.add(spool, header);
    if (![...headers].every(([{ reader }, header]) => isSame(reader.header(), header))) continue;
    for (const [{ channel }, { sequence }] of headers) last.set(channel, Math.max(sequence, last.get(channel) ?? 0));
    return cut.isStale ? undefined : cut;
  }
  return undefined;
}

function isSame(later: Result<SegmentHeader>, { sequence, journal }: SegmentHeader): boolean {
  return later.ok && later.value.sequence === sequence &&
    later.value.journal.every((byte, i) => byte === journal[i]);
}

/** Which rows are taken from files and which from spools, at one moment. */
class Cut {
  /** How many bytes of a file to read, by path. */
  readonly bounds = new Map<string, number>();
  /** Index of the first row of a spool that is not yet in a CSV file, by path of the spool. */
  readonly first = new Map<string, number>();
  /** Segments whose own files did not exist. */
  readonly unpublished = new Set<string>();
  /** Whether a spool has more rows than were read. */
  isStale = false;
  readonly #directory: MonitoringDirectory;
  readonly #encoder: CsvEncoder;
  /** Statuses of the files that segments are appended to, by path. */
  readonly #statuses = new Map<string, FileStatus>();

  constructor(directory: MonitoringDirectory, encoder: CsvEncoder) {
    this.#directory = directory;
    this.#encoder = encoder;
  }

  /** Finds out which rows of a spool are in files. */
  add({ path, segment }: ReadSpool, header: SegmentHeader): void {
    const { files } = this.#directory;
    const { owner: { channel }, sequence } = header;
    this.#bound(this.#directory.pathOf(appendFileName(channel)));
    const { step, published } = FlushJournal.read(header);
    const trace = traceOf(this.#directory, header, step, (path) => this.#statuses.get(path) ?? files.status(path));
    const hasOwnFile = trace.kind === "renaming"
      ? trace.isRenamed
      : files.status(this.#directory.pathOf(segmentFileName(header))) !== undefined;
    if (!hasOwnFile) this.unpublished.add(segmentKey(header));
    if (segment?.sequence !== sequence) {
      // Its owner, which lives, published all that was read before it reused the spool.
      this.first.set(path, Infinity);
      this.#endBefore(trace);
      return;
    }
    if (step.kind === "appending" && segment.count < step.next) this.isStale = true;
    this.first.set(path, this.isStale ? published : this.#rowsInFiles(segment, published, trace));
  }

  /** Reads a file that is appended to up to the size that it has now. */
  #bound(path: string): void {
    if (this.bounds.has(path)) return;
    const status = this.#directory.files.status(path);
    if (status?.kind === "file") this.#statuses.set(path, status);
    this.bounds.set(path, status?.size ?? 0);
  }

  #rowsInFiles(segment: SegmentContent, published: number, trace: StepTrace): number {
    const { files } = this.#directory;
    const rows = rowsInFiles(this.#encoder, segment, published, trace, {
      open({ path, status }) {
        const handle = unlessGone(() => files.open(path, "read"));
        return handle && { handle, status };
      },
      rowsAtEnd: () => {
        this.#endBefore(trace);
        return 0;
      },
    });
    return rows === "busy" ? published : rows;
  }

  /** Reads the file of a step that is appending only up to the slice. */
  #endBefore(trace: StepTrace): void {
    if (trace.kind !== "appending" || trace.target === undefined) return;
    const { step: { offset }, target: { path } } = trace;
    this.bounds.set(path, Math.min(offset, this.bounds.get(path) ?? Infinity));
  }
}
