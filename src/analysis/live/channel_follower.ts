import { labelsOf } from "../../segment/observation.ts";
import { ValueKind } from "../../series.ts";
import type { FoundSegment } from "../../segment/reader.ts";
import { FileError } from "../../runtime.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { segmentFileName } from "../../files/names.ts";
import { SpoolReader } from "../../files/spool_reader.ts";
import type { HeldSegment } from "./held_segments.ts";
import type { RowSink, RowSource } from "./rows.ts";
import { SeenRows } from "./seen_rows.ts";

/** Segments between two looks that are cared for; there are more only if a spool's header lies. */
const MAX_SEGMENTS = 10_000;

/** How many segments of a program that has ended may have no file of their own before one that has. */
const MAX_GAP = 256;

const NANOSECONDS = 1e9;

/** What a look at a channel is done with. */
export interface Look {
  /** Takes the rows that are in spools. */
  readonly sink: RowSink;
  /** Is told of files that hold further rows. */
  readonly file: (file: UnreadFile) => void;
  /** Is told of rows from a segment that is appended to a file with others. */
  readonly seen: (source: RowSource, rows: SeenRows) => void;
  /** Is told of a segment whose rows are nowhere to be found. */
  readonly missed: () => void;
}

/** A published file of one segment. */
export interface UnreadFile {
  readonly path: string;
  readonly size: number;
  readonly source: RowSource;
  /** Rows that were seen in the spool, the first ones of the file. */
  readonly skip: number;
  /** Rows that were seen in the spool, wherever they are in the file. */
  readonly seen?: SeenRows;
}

/**
 * Follows what one channel records: its segments come one after the other, each of them in a spool and then in a file. Knows up to which row of
 * which segment all was seen, and so sees each row once.
 */
export class ChannelFollower {
  /** Whose channel it is. */
  readonly source: RowSource;
  /** How often the spools were looked at since there was one of this channel. */
  looksSince = 0;
  readonly #directory: MonitoringDirectory;
  readonly #base: bigint;
  #sequence = 1;
  #row = 0;
  #seen: SeenRows | undefined;
  #appends = false;

  /** At the first row of the first segment. `base` is the epoch time from which the times of rows are counted, ns. */
  constructor(directory: MonitoringDirectory, source: RowSource, base: bigint) {
    this.#directory = directory;
    this.source = source;
    this.#base = base;
  }

  /** Goes to what the spools hold at this moment. */
  begin(held: readonly HeldSegment[], look: Look): void {
    this.#appends = held.some(({ layout }) => layout === "append");
    const segments = held.toSorted((one, other) => one.sequence - other.sequence);
    for (const segment of segments) {
      if (segment.sequence < this.#sequence) continue;
      this.#goTo(segment.sequence);
      this.#readSpool(segment, look);
    }
  }

  /** Looks for what has come since. */
  follow(held: readonly HeldSegment[], look: Look): void {
    if (held.length > 0) this.#appends = held.some(({ layout }) => layout === "append");
    const newest = Math.max(0, ...held.map(({ sequence }) => sequence));
    if (held.length > 0) this.looksSince = 0;
    else this.looksSince++;
    if (newest === 0) return this.#followFiles(look);
    if (newest - this.#sequence > MAX_SEGMENTS) this.#goTo(newest - MAX_SEGMENTS);
    // There is one after it, so nothing is added to a segment here: it is in its file, or in its spool, or is just going from that to this.
    while (this.#sequence < newest) {
      const segment = held.find(({ sequence }) => sequence === this.#sequence);
      const isFound = this.#findFile(look) || segment !== undefined && this.#readSpool(segment, look) ||
        this.#findFile(look);
      if (!isFound && !this.#appends) look.missed();
      this.#goTo(this.#sequence + 1);
    }
    const filling = held.find(({ sequence }) => sequence === this.#sequence);
    if (filling !== undefined) this.#readSpool(filling, look);
  }

  /** The program has ended, or goes on in private memory: what it publishes bears the next numbers, unless it was appended to a file with others. */
  #followFiles(look: Look): void {
    const gaps = this.#appends && this.looksSince <= 2 ? MAX_GAP : 1;
    for (let gap = 0; gap < gaps; gap++) {
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

  /** Whether a segment, this one or a later one, is published in a file of its own. */
  #findFile(look: Look, sequence = this.#sequence): boolean {
    const path = this.#directory.pathOf(segmentFileName({ owner: this.source, sequence }));
    const status = attempt(() => this.#directory.files.status(path));
    if (status?.kind !== "file") return false;
    const { size } = status;
    const isLater = sequence > this.#sequence;
    if (isLater || this.#seen === undefined) {
      look.file({ path, size, source: this.source, skip: isLater ? 0 : this.#row });
    } else look.file({ path, size, source: this.source, skip: 0, seen: this.#seen });
    return true;
  }

  /** Whether the segment is in its spool still; what is new of it is taken. */
  #readSpool({ path, sequence, layout }: HeldSegment, look: Look): boolean {
    const read = attempt(() => {
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
      this.#seen = new SeenRows(this.source.pid, this.source.isolate, sequence);
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
    const unit = this.source.kind === ValueKind.duration ? NANOSECONDS : 1;
    const zero = Number(epochOffset - this.#base);
    for (let row = 0; row < count; row++) {
      const time = zero + timepoints[row]!;
      this.#seen?.add(time);
      sink(this.source, labels[labelIds[row]!]!, values[row]! / unit, time, 1);
    }
  }
}

/** `undefined` if a file is not there, or cannot be read. */
function attempt<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
