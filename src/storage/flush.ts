import type { CsvEncoder } from "../csv/encode.ts";
import type { Segment } from "../observation/segment.ts";
import type { Destination } from "./destination.ts";

/** How a step of a flush went: it goes on, all rows are published, or another program is in the way. */
export type FlushStep = "more" | "done" | "busy";

/**
 * Turns one sealed segment into CSV and publishes it, a slice of some thousand rows at a time, so that a live event loop never waits for
 * long. Whoever flushes uses this: a full buffer, a timer, `stop`, the exit hook.
 *
 * A step that throws has left no row behind that the next attempt would write again.
 */
export class SegmentFlush {
  readonly segment: Segment;
  readonly #encoder: CsvEncoder;
  #destination: Destination;
  #row = 0;
  #published = 0;

  /** Begins before the first row. */
  constructor(encoder: CsvEncoder, segment: Segment, destination: Destination) {
    this.segment = segment;
    this.#encoder = encoder;
    this.#destination = destination;
  }

  /** Rows that are in a published file. */
  get published(): number {
    return this.#published;
  }

  /** Encodes and writes one slice, and publishes after the last one. */
  step(): FlushStep {
    const destination = this.#destination;
    try {
      const { bytes, next } = this.#encoder.encode(this.segment, this.#row);
      if (!destination.write(bytes)) return "busy";
      this.#row = next;
      if (destination.durableWrites) this.#published = next;
      if (next < this.segment.count) return "more";
      destination.commit();
      this.#published = next;
      return "done";
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Sends the rows that are not published yet to another destination. */
  redirect(destination: Destination): void {
    this.abort();
    this.#destination = destination;
  }

  /** Takes back what is not published; the next step begins after what is. */
  abort(): void {
    this.#published += this.#destination.abort();
    this.#row = this.#published;
  }
}
