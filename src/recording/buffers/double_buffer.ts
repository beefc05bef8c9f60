import type { Clock } from "../../runtime.ts";
import { type ObserveOptions, timepointOf } from "../../sampling/timepoint.ts";
import { SEGMENT_HEADER_BYTES } from "../../segment/format.ts";
import { NO_ROOM } from "../../segment/label_interner.ts";
import { Segment } from "../../segment/segment.ts";
import { NANOSECONDS_PER_MS, ValueKind } from "../../series.ts";

/**
 * What a {@linkcode DoubleBuffer} needs of its owner:
 *
 * - `"next"`: the segment being filled is half full, and no other is ready to take its place. Call
 *   {@linkcode DoubleBuffer.prepare} when there is time for it.
 * - `"flush"`: {@linkcode DoubleBuffer.sealed} is to be flushed, then
 *   {@linkcode DoubleBuffer.release} called.
 * - `"room"`: both segments are full. Flush the sealed one before returning, if possible; a row for
 *   which there is no room then is dropped.
 * - `"row"`: a row was added while {@linkcode DoubleBuffer.reportRows} is on.
 */
export type BufferNeed = "next" | "flush" | "room" | "row";

/** How a {@linkcode DoubleBuffer} is made. */
export interface DoubleBufferOptions {
  /** Gives timepoints, and the epoch offset of each segment. */
  readonly clock: Clock;
  /**
   * Returns a segment without rows: a new one, or `free` if that may be used again. Throws if there
   * is no memory for a new one; given `free`, it does not throw.
   */
  readonly nextSegment: (free?: Segment) => Segment;
  /** Called with what the buffer needs. Must not throw. */
  readonly onNeed: (need: BufferNeed) => void;
}

/**
 * What became of the observations of a channel: `recorded = flushed + buffered + dropped` at all
 * times.
 */
export interface ChannelCounts {
  /** Observations given to it. */
  readonly recorded: number;
  /** Of those, in published files. */
  readonly flushed: number;
  /** Of those, still in memory. */
  readonly buffered: number;
  /** Of those, lost for want of room or because they could not be written. */
  readonly dropped: number;
}

/**
 * Two segments: one fills while the other is flushed. It knows no files; its owner flushes what it
 * seals.
 *
 * A segment is sealed when it is full, or by {@linkcode DoubleBuffer.seal}, and the other one takes
 * its place. If that is full too before the first is released, rows are dropped and counted. No
 * method throws.
 */
export class DoubleBuffer {
  readonly #options: DoubleBufferOptions;
  readonly #now: () => number;
  readonly #isDuration: boolean;
  /** The segment being filled. */
  #filling: Segment;
  /** A segment without rows that takes its place next. */
  #spare: Segment | undefined;
  /** The segment being flushed. */
  #sealed: Segment | undefined;
  /** Rows of the sealed segment that are in published files. */
  #published = 0;
  #sequence = 1;
  /**
   * When only this many rows have room, the segment is more than half full. `NO_ROOM` once that was
   * reported; `EVERY_ROW` while each row is.
   */
  #mark = NO_ROOM;
  #reportsRows = false;
  /** Rows of the segment that was being filled at the end, if they are kept elsewhere. */
  #kept = 0;
  // Of the segments that were released:
  #flushed = 0;
  #labelsCut = 0;
  // Of all:
  #dropped = 0;
  #invalid = 0;

  /**
   * Makes the first segment.
   *
   * @throws what `options.nextSegment` throws.
   */
  constructor(options: DoubleBufferOptions) {
    this.#options = options;
    this.#now = options.clock.now;
    this.#filling = this.#open(options.nextSegment());
    this.#isDuration = this.#filling.owner.kind === ValueKind.duration;
  }

  /** The segment that is being filled. */
  get filling(): Segment {
    return this.#filling;
  }

  /**
   * The segment that is being flushed; its owner calls {@linkcode DoubleBuffer.release} when it is
   * done.
   */
  get sealed(): Segment | undefined {
    return this.#sealed;
  }

  /** What became of the observations. */
  get counts(): ChannelCounts {
    const held = this.#filling.count + (this.#sealed?.count ?? 0) + this.#kept;
    return {
      recorded: this.#flushed + held + this.#dropped,
      flushed: this.#flushed + this.#published,
      buffered: held - this.#published,
      dropped: this.#dropped,
    };
  }

  /** Observations refused because an argument was invalid; not part of the counts. */
  get invalid(): number {
    return this.#invalid;
  }

