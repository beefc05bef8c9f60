import { LabelInterner, NO_ROOM } from "./label_interner.ts";
import {
  columnsOf,
  EPOCH_OFFSET_WORD64,
  JOURNAL_AT,
  JOURNAL_BYTES,
  ROW_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentOwner,
  Word,
  writeHeader,
} from "./format.ts";

/** The rows of a segment, and all that is needed to write them as CSV. */
export interface SegmentContent {
  /** Who filled it. */
  readonly owner: SegmentOwner;
  /** Its place in the order of the segments of its channel, from 1. */
  readonly sequence: number;
  /** Epoch time of the zero of the clock that gave the timepoints, ns. */
  readonly epochOffset: bigint;
  /** Committed rows. What the columns hold from there on is meaningless. */
  readonly count: number;
  /** Clock readings, ns. */
  readonly timepoints: Float64Array;
  /** Measurements, as `owner.kind` says. */
  readonly values: Float64Array;
  /** Ids in the label table. */
  readonly labelIds: Uint16Array;
  /** The bytes of the label table. */
  readonly labelBytes: Uint8Array;
  /** Labels in the table. */
  readonly labelCount: number;
  /** 128 bytes of the header that belong to whoever flushes it. */
  readonly journal: Uint8Array;
}

/**
 * A fixed-capacity columnar table of observations in one `ArrayBuffer`:
 *
 * ```text
 * header (256 bytes) | timepoints f64[] | values f64[] | label ids u16[] | label table
 * ```
 *
 * It describes itself, so that whoever holds the bytes can turn them into CSV: the program itself, or, if they are those of a file that it
 * has mapped, another one after its death. A row is stored before the count that commits it.
 * Timepoints are nanoseconds of the isolate's monotonic clock, exact in a double; the header holds the epoch time of that clock's zero.
 */
export class Segment implements SegmentContent {
  /** Rows there is room for. */
  readonly capacity: number;
  /** Clock readings, ns. Rows from `count` on are meaningless. */
  readonly timepoints: Float64Array;
  /** Measurements, as `kind` says. */
  readonly values: Float64Array;
  /** Ids in the label table. */
  readonly labelIds: Uint16Array;
  /** The bytes of the label table. */
  readonly labelBytes: Uint8Array;
  /** Who fills it. */
  readonly owner: SegmentOwner;
  /** See {@linkcode SegmentContent}. */
  readonly journal: Uint8Array;
  readonly #words: Uint32Array;
  readonly #words64: BigInt64Array;
  readonly #table: LabelInterner;
  #count = 0;
  // One label in a row is the common case, and comparing a string with itself is cheaper than looking it up. It is kept once it came twice:
  // to keep another string each time would cost more than that saves.
  #lastLabel: string | undefined = undefined;
  #lastId = 0;
  #foundId = NO_ROOM;

  /** Takes all of `buffer`, of at least 1 KiB; an eighth of it goes to the labels. */
  constructor(buffer: ArrayBuffer, owner: SegmentOwner) {
    const tableBytes = buffer.byteLength >> 3;
    const capacity = Math.floor((buffer.byteLength - SEGMENT_HEADER_BYTES - tableBytes) / ROW_BYTES);
    const at = columnsOf(capacity);
    this.capacity = capacity;
    this.owner = owner;
    this.timepoints = new Float64Array(buffer, SEGMENT_HEADER_BYTES, capacity);
    this.values = new Float64Array(buffer, at.values, capacity);
    this.labelIds = new Uint16Array(buffer, at.ids, capacity);
    this.labelBytes = new Uint8Array(buffer, at.labels);
    this.journal = new Uint8Array(buffer, JOURNAL_AT, JOURNAL_BYTES);
    this.#table = new LabelInterner(this.labelBytes);
    this.#words = new Uint32Array(buffer, 0, SEGMENT_HEADER_BYTES >> 2);
    this.#words64 = new BigInt64Array(buffer, 0, SEGMENT_HEADER_BYTES >> 3);
    writeHeader(buffer, owner, capacity);
  }

  /** Committed rows. */
  get count(): number {
    return this.#count;
  }

  /** Labels in the table. */
  get labelCount(): number {
    return this.#table.count;
  }

  /** Its place in the order of the segments of its channel, from 1. */
  get sequence(): number {
    return this.#words[Word.sequence] ?? 0;
  }

  /** Epoch time of the zero of the clock that gave the timepoints, ns. */
  get epochOffset(): bigint {
    return this.#words64[EPOCH_OFFSET_WORD64] ?? 0n;
  }

  /** Labels that were cut; see {@linkcode LabelInterner}. */
  get labelsCut(): number {
    return this.#table.cut;
  }

  /**
   * Empties it for use under a new sequence number and epochOffset. The rows go first: at no moment do they stand under a number or labels that
   * are not theirs.
   */
  open(sequence: number, epochOffset: bigint): void {
    this.#commit(0);
    this.#table.clear();
    this.#lastLabel = undefined;
    this.#foundId = NO_ROOM;
    this.#words[Word.labels] = 0;
    this.#words[Word.labelBytes] = 0;
    this.#words[Word.sequence] = sequence;
    this.#words64[EPOCH_OFFSET_WORD64] = epochOffset;
  }

  /**
   * Stores one row and returns how many more rows there is room for; {@linkcode NO_ROOM} if there is
   * no room for the row or its label, and nothing has changed.
   */
  add(label: string, value: number, timepoint: number): number {
    const row = this.#count;
    const left = this.capacity - row - 1;
    if (left < 0) return NO_ROOM;
    const id = label === this.#lastLabel ? this.#lastId : this.#labelId(label);
    if (id === NO_ROOM) return NO_ROOM;
    this.timepoints[row] = timepoint;
    this.values[row] = value;
    this.labelIds[row] = id;
    this.#commit(row + 1);
    return left;
  }

  #commit(count: number): void {
    this.#count = count;
    this.#words[Word.count] = count;
  }

  #labelId(label: string): number {
    const known = this.#table.count;
    const id = this.#table.idOf(label);
    if (id === NO_ROOM) return NO_ROOM;
    if (id === known) {
      this.#words[Word.labels] = this.#table.count;
      this.#words[Word.labelBytes] = this.#table.used;
    }
    if (id === this.#foundId) {
      this.#lastLabel = label;
      this.#lastId = id;
    }
    this.#foundId = id;
    return id;
  }
}
