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
 * the sequence in the header, the segment was reused since: the journal is void, except for the
 * layout, which stays.
 *
 * **The writer** flushes in steps, each of which makes rows visible at once: it renames a finished
 * file, or it locks a file and appends a slice of rows to it. Before each step it writes here what
 * it is about to do, the kind of step last. After the step it writes how many rows are published,
 * and that no step is under way.
 *
 * **The reader** finds out whether a step was taken by looking at its effect: see
 * `interrupted_flush.ts`.
 *
 * @module
 */

import type { SegmentContent } from "../segment/segment.ts";
import type { Layout } from "./names.ts";

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

const NO_STEP: FlushStep = { kind: "none" };
const KINDS = ["none", "renaming", "appending"] as const;
const LAYOUTS: readonly Layout[] = ["segments", "append"];

/** Indexes of 32-bit words in the journal. */
const JournalWord = { sequence: 0, kind: 1, published: 2, next: 3, layout: 4, identityLength: 5 } as const;
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
   * The journal in the bytes of a segment. If those are a copy of a file, `save` writes the journal
   * back: it is called after each change, and what it throws is passed on.
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
    if (this.#words[JournalWord.sequence] === sequence) return;
    this.#words[JournalWord.kind] = 0;
    this.#words[JournalWord.published] = 0;
    this.#words[JournalWord.sequence] = sequence;
  }

  /** Reads the journal of a segment, and leaves the bytes of the segment as they are. */
  static read(
    { journal, sequence }: Pick<SegmentContent, "journal" | "sequence">,
  ): Pick<FlushJournal, "published" | "layout" | "step"> {
    return new FlushJournal({ journal: journal.slice(), sequence });
  }

  /** Rows that are in published files. */
  get published(): number {
    return this.#words[JournalWord.published] ?? 0;
  }

  /** How the owner lays out files. */
  get layout(): Layout {
    return LAYOUTS[this.#words[JournalWord.layout] ?? 0] ?? "segments";
  }

  /** Writes the layout, before the first row of a segment. */
  static noteLayout({ journal }: Pick<SegmentContent, "journal">, layout: Layout): void {
    new Uint32Array(journal.buffer, journal.byteOffset, journal.byteLength >> 2)[JournalWord.layout] = LAYOUTS.indexOf(
      layout,
    );
  }

  /** The step that is under way, or was when the owner died. */
  get step(): FlushStep {
    const words = this.#words;
    switch (KINDS[words[JournalWord.kind] ?? 0]) {
      case "renaming":
        return { kind: "renaming", number: words[JournalWord.next] ?? 0 };
      case "appending": {
        const length = words[JournalWord.identityLength] ?? 0;
        const identity = String.fromCharCode(...this.#bytes.subarray(IDENTITY_AT, IDENTITY_AT + length));
        return {
          kind: "appending",
          identity,
          offset: this.#float64s[OFFSET_FLOAT64] ?? 0,
          next: words[JournalWord.next] ?? 0,
        };
      }
      default:
        return NO_STEP;
    }
  }

  /**
   * The file with all rows is complete under its `number`th temporary name, and is about to be
   * renamed.
   */
  renaming(number: number): void {
    this.#words[JournalWord.next] = number;
    this.#words[JournalWord.kind] = KINDS.indexOf("renaming");
    this.#save(this.#bytes);
  }

  /**
   * The rows from `published` up to `next` are about to be appended to the file `identity`, from
   * byte `offset` on.
   */
  appending(identity: string, offset: number, next: number): void {
    const room = this.#bytes.subarray(IDENTITY_AT);
    this.#words[JournalWord.identityLength] = new TextEncoder().encodeInto(identity, room).written;
    this.#float64s[OFFSET_FLOAT64] = offset;
    this.#words[JournalWord.next] = next;
    this.#words[JournalWord.kind] = KINDS.indexOf("appending");
    this.#save(this.#bytes);
  }

  /** The step was taken or undone: `published` rows are in files. */
  settled(published: number = this.published): void {
    this.#words[JournalWord.published] = published;
    this.#words[JournalWord.kind] = KINDS.indexOf("none");
    this.#save(this.#bytes);
  }
}
