import { labelsOf } from "../../segment/observation.ts";
import { storedPerMeasured } from "../../series.ts";
import type { FoundSegment } from "../../segment/reader.ts";
import { unlessUnreadable } from "../../runtime.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { segmentFileName } from "../../files/names.ts";
import { SpoolReader } from "../../files/spool_reader.ts";
import type { SpooledSegment } from "./spooled_segments.ts";
import type { RowSink, RowSource } from "./row_source.ts";
import { SpooledRows } from "./spooled_rows.ts";

/**
 * Limit of the segments between two looks. There are more only if the header of a spool is wrong.
 */
const MAX_SEGMENTS = 10_000;

/** How many sequence numbers to look ahead for a file, if a program has ended. */
const MAX_GAP = 256;

/** Receives what a look at a channel finds. */
export interface Look {
  /** Receives the rows in spools. */
  readonly sink: RowSink;
  /** Receives files that hold further rows. */
  readonly file: (file: UnreadFile) => void;
  /** Receives the rows that were read from a segment whose rows are appended to a file. */
  readonly seen: (source: RowSource, rows: SpooledRows) => void;
  /** Called for a segment that is neither in a spool nor in a file. */
  readonly missed: () => void;
}

/** A published file of one segment. */
export interface UnreadFile {
  readonly path: string;
  readonly size: number;
  readonly source: RowSource;
  /** The first rows of the file, which were read from the spool. */
  readonly skip: number;
  /** Rows that were read from the spool, anywhere in the file. */
  readonly seen?: SpooledRows;
}

/**
 * Follows one channel of one isolate. Its segments come one after the other, each first in a spool
 * and then in a file. The follower knows the segment and row up to which all was read, so it reads
 * each row once.
 */
export class ChannelFollower {
  /** The channel, and who records it. */
  readonly source: RowSource;
  /** Looks since the last one that found a spool of this channel. */
  looksSince = 0;
  readonly #directory: MonitoringDirectory;
  readonly #base: bigint;
  #sequence: number;
  #row = 0;
  #seen: SpooledRows | undefined;
  #appends = false;

  /**
   * At the first row of the segment `sequence`. `base` is the zero of the times of rows, ns since
   * 1970.
   */
  constructor(directory: MonitoringDirectory, source: RowSource, base: bigint, sequence: number) {
    this.#directory = directory;
    this.source = source;
    this.#base = base;
    this.#sequence = sequence;
  }

