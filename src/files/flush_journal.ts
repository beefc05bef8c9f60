/**
 * The flush journal: 128 bytes in the header of a segment that say how far its flush has come.
 *
 * The rows of a spool outlive the process that recorded them, and so does its journal. Whoever
 * finds both can finish an interrupted flush, or leave out what was flushed already, such that each
 * row counts once.
 *
 * **Format.** Bytes count from the beginning of the journal, which is byte 128 of the segment;
 * numbers are little-endian.
 *
 * | byte | type  | content                                                                       |
 * | ---- | ----- | ----------------------------------------------------------------------------- |
 * | 0    | u32   | sequence of the segment that the journal is about                             |
 * | 4    | u32   | step: 0 none, 1 renaming, 2 appending                                         |
 * | 8    | u32   | published: rows that are in published files                                   |
 * | 12   | u32   | renaming: number of the temporary name; appending: the row after the last one |
 * | 16   | u32   | layout: 0 segments, 1 append                                                  |
 * | 20   | u32   | appending: bytes of the identity                                              |
 * | 24   | f64   | appending: byte of the file where the rows begin                              |
 * | 32   | ASCII | appending: identity of the file, `device:inode`                               |
 *
 * **What is valid.** The journal is about the segment whose sequence it holds. If that differs from
 * the sequence in the header, the bytes of the segment were reused and the journal is void, but for
 * the layout, which stays.
 *
 * **The writer** flushes in steps that make rows visible all at once: it renames a finished file,
 * or appends a slice of rows to a file while it holds the lock of that. Before each step it writes
 * here what it is about to do, the kind of the step last; after the step it writes how many rows
 * are published, and that no step is under way.
 *
 * **The reader** finds out whether a step was taken by looking at its effect:
 *
 * - none: `published` is right.
 * - renaming: all rows are published if the temporary name is gone; see {@linkcode wasRenamed}.
 * - appending: the rows are in the file from that byte on. A segment is encoded to the same bytes
 *   each time, so they can be compared with the file; see {@linkcode appendedPart}.
 *
 * `recovery.ts` does so to finish the flush of a dead program, and `snapshot.ts` to count each row
 * once while programs go on flushing.
 *
 * @module
 */

import { wholeRows } from "../csv/row_scanner.ts";
import type { FileHandle, FileStatus } from "../runtime.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { type MonitoringDirectory, readFully } from "./directory.ts";
import { appendFileName, type Layout, segmentFileName, type SegmentId } from "./names.ts";

/** A step of a flush that makes rows visible. */
export type FlushStep =
  /** No step is under way. */
  | { readonly kind: "none" }
  | RenamingStep
  | AppendingStep;

/**
 * The file with all rows is complete under its `number`th temporary name, and is about to be
 * renamed.
 */
export interface RenamingStep {
  readonly kind: "renaming";
  readonly number: number;
}

/** The rows up to `next` are being appended to the file `identity`, from byte `offset` on. */
export interface AppendingStep {
  readonly kind: "appending";
  readonly identity: string;
  readonly offset: number;
  readonly next: number;
}

const NONE: FlushStep = { kind: "none" };
const KINDS = ["none", "renaming", "appending"] as const;
const LAYOUTS: readonly Layout[] = ["segments", "append"];

/** Indexes of 32-bit words in the journal. */
const Word = { sequence: 0, kind: 1, published: 2, next: 3, layout: 4, identityLength: 5 } as const;
/** Index of the offset, as a double; byte of the identity. */
const OFFSET_FLOAT64 = 3;
const IDENTITY_AT = 32;

/** The flush journal of a segment. */
export class FlushJournal {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #float64s: Float64Array;
  readonly #sequence: number;
  readonly #save: (journal: Uint8Array) => void;

