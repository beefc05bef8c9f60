import type { Clock } from "../runtime.ts";
import type { SegmentOwner } from "../segment/format.ts";
import { NO_ROOM } from "../segment/label_interner.ts";
import { ValueKind } from "../series.ts";
import { Segment } from "../segment/segment.ts";

/** Where a buffer hands its sealed segments. It holds at most one at a time. */
export interface SegmentSink {
  /** Takes a sealed segment over, and calls {@linkcode DoubleBuffer.release} once its rows are out. Does not throw. */
  take(segment: Segment): void;
  /** Gets rid of the segment it holds before it returns, if it can: `true` if the buffer may seal another. Does not throw. */
  finish(): boolean;
  /**
   * Is told that the segment being filled has half of its rows, and none is ready to take its place: a good time for
   * {@linkcode DoubleBuffer.prepare}.
   */
  halfFull?(): void;
}

/** How a buffer is made. */
export interface DoubleBufferOptions {
  /** Whose observations these are. */
  readonly owner: SegmentOwner;
  /** Bytes that all its buffers may take together. */
  readonly memoryThreshold: number;
  /** Gives timepoints and epoch offsets. */
  readonly clock: Clock;
  /**
   * Gives a segment of so many bytes; `free` is one that it gave before and that has no rows, to be used again unless another is better. May
   * throw if there is no room, and does not if it gets a `free` one. Left out, segments are on the heap.
   */
  readonly allocate?: (bytes: number, free: Segment | undefined) => Segment;
}

/** What became of the observations of a buffer: `recorded = flushed + buffered + dropped` at all times. */
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
 * Owns the segment being filled. When that is full or due it is sealed and handed to the sink, and a second segment of half the threshold
 * takes its place; should that one fill before the first is out, the sink is told to finish at once, and what does not fit then is
 * dropped and counted. No method throws, and the memory of a buffer never exceeds its threshold.
 */
export class DoubleBuffer {
  readonly #options: DoubleBufferOptions;
  readonly #sink: SegmentSink;
  readonly #now: () => number;
  #current: Segment;
  #spare: Segment | undefined;
  #sealed: Segment | undefined;
  #sequence = 0;
  /** Rows of room left at which the next segment is asked for; NO_ROOM once it was, or is there. */
  #mark = NO_ROOM;
  #settled = 0; // rows of segments that were released
  #flushed = 0;
  #dropped = 0;
  #invalid = 0;
  #labelsCut = 0; // in segments that were released

  /** Starts empty; the second segment is made by {@linkcode DoubleBuffer.prepare}, or when it is first needed. */
  constructor(options: DoubleBufferOptions, sink: SegmentSink) {
    this.#options = options;
    this.#sink = sink;
    this.#now = options.clock.now;
    this.#current = this.#open(this.#allocate(), ++this.#sequence);
  }

  /** Observations refused because their label was no string or their value no number; not among the counts. */
  get invalid(): number {
    return this.#invalid;
  }

  /** The segment that is being filled. */
  get filling(): Segment {
    return this.#current;
  }

  /** Whose observations these are. */
  get owner(): SegmentOwner {
    return this.#options.owner;
  }

  /** What became of its observations. */
  get counts(): ChannelCounts {
    const held = this.#current.count + (this.#sealed?.count ?? 0);
    const recorded = this.#settled + held + this.#dropped;
    return {
      recorded,
      flushed: this.#flushed,
      buffered: recorded - this.#flushed - this.#dropped,
      dropped: this.#dropped,
    };
  }

  /** Labels that were longer than a segment keeps, each counted once per segment it was met in. */
  get labelsCut(): number {
    return this.#labelsCut + this.#current.labelsCut + (this.#sealed?.labelsCut ?? 0);
  }

  /**
   * Keeps one observation, measured at `timepoint`: a reading of the isolate's clock, by default now. Refused and counted as invalid is a
   * label that is no string, a value that is no number (of durations: no whole number of ns), a timepoint that is no whole number of ns or 0.
   */
  observe(label: string, value: number, timepoint: number = this.#now()): void {
    const valid = typeof label === "string" && typeof value === "number" && isNanoseconds(timepoint) && timepoint > 0 &&
      (this.owner.kind !== ValueKind.duration || isNanoseconds(value));
    if (valid) this.add(label, value, timepoint);
    else this.#invalid++;
  }

