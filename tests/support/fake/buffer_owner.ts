import {
  type BufferNeed,
  DoubleBuffer,
  type DoubleBufferOptions,
} from "../../../src/recording/buffers/double_buffer.ts";
import type { SegmentOwner } from "../../../src/segment/format.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { OWNER, rowsOf } from "../segments.ts";
import { FakeClock } from "./runtime.ts";
import { LEAST_THRESHOLD } from "../small_buffers.ts";

/** A segment as it was when it was sealed. */
export interface TakenSegment {
  readonly sequence: number;
  readonly epochOffset: bigint;
  readonly rows: ReturnType<typeof rowsOf>;
}

/** How a {@linkcode FakeBufferOwner} makes its buffer. */
export interface FakeBufferOptions {
  readonly owner?: SegmentOwner;
  readonly memoryThreshold?: number;
  readonly nextSegment?: DoubleBufferOptions["nextSegment"];
}

/** Owns a double buffer, and flushes when the test says so. */
export class FakeBufferOwner {
  readonly buffer: DoubleBuffer;
  /** The clock of the buffer. */
  readonly clock = new FakeClock();
  /** All segments that were sealed, as they were then. */
  readonly taken: TakenSegment[] = [];
  /** The memory of each segment that was sealed. */
  readonly buffers = new Set<ArrayBufferLike>();
  /** Whether a flush can finish when the buffer needs room. */
  canFlush = true;
  /** How often the buffer asked for its next segment. */
  nextNeeds = 0;
  /** Called when the buffer seals a segment or needs room, before anything else. */
  meanwhile: () => void = () => {};
  #published = 0;

  /** The buffer has 16 KiB of heap memory by default. */
  constructor({ owner = OWNER, memoryThreshold = LEAST_THRESHOLD, nextSegment }: FakeBufferOptions = {}) {
    const bytes = (memoryThreshold >> 1) & ~7;
    this.buffer = new DoubleBuffer({
      clock: this.clock,
      nextSegment: nextSegment ?? ((free) => free ?? new Segment(new ArrayBuffer(bytes), owner)),
      onNeed: (need) => this.#meet(need),
    });
  }

  /** The segment to flush. */
  get sealed(): Segment | undefined {
    return this.buffer.sealed;
  }

  /** Publishes `rows` more rows, or as many as there are. */
  publish(rows: number): void {
    this.#published = Math.min(this.#published + rows, this.sealed?.count ?? 0);
    this.buffer.setPublished(this.#published);
  }

  /**
   * Releases the sealed segment. The rest of its rows is published before, unless it is to be lost.
   */
  release(andLoseTheRest = false): void {
    if (this.sealed === undefined) return;
    if (!andLoseTheRest) this.publish(Infinity);
    this.buffer.release();
  }

  /** The values of all rows that were sealed. */
  get values(): number[] {
    return this.taken.flatMap(({ rows }) => rows.map(([, value]) => value));
  }

  #meet(need: BufferNeed): void {
    if (need === "next") {
      this.nextNeeds++;
      return;
    }
    if (need === "flush") this.#take();
    this.meanwhile();
    if (need === "room" && this.canFlush) this.release();
  }

  #take(): void {
    const { sealed } = this;
    if (sealed === undefined) throw new Error("Cannot flush: no segment is sealed");
    this.#published = 0;
    this.buffers.add(sealed.timepoints.buffer);
    this.taken.push({ sequence: sealed.sequence, epochOffset: sealed.epochOffset, rows: rowsOf(sealed) });
  }
}

/** Rows of a segment of the smallest buffer, of 16 KiB. */
export const ROWS = 384;

/** Observes the numbers from `first` to `first + count - 1`. */
export function observeNumbers(buffer: DoubleBuffer, count: number, first = 0): void {
  for (let i = first; i < first + count; i++) buffer.observe("x", i);
}