  /**
   * The journal in the bytes of a segment. If those are a copy of a file, `save` is called with the
   * journal after each change, to write it back; what it throws is thrown on.
   */
  constructor(
    { journal, sequence }: Pick<SegmentContent, "journal" | "sequence">,
    save: (journal: Uint8Array) => void = () => {},
  ) {
    this.#bytes = journal;
    this.#words = new Uint32Array(journal.buffer, journal.byteOffset, journal.byteLength >> 2);
    this.#float64s = new Float64Array(journal.buffer, journal.byteOffset, journal.byteLength >> 3);
    this.#sequence = sequence;
    this.#save = save;
    if (this.#words[Word.sequence] === sequence) return;
    this.#words[Word.kind] = 0;
    this.#words[Word.published] = 0;
    this.#words[Word.sequence] = sequence;
  }

  /** The journal of a segment, to be read only: the bytes of the segment stay as they are. */
  static read(
    { journal, sequence }: Pick<SegmentContent, "journal" | "sequence">,
  ): Pick<FlushJournal, "published" | "layout" | "step"> {
    return new FlushJournal({ journal: journal.slice(), sequence });
  }

  /** Rows that are in published files. */
  get published(): number {
    return this.#words[Word.published] ?? 0;
  }

  /** How the owner lays out files. */
  get layout(): Layout {
    return LAYOUTS[this.#words[Word.layout] ?? 0] ?? "segments";
  }

  /** Writes the layout, before the first row of a segment. */
  static noteLayout({ journal }: Pick<SegmentContent, "journal">, layout: Layout): void {
    new Uint32Array(journal.buffer, journal.byteOffset, journal.byteLength >> 2)[Word.layout] = LAYOUTS.indexOf(layout);
  }

  /** The step that is under way, or was when the owner died. */
  get step(): FlushStep {
    const words = this.#words;
    switch (KINDS[words[Word.kind] ?? 0]) {
      case "renaming":
        return { kind: "renaming", number: words[Word.next] ?? 0 };
      case "appending": {
        const length = words[Word.identityLength] ?? 0;
        const identity = String.fromCharCode(...this.#bytes.subarray(IDENTITY_AT, IDENTITY_AT + length));
        return {
          kind: "appending",
          identity,
          offset: this.#float64s[OFFSET_FLOAT64] ?? 0,
          next: words[Word.next] ?? 0,
        };
      }
      default:
        return NONE;
    }
  }

  /**
   * The file with all rows is complete under its `number`th temporary name, and is about to be
   * renamed.
   */
  renaming(number: number): void {
    this.#words[Word.next] = number;
    this.#words[Word.kind] = KINDS.indexOf("renaming");
    this.#save(this.#bytes);
  }

  /**
   * The rows from `published` up to `next` are about to be appended to the file `identity`, from
   * byte `offset` on.
   */
  appending(identity: string, offset: number, next: number): void {
    const room = this.#bytes.subarray(IDENTITY_AT);
    this.#words[Word.identityLength] = new TextEncoder().encodeInto(identity, room).written;
    this.#float64s[OFFSET_FLOAT64] = offset;
    this.#words[Word.next] = next;
    this.#words[Word.kind] = KINDS.indexOf("appending");
    this.#save(this.#bytes);
  }

  /** The step was taken, or was taken back: `published` rows are in files. */
  settled(published: number = this.published): void {
    this.#words[Word.published] = published;
    this.#words[Word.kind] = KINDS.indexOf("none");
    this.#save(this.#bytes);
  }
}

/** Whether the file of a segment's own was renamed, as its journal says it was about to be. */
export function wasRenamed(directory: MonitoringDirectory, segment: SegmentId, { number }: RenamingStep): boolean {
  return directory.files.status(directory.temporaryPathOf(segmentFileName(segment, number))) === undefined;
}

/** A file that rows were appended to. */
export interface AppendTarget {
  readonly path: string;
  readonly status: FileStatus;
}

/**
 * Finds the file that rows of a channel were appended to: under its own name, or under another in
 * the same directory, where somebody moved it. `undefined` if it was deleted, or moved elsewhere.
 */
export function findAppendTarget(
  directory: MonitoringDirectory,
  channel: string,
  { identity }: AppendingStep,
  statusOf: (path: string) => FileStatus | undefined = (path) => directory.files.status(path),
): AppendTarget | undefined {
  const at = (path: string): AppendTarget | undefined => {
    const status = statusOf(path);
    return status?.kind === "file" && status.identity === identity ? { path, status } : undefined;
  };
  const named = at(directory.pathOf(appendFileName(channel)));
  if (named !== undefined) return named;
  for (const name of directory.files.list(directory.path)) {
    const moved = at(directory.pathOf(name));
    if (moved !== undefined) return moved;
  }
  return undefined;
}

/** How much of a slice that was being appended is in the file. */
export interface AppendedPart {
  /** Bytes that are the same in both, from the beginning of the slice on. */
  readonly bytes: number;
  /** Whether the file has other bytes behind those, where the slice was to be. */
  readonly differs: boolean;
  /** Whole rows in those. */
  readonly rows: number;
  /** Bytes of those rows. */
  readonly end: number;
}

/**
 * Compares a slice of CSV with the first `size` bytes of a file from byte `offset` on, where it was
 * to be appended.
 */
export function appendedPart(handle: FileHandle, size: number, slice: Uint8Array, offset: number): AppendedPart {
  const there = new Uint8Array(Math.max(0, Math.min(slice.length, size - offset)));
  const length = readFully(handle, there, offset);
  let bytes = 0;
  while (bytes < length && there[bytes] === slice[bytes]) bytes++;
  const { rows, end } = wholeRows(slice.subarray(0, bytes));
  return { bytes, differs: bytes < length, rows, end };
}
