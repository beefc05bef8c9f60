import { DoubleBuffer, type DoubleBufferOptions, type SegmentSink } from "../../../src/recording/double_buffer.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { FakeClock } from "./runtime.ts";
import { OWNER, rowsOf } from "../segments.ts";

/** What a sink was given: a segment as it was when it was taken. */
export interface TakenSegment {
  readonly sequence: number;
  readonly epochOffset: bigint;
  readonly rows: ReturnType<typeof rowsOf>;
}

/** A sink in the hands of the test, with the buffer it serves. */
export class FakeSegmentSink implements SegmentSink {
  /** The buffer. */
  readonly buffer: DoubleBuffer;
  /** Its clock. */
  readonly clock = new FakeClock();
  /** All it was given so far. */
  readonly taken: TakenSegment[] = [];
  /** Every buffer it saw. */
  readonly buffers = new Set<ArrayBufferLike>();
  /** The segment it holds. */
  held: Segment | undefined;
  /** Whether it can finish at once. */
  canFinish = true;
  /** How often it was told that a segment is half full and none is ready. */
  halfFulls = 0;
  /** Called before it takes or finishes. */
  meanwhile: () => void = () => {};
  #flushed = 0;

  /** With a buffer of 16 KiB, or as given. */
  constructor(options: Partial<DoubleBufferOptions> = {}) {
    this.buffer = new DoubleBuffer({ owner: OWNER, memoryThreshold: 2 ** 14, clock: this.clock, ...options }, this);
  }

  take(segment: Segment): void {
    if (this.held !== undefined) throw new Error("Cannot take: holding another segment");
    this.held = segment;
    this.#flushed = 0;
    this.buffers.add(segment.timepoints.buffer);
    this.taken.push({ sequence: segment.sequence, epochOffset: segment.epochOffset, rows: rowsOf(segment) });
    this.meanwhile();
  }

  halfFull(): void {
    this.halfFulls++;
  }

  finish(): boolean {
    this.meanwhile();
    if (this.canFinish) this.letGo();
    return this.canFinish;
  }

  /** Says that `rows` more rows are out, or as many as there are. */
  flush(rows: number): void {
    const some = Math.min(rows, (this.held?.count ?? 0) - this.#flushed);
    this.#flushed += some;
    this.buffer.flushed(some);
  }

  /** Lets go of the segment; what was not flushed is flushed, or else lost. */
  letGo(andLoseTheRest = false): void {
    if (this.held === undefined) return;
    if (!andLoseTheRest) this.flush(Infinity);
    const lost = this.held.count - this.#flushed;
    this.held = undefined;
    this.buffer.release(lost);
  }

  /** The values of all rows it was given. */
  get values(): number[] {
    return this.taken.flatMap(({ rows }) => rows.map(([, value]) => value));
  }
}

/** Rows of a segment of the least buffer, of 16 KiB. */
export const ROWS = 384;

/** Observes `count` numbers, from `first` on. */
export function observeNumbers(buffer: DoubleBuffer, count: number, first = 0): void {
  for (let i = first; i < first + count; i++) buffer.observe("x", i);
}