  /** The same for a caller who vouches for all three. */
  add(label: string, value: number, timepoint: number): void {
    const left = this.#current.add(label, value, timepoint);
    if (left <= this.#mark) this.#reachedMark(left, label, value, timepoint);
  }

  /** Keeps several observations of one moment. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>): void {
    const timepoint = this.#now();
    try {
      for (const pair of observations) {
        if (Array.isArray(pair)) this.observe(pair[0], pair[1], timepoint);
        else this.#invalid++;
      }
    } catch {
      this.#invalid++; // nothing to iterate over, or an iterator that throws
    }
  }

  /** Hands what it holds to the sink, unless that is busy or there is nothing; a segment left empty is anchored anew. */
  seal(): void {
    if (this.#sealed !== undefined) return;
    if (this.#current.count === 0) {
      this.#open(this.#current, this.#sequence);
      return;
    }
    const next = this.#tryAllocate();
    if (next === undefined) return;
    const sealed = this.#current;
    this.#sealed = sealed;
    this.#spare = undefined;
    this.#current = this.#open(next, ++this.#sequence);
    this.#sink.take(sealed);
  }

  /** The sink says that `rows` more rows of the segment it holds are in a published file. */
  flushed(rows: number): void {
    this.#flushed += rows;
  }

  /** The sink lets go of the segment it holds; `lost` of its rows were not written. */
  release(lost: number): void {
    const sealed = this.#sealed;
    if (sealed === undefined) return;
    this.#settled += sealed.count - lost;
    this.#dropped += lost;
    this.#labelsCut += sealed.labelsCut;
    this.#sealed = undefined;
    sealed.open(0, 0n); // lets go of the labels
    this.#spare = sealed;
  }

  /** Makes the segment that is to take the place of the one being filled, unless there is one, or will be once the sink lets go of it. */
  prepare(): void {
    if (this.#needsNext) this.#spare = this.#tryAllocate();
  }

  get #needsNext(): boolean {
    return this.#spare === undefined && this.#sealed === undefined;
  }

  /** Uses none of the segments without rows any more, but new ones; `false` if there is no memory for one. */
  renew(): boolean {
    this.#spare = undefined;
    if (this.#current.count > 0) return true;
    const next = this.#tryAllocate();
    if (next !== undefined) this.#current = this.#open(next, this.#sequence);
    return next !== undefined;
  }

  /** Takes no more. The rows of the segment being filled are dropped, unless that is kept elsewhere. */
  close(isKept: (segment: Segment) => boolean): void {
    if (isKept(this.#current)) return;
    this.#dropped += this.#current.count;
    this.#current.open(0, 0n);
  }

  /** The segment is half full, or had no room for the row. */
  #reachedMark(left: number, label: string, value: number, timepoint: number): void {
    if (this.#mark !== NO_ROOM) {
      this.#mark = NO_ROOM;
      if (this.#needsNext) this.#sink.halfFull?.();
    }
    if (left === NO_ROOM) this.#overflow(label, value, timepoint);
  }

  #overflow(label: string, value: number, timepoint: number): void {
    if (this.#sealed === undefined || this.#sink.finish()) {
      this.seal();
      if (this.#current.add(label, value, timepoint) >= 0) return;
    }
    this.#dropped++;
  }

  /** Within a running program a machine without memory is met by dropping, not by throwing. */
  #tryAllocate(): Segment | undefined {
    try {
      return this.#allocate();
    } catch {
      return undefined;
    }
  }

  #allocate(): Segment {
    // Half the threshold, down to a multiple of 8 as the columns need.
    const bytes = (this.#options.memoryThreshold >> 1) & ~7;
    const free = this.#spare;
    const { allocate, owner } = this.#options;
    return allocate?.(bytes, free) ?? free ?? new Segment(new ArrayBuffer(bytes), owner);
  }

  #open(segment: Segment, sequence: number): Segment {
    segment.open(sequence, epochOffsetOf(this.#options.clock));
    this.#mark = this.#spare === undefined ? segment.capacity - (segment.capacity >> 1) - 1 : NO_ROOM;
    return segment;
  }
}

function isNanoseconds(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

/** Readings of the two clocks that are further apart than this are taken again, ns: the thread was held up between them. */
const APART = 5_000;
const MAX_READINGS = 4;

/** The epoch time of the zero of a clock, ns. */
function epochOffsetOf({ now, epoch }: Clock): bigint {
  let epochOffset = 0n;
  let nearest = Infinity;
  for (let i = 0; i < MAX_READINGS && nearest > APART; i++) {
    const before = now();
    const wall = epoch();
    const apart = now() - before;
    if (apart >= nearest) continue;
    nearest = apart;
    epochOffset = wall - BigInt(before + Math.floor(apart / 2));
  }
  return epochOffset;
}
