import { type CsvEncoder, HEADER_BYTES } from "../csv/encode.ts";
import type { FileAccess } from "../runtime.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { AppendFile } from "./append_file.ts";
import type { LateFile } from "./late_file.ts";
import { AtomicFile } from "./atomic_file.ts";
import type { MonitoringDirectory } from "./directory.ts";
import { FlushJournal } from "./flush_journal.ts";
import { type Layout, segmentFileName } from "./names.ts";

/**
 * Result of a step of a flush. `"more"`: rows are left. `"done"`: all rows are published. `"busy"`:
 * another program holds a lock.
 */
export type FlushProgress = "more" | "done" | "busy";

/** What a flush needs. */
export interface FlushDeps {
  /** Where files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes slices; may be used for other flushes between two steps. */
  readonly encoder: CsvEncoder;
  /** How files are laid out. */
  readonly layout: Layout;
  /** Who may do what with the files that it creates, if not as with others of the directory. */
  readonly access?: FileAccess;
}

/**
 * Where the rows of a flush go. After any method threw, only `abort` may be called, and then the
 * flush begins again.
 */
interface Destination {
  /**
   * Writes whole rows of CSV, up to row `next` of the segment; `false` if another program holds a
   * lock, and nothing was written.
   */
  write(rows: Uint8Array, next: number): boolean;
  /** Publishes what was written, up to row `next`. */
  commit(next: number): void;
  /**
   * Removes what is not published, and notes in the journal that no step is under way. Does not
   * throw.
   */
  abort(): void;
}

/**
 * Turns one sealed segment into CSV and publishes it, a slice of some thousand rows at a time, so
 * that a live event loop never waits for long. Every flush uses this: of a full buffer, by a timer,
 * `stop` or the exit hook (all of these through `recording/buffers/flusher.ts`, which decides when), and by
 * recovery.
 *
 * If a step throws, no row is in a file that the next attempt would write again.
 */
export class SegmentFlush {
  readonly segment: SegmentContent;
  readonly #deps: FlushDeps;
  readonly #journal: FlushJournal;
  #destination: Destination;
  #row: number;

  /** Begins after the rows that the journal counts as published. */
  constructor(deps: FlushDeps, segment: SegmentContent, journal: FlushJournal = new FlushJournal(segment)) {
    this.segment = segment;
    this.#deps = deps;
    this.#journal = journal;
    this.#destination = deps.layout === "append"
      ? new AppendFile(deps.directory, segment, journal, deps.access)
      : segmentFile(deps, segment, journal);
    this.#row = journal.published;
  }

  /** Rows that are in a published file. */
  get published(): number {
    return this.#journal.published;
  }

  /** Encodes and writes one slice, and publishes the file after the last one. */
  step(): FlushProgress {
    const destination = this.#destination;
    const { count } = this.segment;
    if (this.published >= count) return "done";
    try {
      const { bytes, next } = this.#deps.encoder.encode(this.segment, this.#row);
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

  /** Writes what is not published yet to a separate file for this segment, whatever the layout. */
  useOwnFile(): void {
    this.abort();
    this.#destination = segmentFile(this.#deps, this.segment, this.#journal);
  }

  /** As {@linkcode SegmentFlush.useOwnFile}, with the rows of other segments before them. */
  useLateFile(file: LateFile): void {
    this.abort();
    this.#destination = file.destination(segmentFile(this.#deps, this.segment, this.#journal), this.#journal);
  }

  /** Removes what is not published; the next step begins after the published rows. */
  abort(): void {
    this.#destination.abort();
    this.#row = this.published;
  }
}

/** The separate file of a segment. */
function segmentFile(
  { directory, access }: FlushDeps,
  segment: SegmentContent,
  journal: FlushJournal,
): AtomicFile {
  const nameOf = (number: number): string => segmentFileName(segment, number);
  return new AtomicFile(directory, { nameOf, head: HEADER_BYTES, journal, access });
}
