import type { CsvEncoder } from "../csv/encode.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { FileError } from "../runtime.ts";
import type { Destination } from "./destination.ts";
import { destinationOf } from "./destinations.ts";
import type { MonitoringDirectory } from "./directory.ts";
import { FlushJournal } from "./flush_journal.ts";
import type { Layout } from "./names.ts";

/** How a step of a flush went: it goes on, all rows are published, or another program is in the way. */
export type FlushStep = "more" | "done" | "busy";

/** What a flush needs. */
export interface FlushDeps {
  /** Where files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes slices; may be used for other flushes between two steps. */
  readonly encoder: CsvEncoder;
  /** How files are laid out. */
  readonly layout: Layout;
}

/**
 * Turns one sealed segment into CSV and publishes it, a slice of some thousand rows at a time, so that a live event loop never waits for
 * long. Whoever flushes uses this: a full buffer, a timer, `stop`, the exit hook, and whoever finds the spool of a program that died.
 *
 * A step that throws has left no row behind that the next attempt would write again.
 */
export class SegmentFlush {
  readonly segment: SegmentContent;
  readonly #deps: FlushDeps;
  readonly #journal: FlushJournal;
  #destination: Destination;
  #row: number;

  /** Begins after the rows that are published according to the journal. */
  constructor(deps: FlushDeps, segment: SegmentContent, journal: FlushJournal = new FlushJournal(segment)) {
    this.segment = segment;
    this.#deps = deps;
    this.#journal = journal;
    this.#destination = destinationOf(deps.layout, deps.directory, segment, journal);
    this.#row = journal.published;
  }

  /** Rows that are in a published file. */
  get published(): number {
    return this.#journal.published;
  }

  /** Encodes and writes one slice, and publishes after the last one. */
  step(): FlushStep {
    const destination = this.#destination;
    const { count } = this.segment;
    if (this.published >= count) return "done";
    try {
      const { bytes, next } = this.#deps.encoder.encode(this.segment, this.#row);
      if (next === this.#row) throw new FileError("EFBIG", "a row is longer than a slice");
      if (!destination.write(bytes, next)) return "busy";
      this.#row = next;
      if (next < count) return "more";
      destination.commit(next);
      return "done";
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Writes what is not published yet to a file of the segment's own, whatever the layout. */
  useOwnFile(): void {
    this.abort();
    this.#destination = destinationOf("segments", this.#deps.directory, this.segment, this.#journal);
  }

  /** Takes back what is not published; the next step begins after what is. */
  abort(): void {
    this.#destination.abort();
    this.#row = this.published;
  }
}
