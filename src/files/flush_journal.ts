import type { SegmentContent } from "../segment/segment.ts";
import type { Layout } from "./names.ts";

/** What is being done to the rows of a segment that are not published yet. */
export type Step =
  /** Nothing that anyone could see. */
  | { readonly kind: "none" }
  /** The file with them is whole under its temporary name, the `name`th, and is about to be renamed. */
  | { readonly kind: "renaming"; readonly name: number }
  /** Those up to `next` are being appended to the file `identity` from byte `offset` on. */
  | { readonly kind: "appending"; readonly identity: string; readonly offset: number; readonly next: number };

const NONE: Step = { kind: "none" };
const KINDS = ["none", "renaming", "appending"] as const;
const LAYOUTS: readonly Layout[] = ["segments", "append"];

/** Positions of 32-bit words in the journal. */
const Word = { sequence: 0, kind: 1, published: 2, next: 3, layout: 4, identityLength: 5 } as const;
/** The position of the offset as a double, and of the identity in bytes. */
const OFFSET_FLOAT64 = 3;
const IDENTITY_AT = 32;

/**
 * How far the flush of a segment has come, noted in the segment's own header. If the segment is a spool, that is known to whoever finds it after
 * its owner's death, and who flushes it then publishes each row once.
 *
 * A step is noted before it is taken, and it is such that one can see later whether it was: a temporary name that is gone has been renamed;
 * rows that were appended stand where they were to go.
 */
export class FlushJournal {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #float64s: Float64Array;
  readonly #sequence: number;
  readonly #save: (journal: Uint8Array) => void;

  /** Those of a segment. `save` is called with the bytes after each change, if they are a copy of those in a file; it may throw. */
  constructor(
    { journal, sequence }: Pick<SegmentContent, "journal" | "sequence">,
    save: (journal: Uint8Array) => void = () => {},
  ) {
    this.#bytes = journal;
    this.#words = new Uint32Array(journal.buffer, journal.byteOffset, journal.byteLength >> 2);
    this.#float64s = new Float64Array(journal.buffer, journal.byteOffset, journal.byteLength >> 3);
    this.#sequence = sequence;
    this.#save = save;
    // Whatever there is about another segment, which had these bytes before, is void.
    if (this.#words[Word.sequence] === sequence) return;
    this.#words[Word.kind] = 0;
    this.#words[Word.published] = 0;
    this.#words[Word.sequence] = sequence;
  }

  /** Rows that are in published files. */
  get published(): number {
    return this.#words[Word.published] ?? 0;
  }

  /** How the owner lays out files. It stays when the bytes are used for another segment. */
  get layout(): Layout {
    return LAYOUTS[this.#words[Word.layout] ?? 0] ?? "segments";
  }

  /** Notes the layout, which a segment must bear before its first row. */
  static noteLayout({ journal }: Pick<SegmentContent, "journal">, layout: Layout): void {
    new Uint32Array(journal.buffer, journal.byteOffset, journal.byteLength >> 2)[Word.layout] = LAYOUTS.indexOf(layout);
  }

  /** The step that is being taken, or was when the owner died. */
  get step(): Step {
    const words = this.#words;
    switch (KINDS[words[Word.kind] ?? 0]) {
      case "renaming":
        return { kind: "renaming", name: words[Word.next] ?? 0 };
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

  /** The file is whole under its temporary name, the `name`th. */
  renaming(name: number): void {
    this.#words[Word.next] = name;
    this.#words[Word.kind] = KINDS.indexOf("renaming");
    this.#save(this.#bytes);
  }

  /** The rows from `published` up to `next` are about to be appended to a file. */
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
