/**
 * A snapshot of the spools of a monitoring directory, with the files that go with it, taken while
 * programs record, flush and recover.
 *
 * **Problem.** A row is first in a spool, then in a published file, and for a moment in both. The
 * reader takes no lock and writes nothing, so a flush may publish rows, and an owner may reuse a
 * spool, at any time between two reads.
 *
 * **Promise.** For each channel of an isolate, the rows of the spools and those of the files that
 * the snapshot includes are what had been recorded up to one moment between the beginning and the
 * end of the reading: each row once, and none missing before the last.
 *
 * **Algorithm.** Spools are read before the caller lists the files. So a row that is published
 * meanwhile is seen twice and never missed, and what remains is to leave out one of the two.
 *
 * 1. List the spools, then the files.
 * 2. Read the spools, of each channel the one with the highest sequence first. If another one has a
 *    higher sequence by the time it is read, its owner has reused it since, and it is left out:
 *    rows before its rows may have been missed. The highest sequence that was read is the *last* of
 *    its channel.
 * 3. Cut the files that segments are appended to, as described below.
 * 4. List the spools again. If there are new ones, or step 3 failed, begin anew.
 * 5. The caller lists the files and asks {@linkcode SpoolSnapshot.includes}: files of segments
 *    after the last of their channel are left out, and so are those that appeared after step 3.
 * 6. {@linkcode SpoolSnapshot.rowsBeside} gives the rows of the spools. A segment whose own file is
 *    included is taken from the file, whole.
 *
 * **Cutting.** A file that segments are appended to does not say which segment a row is of, so it
 * is cut where the rows of the spools begin. The headers of the spools are read, then the sizes of
 * the files and what was appended last, then the headers again, until sequence and flush journal
 * are the same both times: then no step of a flush began or ended in between. At that moment, by
 * the flush journal of a spool:
 *
 * - none: the published rows are in files.
 * - renaming: all rows are in a file if it was renamed; otherwise the published ones.
 * - appending: the published rows are in files, and of the slice those that are found in the file,
 *   provided that more follows them there. If the file ends within or right after the slice, the
 *   slice may still be taken back: then none of its rows count, and the file is read up to where
 *   the slice begins.
 *
 * A file does not change up to the size that it had, or up to where that slice begins, but for its
 * name.
 *
 * @module
 */

import { CsvEncoder } from "../csv/encode.ts";
import { reason } from "../errors.ts";
import type { Result } from "../result.ts";
import type { Files, FileStatus } from "../runtime.ts";
import type { SegmentHeader } from "../segment/format.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { MonitoringDirectory, release, unlessGone } from "./directory.ts";
import {
  appendedPart,
  type AppendingStep,
  type AppendTarget,
  findAppendTarget,
  FlushJournal,
  wasRenamed,
} from "./flush_journal.ts";
import { appendFileName, channelKey, parseSegmentFileName, segmentFileName, segmentKey } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** Attempts before giving up when spools keep being created meanwhile. */
const MAX_ATTEMPTS = 20;

/**
 * Attempts to read all headers without a flush in between. A step of a flush takes longer than to
 * read them.
 */
const MAX_CUTS = 1_000;

/** Rows of a spool that are in none of the files of its snapshot. */
export interface SpoolRows {
  /** The path of the spool. */
  readonly path: string;
  /** All rows that were read. */
  readonly segment: SegmentContent;
  /** The first of them that is in no file. */
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
    for (let attempt = 1;; attempt++) {
      const found = completeSpools(directory);
      if (found.length === 0) return undefined;
      const before = new Set(files.list(path));
      const unreadable: Parameters<ReportUnreadable>[] = [];
      const spools = openAll(directory, found, (...problem) => unreadable.push(problem));
      try {
        const last = readAll(spools, (...problem) => unreadable.push(problem));
        const cut = cutAppendFiles(directory, spools, last);
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
  /** Identifies its channel. */
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
 * Reads all spools, those of a channel from the last to the first; returns the last sequence of
 * each channel.
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
): Cut | undefined {
  for (let attempt = 0; attempt < MAX_CUTS; attempt++) {
    const headers = new Map<ReadSpool, SegmentHeader>();
    for (const spool of spools) {
      const header = spool.reader.header();
      if (header.ok && FlushJournal.read(header.value).layout === "append") headers.set(spool, header.value);
    }
    const cut = new Cut(directory);
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

/** Where files end and spools begin, at one moment. */
class Cut {
  /** How many bytes of a file to read, by path. */
  readonly bounds = new Map<string, number>();
  /** The first row of a spool that is in no file, by path of the spool. */
  readonly first = new Map<string, number>();
  /** Segments whose own files did not exist. */
  readonly unpublished = new Set<string>();
  /** Whether a spool has more rows than were read. */
  isStale = false;
  readonly #directory: MonitoringDirectory;
  /** Statuses of the files that segments are appended to, by path. */
  readonly #statuses = new Map<string, FileStatus>();

  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
  }

  /** Finds out which rows of a spool are in files. */
  add({ path, segment }: ReadSpool, header: SegmentHeader): void {
    const { owner: { channel }, sequence } = header;
    this.#bound(this.#directory.pathOf(appendFileName(channel)));
    const { step, published } = FlushJournal.read(header);
    const isPublished = step.kind === "renaming"
      ? wasRenamed(this.#directory, header, step)
      : this.#directory.files.status(this.#directory.pathOf(segmentFileName(header))) !== undefined;
    if (!isPublished) this.unpublished.add(segmentKey(header));
    const target = step.kind === "appending" ? this.#find(channel, step) : undefined;
    if (segment?.sequence !== sequence) {
      // Its owner, which lives, published all that was read before it reused the spool.
      this.first.set(path, Infinity);
      if (step.kind === "appending") this.#endBefore(step, target);
    } else if (step.kind === "renaming") {
      this.first.set(path, isPublished ? Infinity : published);
    } else if (step.kind === "appending") {
      if (segment.count < step.next) this.isStale = true;
      this.first.set(path, published + this.#appended(segment, published, step, target));
    } else {
      this.first.set(path, published);
    }
  }

  /** Reads a file that is appended to up to the size that it has now. */
  #bound(path: string): void {
    if (this.bounds.has(path)) return;
    const status = this.#directory.files.status(path);
    if (status?.kind === "file") this.#statuses.set(path, status);
    this.bounds.set(path, status?.size ?? 0);
  }

  #find(channel: string, step: AppendingStep): AppendTarget | undefined {
    const { files } = this.#directory;
    return findAppendTarget(this.#directory, channel, step, (path) => this.#statuses.get(path) ?? files.status(path));
  }

  /**
   * How many rows of a slice that is being appended, or was when the owner died, count as appended.
   */
  #appended(segment: SegmentContent, first: number, step: AppendingStep, target: AppendTarget | undefined): number {
    const { offset, next } = step;
    if (first >= next || this.isStale || target === undefined) return 0;
    const { path, status: { size } } = target;
    const handle = unlessGone(() => this.#directory.files.open(path, "read"));
    if (handle === undefined) return 0;
    try {
      const slice = new CsvEncoder().encode(segment, first).bytes;
      const { differs, rows } = appendedPart(handle, size, slice, offset);
      if (differs || offset + slice.length < size) return rows;
      this.#endBefore(step, target);
      return 0;
    } finally {
      release(handle);
    }
  }

  #endBefore({ offset }: AppendingStep, target: AppendTarget | undefined): void {
    if (target === undefined) return;
    this.bounds.set(target.path, Math.min(offset, this.bounds.get(target.path) ?? Infinity));
  }
}