  /** Labels longer than a segment keeps, counted once per segment. */
  get labelsCut(): number {
    return this.#labelsCut + this.#filling.labelsCut + (this.#sealed?.labelsCut ?? 0);
  }

  /**
   * Records one observation, measured now unless `options` say otherwise.
   *
   * It is refused and counted as invalid if the label is not a string, the value not a number (in
   * the channel of durations: not a whole number of ns), or the timepoint not valid. The channel of
   * durations takes none: readers rely on it that its rows are in the order of their timepoints.
   */
  // The default is of no use but to Bun, where a call without the third argument is 6 ns faster then.
  observe(label: string, value: number, options: ObserveOptions | undefined = undefined): void {
    const now = this.#now();
    const isNow = options === undefined && typeof label === "string" && typeof value === "number" &&
      (!this.#isDuration || isNanoseconds(value));
    if (isNow) this.add(label, value, now);
    else this.#observeAt(label, value, timepointOf(options), now);
  }

  /** Records one observation; the caller guarantees that all three arguments are valid. */
  add(label: string, value: number, timepoint: number): void {
    // One comparison per row covers both cases: the segment is half full, or the row does not fit.
    const room = this.#filling.add(label, value, timepoint);
    if (room <= this.#mark) this.#reachMark(room, label, value, timepoint);
  }

  /** Records several observations with the same timepoint: now, unless `options` say otherwise. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>, options?: ObserveOptions): void {
    const now = this.#now();
    const at = timepointOf(options);
    try {
      for (const pair of observations) {
        if (Array.isArray(pair)) this.#observeAt(pair[0], pair[1], at, now);
        else this.#invalid++;
      }
    } catch {
      this.#invalid++; // not iterable, or the iterator threw
    }
  }

  /**
   * Reports each further row as a need, or does so no more. It costs nothing while it is off: the
   * comparison that finds a segment half full finds every row.
   */
  reportRows(on: boolean): void {
    this.#reportsRows = on;
    this.#mark = this.#firstMarkOf(this.#filling);
  }

  /**
   * Makes the segment that takes the place of the one being filled, if that is half full and there
   * is none.
   */
  prepare(): void {
    if (this.#mark === NO_ROOM && this.#lacksNext) this.#spare = this.#tryNext();
  }

  /**
   * Seals the segment being filled, unless another one is sealed already or there is no memory for
   * a next one. A segment without rows is not sealed, but gets a new epoch offset.
   */
  seal(): void {
    if (this.#sealed !== undefined) return;
    if (this.#filling.count === 0) {
      this.#open(this.#filling);
      return;
    }
    const next = this.#tryNext();
    if (next === undefined) return;
    this.#sealed = this.#filling;
    this.#published = 0;
    this.#spare = undefined;
    this.#sequence++;
    this.#filling = this.#open(next);
    this.#options.onNeed("flush");
  }

  /**
   * Seals the segment being filled if its epoch offset is no longer true: the wall clock was set, or
   * the machine was suspended, which stops the monotonic clock. While another segment is sealed,
   * nothing happens.
   */
  followWallClock(): void {
    const { offset, error } = readEpochOffset(this.#options.clock);
    if (Math.abs(Number(offset - this.#filling.epochOffset)) > CLOCK_STEP + error) this.seal();
  }

  /** Says that `rows` rows of the sealed segment are in published files by now. */
  setPublished(rows: number): void {
    if (this.#sealed !== undefined) this.#published = rows;
  }

  /** Ends the flush of the sealed segment. Its rows that are not published are dropped. */
  release(): void {
    const sealed = this.#sealed;
    if (sealed === undefined) return;
    this.#flushed += this.#published;
    this.#dropped += sealed.count - this.#published;
    this.#labelsCut += sealed.labelsCut;
    this.#published = 0;
    this.#sealed = undefined;
    sealed.open(0, 0n); // drops its references to the labels
    this.#spare = sealed;
  }

  /** Replaces segments without rows by those that `nextSegment` returns for them. */
  renew(): void {
    const { nextSegment } = this.#options;
    if (this.#spare !== undefined) this.#spare = nextSegment(this.#spare);
    if (this.#filling.count === 0) this.#filling = this.#open(nextSegment(this.#filling));
  }

  /**
   * Ends: further rows are dropped. The rows of the segment being filled are dropped too, unless
   * they are `kept` elsewhere; then they count as buffered, as do those of a sealed segment.
   */
  close(kept: boolean): void {
    if (kept) this.#kept += this.#filling.count;
    else this.#dropped += this.#filling.count;
    this.#labelsCut += this.#filling.labelsCut;
    this.#spare = undefined;
    this.#filling = new Segment(new ArrayBuffer(NO_ROOM_BYTES), this.#filling.owner);
  }

  get #lacksNext(): boolean {
    return this.#spare === undefined && this.#sealed === undefined;
  }

  #observeAt(label: string, value: number, at: ReturnType<typeof timepointOf>, now: number): void {
    const isValid = typeof label === "string" && typeof value === "number" && at !== undefined &&
      (!this.#isDuration || at === "now" && isNanoseconds(value));
    if (!isValid) {
      this.#invalid++;
      return;
    }
    if (at === "now") return this.add(label, value, now);
    const room = this.#filling.add(label, value, rowTime(at, this.#filling));
    if (room > this.#mark) return;
    this.#passMark();
    if (room === NO_ROOM) {
      this.#moveOn(); // the next segment may have another epoch offset
      if (this.#filling.add(label, value, rowTime(at, this.#filling)) === NO_ROOM) this.#dropped++;
    }
    if (this.#reportsRows) this.#options.onNeed("row");
  }

  #reachMark(room: number, label: string, value: number, timepoint: number): void {
    this.#passMark();
    if (room === NO_ROOM) {
      this.#moveOn();
      if (this.#filling.add(label, value, timepoint) === NO_ROOM) this.#dropped++;
    }
    if (this.#reportsRows) this.#options.onNeed("row");
  }

  #firstMarkOf({ capacity }: Segment): number {
    if (this.#reportsRows) return EVERY_ROW;
    return this.#spare === undefined ? capacity - (capacity >> 1) - 1 : NO_ROOM;
  }

  #passMark(): void {
    if (this.#mark === NO_ROOM || this.#reportsRows) return;
    this.#mark = NO_ROOM;
    if (this.#lacksNext) this.#options.onNeed("next");
  }

  /** Seals the full segment, if the other one can be released. */
  #moveOn(): void {
    if (this.#sealed !== undefined) this.#options.onNeed("room");
    this.seal();
  }

  /** The next segment; `undefined` if there is no memory for one: then rows are dropped. */
  #tryNext(): Segment | undefined {
    try {
      return this.#options.nextSegment(this.#spare);
    } catch {
      return undefined;
    }
  }

  #open(segment: Segment): Segment {
    const { clock } = this.#options;
    segment.open(this.#sequence, readEpochOffset(clock).offset, clock.epoch());
    this.#mark = this.#firstMarkOf(segment);
    return segment;
  }
}

/**
 * Difference of the wall clock and the monotonic clock that counts as a step, ns. NTP corrects
 * smaller differences by slewing, which both clocks follow; a wall clock without `Temporal` has 1 ms.
 */
const CLOCK_STEP = 20 * NANOSECONDS_PER_MS;

function isNanoseconds(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

/** More rows than any segment has, and still a small integer for V8. */
const EVERY_ROW = 2 ** 30 - 1;

/**
 * Bytes of a segment without room for a row: its header, and the eighth that goes to the labels.
 */
const NO_ROOM_BYTES = SEGMENT_HEADER_BYTES + 40;

/**
 * The timepoint of a row of a segment that was measured at `at`, ns since 1970. It is exact if that
 * is within 104 days of the zero of the clock, and otherwise the nearest that a double holds: within
 * 128 ns. A row has no timepoint 0, which would look like a page that is missing.
 */
function rowTime(at: bigint, { epochOffset }: Segment): number {
  return Number(at - epochOffset) || 1;
}

/**
 * Largest time between readings of the two clocks, ns; if the thread was held up for longer, they
 * are read again.
 */
const MAX_READING_TIME = 5_000;
const MAX_READINGS = 4;

/** The epoch time of the zero of a clock, ns, and how far that may be off. */
function readEpochOffset({ now, epoch }: Clock): { readonly offset: bigint; readonly error: number } {
  let offset = 0n;
  let shortest = Infinity;
  for (let i = 0; i < MAX_READINGS && shortest > MAX_READING_TIME; i++) {
    const before = now();
    const wall = epoch();
    const readingTime = now() - before;
    if (readingTime >= shortest) continue;
    shortest = readingTime;
    offset = wall - BigInt(before + Math.floor(readingTime / 2));
  }
  return { offset, error: shortest / 2 };
}