  /** Reads what the spools hold now; looks continue after that. */
  begin(held: readonly SpooledSegment[], look: Look): void {
    this.#appends = held.some(({ layout }) => layout === "append");
    const segments = held.toSorted((one, other) => one.sequence - other.sequence);
    for (const segment of segments) {
      if (segment.sequence < this.#sequence) continue;
      this.#goTo(segment.sequence);
      this.#readSpool(segment, look);
    }
    // What was published just now, after the names of the files were listed, was recorded before.
    if (segments.every(({ sequence }) => sequence < this.#sequence)) {
      while (this.#isPublished(this.#sequence)) this.#goTo(this.#sequence + 1);
    }
  }

  #isPublished(sequence: number): boolean {
    const path = this.#directory.pathOf(segmentFileName({ owner: this.source, sequence }));
    return unlessUnreadable(() => this.#directory.files.status(path)) !== undefined;
  }

  /**
   * Reads what was recorded since the last look. `published` is the last segment that is known to have
   * a file of its own; 0 if none is.
   */
  follow(held: readonly SpooledSegment[], look: Look, published = 0): void {
    if (held.length > 0) this.#appends = held.some(({ layout }) => layout === "append");
    const newest = Math.max(0, ...held.map(({ sequence }) => sequence));
    if (held.length > 0) this.looksSince = 0;
    else this.looksSince++;
    if (newest === 0) return this.#followFiles(look, published);
    if (newest - this.#sequence > MAX_SEGMENTS) this.#goTo(newest - MAX_SEGMENTS);
    // A later segment exists, so these are complete: in a file, in a spool, or being flushed from
    // spool to file.
    while (this.#sequence < newest) {
      const isFound = this.#findFile(look) || this.#readSpools(held, look) || this.#findFile(look);
      if (!isFound && !this.#appends) look.missed();
      this.#goTo(this.#sequence + 1);
    }
    const filling = held.find(({ sequence }) => sequence === this.#sequence);
    if (filling !== undefined) this.#readSpool(filling, look);
  }

  /**
   * Without spools, the program has ended or goes on in heap memory. It publishes the next
   * segments, unless they are appended to a file. Files before the last one may be gone, because they
   * were compacted or moved, before this look or before the first. Beyond those that are known nothing
   * is skipped: while the next one is looked for in vain, the program may publish it and another.
   */
  #followFiles(look: Look, published: number): void {
    if (published - this.#sequence > MAX_SEGMENTS) this.#goTo(published - MAX_SEGMENTS);
    const ahead = this.#appends && this.looksSince <= 2 ? MAX_GAP : 1;
    for (let gap = 0; gap < ahead || this.#sequence + gap <= published; gap++) {
      if (!this.#findFile(look, this.#sequence + gap)) continue;
      this.#goTo(this.#sequence + gap + 1);
      gap = -1;
    }
  }

  #goTo(sequence: number): void {
    this.#sequence = sequence;
    this.#row = 0;
    this.#seen = undefined;
  }

  /** Looks for a segment's own file; returns whether it was published. */
  #findFile(look: Look, sequence = this.#sequence): boolean {
    const path = this.#directory.pathOf(segmentFileName({ owner: this.source, sequence }));
    const status = unlessUnreadable(() => this.#directory.files.status(path));
    if (status?.kind !== "file") return false;
    const { size } = status;
    const isLater = sequence > this.#sequence;
    if (isLater || this.#seen === undefined) {
      look.file({ path, size, source: this.source, skip: isLater ? 0 : this.#row });
    } else look.file({ path, size, source: this.source, skip: 0, seen: this.#seen });
    return true;
  }

  /**
   * Reads new rows of the segment from whichever spool it is in now; returns whether it was in one.
   * Headers are read one after the other: the segment may have begun in a spool after its header was
   * read, and have been full before that of the next one was.
   */
  #readSpools(held: readonly SpooledSegment[], look: Look): boolean {
    const sequence = this.#sequence;
    return held.some((spool) => this.#readSpool({ ...spool, sequence }, look));
  }

  /** Reads new rows of a segment from its spool; returns whether it was still there. */
  #readSpool({ path, sequence, layout }: SpooledSegment, look: Look): boolean {
    const read = unlessUnreadable(() => {
      const spool = SpoolReader.open(this.#directory.files, path);
      if (!spool.ok) return undefined;
      try {
        return spool.value.read((other) => other === sequence ? this.#row : Infinity);
      } finally {
        spool.value.close();
      }
    });
    if (!read?.ok || read.value.segment.sequence !== sequence) return false;
    const found = read.value;
    if (layout === "append" && this.#seen === undefined) {
      this.#seen = new SpooledRows(this.source.pid, this.source.isolate, sequence);
      look.seen(this.source, this.#seen);
    }
    this.#take(found, look.sink);
    this.#row = Math.max(this.#row, found.first + found.segment.count);
    return true;
  }

  #take({ segment }: FoundSegment, sink: RowSink): void {
    const { epochOffset, count, timepoints, values, labelIds } = segment;
    if (count === 0) return;
    const labels = labelsOf(segment);
    const divisor = storedPerMeasured(this.source.kind);
    const zero = Number(epochOffset - this.#base);
    for (let row = 0; row < count; row++) {
      const time = zero + timepoints[row]!;
      const label = labels[labelIds[row]!]!;
      const value = values[row]! / divisor;
      this.#seen?.add(label, value, time);
      sink(this.source, label, value, time, 1);
    }
  }
}
