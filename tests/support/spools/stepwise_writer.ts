import { CsvEncoder, HEADER_BYTES } from "../../../src/csv/encode.ts";
import type { SegmentOwner } from "../../../src/segment/format.ts";
import { ValueKind } from "../../../src/series.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { FlushJournal } from "../../../src/files/flush_journal.ts";
import { appendFileName, type Layout, segmentFileName, spoolFileName } from "../../../src/files/names.ts";
import type { MemoryDisk } from "../fake/memory_disk.ts";
import type { Random } from "../random.ts";
import { EPOCH } from "../segments.ts";

/** Sizes by layout, in bytes. A segment that is appended has several slices of 128 KiB. */
const SIZES = { append: { label: 7_900, segment: 256 * 1024 }, segments: { label: 10, segment: 4 * 1024 } };
const SEGMENT_ROWS = 36;

/**
 * A program that records the numbers from 0 on and flushes them as `src/files` does, but one step
 * at a time, so that a test can do anything in between.
 */
export class StepwiseWriter {
  /** Rows that are committed. */
  recorded = 0;
  readonly pid: number;
  readonly #label: string;
  readonly #disk: MemoryDisk;
  readonly #directory: MonitoringDirectory;
  readonly #layout: Layout;
  readonly #owner: SegmentOwner;
  readonly #random: Random;
  readonly #steps: Iterator<void>;
  #sequence = 0;
  #spools = 0;

  constructor(disk: MemoryDisk, path: string, pid: number, layout: Layout, random: Random) {
    this.#disk = disk;
    this.#directory = new MonitoringDirectory(disk, path);
    this.#layout = layout;
    this.#owner = { pid, isolate: "0123abcd", channel: "custom", kind: ValueKind.number };
    this.#random = random;
    this.pid = pid;
    this.#label = "x".repeat(SIZES[layout].label);
    this.#steps = this.#run();
  }

  /** Does one step. */
  step(): void {
    this.#steps.next();
  }

  *#run(): Generator<void, never> {
    let filling = this.#makeSpool();
    let free: Segment | undefined;
    for (;;) {
      this.#open(filling);
      yield* this.#fill(filling, SEGMENT_ROWS);
      const next = free ?? this.#makeSpool();
      // One segment is flushed while the other is filled.
      this.#open(next);
      const flush = this.#flush(filling);
      let room = SEGMENT_ROWS - 1;
      while (!flush.next().done) {
        if (room > 0 && this.#random(10) < 7) {
          this.#add(next);
          room--;
        }
        yield;
      }
      yield* this.#fill(next, room);
      free = filling;
      const rest = this.#flush(next);
      while (!rest.next().done) yield;
      [filling, free] = [free, next];
    }
  }

  #makeSpool(): Segment {
    const size = SIZES[this.#layout].segment;
    this.#directory.ensureSpools();
    const name = { owner: this.#owner, number: ++this.#spools };
    const path = this.#directory.spoolPathOf(spoolFileName({ ...name, state: "complete" }));
    const temporary = this.#directory.spoolPathOf(spoolFileName({ ...name, state: "unfinished" }));
    this.#disk.plant(temporary, "file", new Uint8Array(size));
    const segment = new Segment(this.#disk.map!(temporary, size)!.buffer, this.#owner);
    segment.open(0, 0n);
    FlushJournal.noteLayout(segment, this.#layout);
    this.#disk.rename(temporary, path);
    return segment;
  }

  #open(segment: Segment): void {
    segment.open(++this.#sequence, EPOCH);
  }

  #add(segment: Segment): void {
    segment.add(this.#label, this.recorded, this.recorded + 1);
    this.recorded++;
  }

  *#fill(segment: Segment, rows: number): Generator<void> {
    for (let i = 0; i < rows; i++) {
      this.#add(segment);
      if (this.#random(5) === 0) yield;
    }
  }

  *#flush(segment: Segment): Generator<void> {
    const journal = new FlushJournal(segment);
    const encoder = new CsvEncoder();
    while (this.#layout === "append" && journal.published < segment.count) {
      const { bytes, next } = encoder.encode(segment, journal.published);
      yield* this.#append(journal, bytes.slice(), next);
      if (this.#random(20) === 0) break; // as if another held the lock: the rest goes to a file of its own
    }
    if (journal.published < segment.count) yield* this.#publish(segment, journal);
    yield;
  }

  *#append(journal: FlushJournal, bytes: Uint8Array, next: number): Generator<void> {
    const path = this.#directory.pathOf(appendFileName(this.#owner.channel));
    if (this.#disk.status(path) === undefined) this.#disk.plant(path, "file", HEADER_BYTES);
    const handle = this.#disk.open(path);
    while (handle.tryLock?.() !== true) yield;
    const { published } = journal;
    const offset = handle.seekEnd();
    journal.appending(handle.status().identity, offset, next);
    yield;
    const half = this.#random(bytes.length);
    handle.write(bytes.subarray(0, half));
    yield;
    handle.write(bytes.subarray(half));
    yield;
    if (this.#random(10) === 0) { // as if the disk refused to sync it
      handle.truncate(offset);
      yield;
      journal.settled(published);
    } else {
      journal.settled(next);
    }
    if (this.#random(2) === 0) yield;
    handle.close();
    yield;
  }

  *#publish(segment: Segment, journal: FlushJournal): Generator<void> {
    const name = segmentFileName(segment);
    const temporary = this.#directory.temporaryPathOf(name);
    const handle = this.#disk.create(temporary);
    handle.write(HEADER_BYTES);
    const encoder = new CsvEncoder();
    for (let row = journal.published; row < segment.count;) {
      const { bytes, next } = encoder.encode(segment, row);
      handle.write(bytes);
      row = next;
      yield;
    }
    handle.close();
    journal.renaming(0);
    yield;
    this.#disk.rename(temporary, this.#directory.pathOf(name));
    yield;
    journal.settled(segment.count);
  }
}
