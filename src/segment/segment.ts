import { LabelInterner, NO_ROOM } from "./label_interner.ts";
import {
  columnsOf,
  EPOCH_OFFSET_WORD64,
  HeaderWord,
  JOURNAL_AT,
  JOURNAL_BYTES,
  OPENED_WORD64,
  ROW_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentOwner,
  writeHeader,
} from "./format.ts";

/** The rows of a segment, with all that is needed to write them as CSV. */
export interface SegmentContent {
  /** Who filled the segment. */
  readonly owner: SegmentOwner;
  /** Number of the segment in its channel, from 1. */
  readonly sequence: number;
  /** Epoch time of the zero of the timepoints' clock, ns. */
  readonly epochOffset: bigint;
  /** Committed rows. The columns may be longer; what follows is undefined. */
  readonly count: number;
  /** Clock readings, ns. */
  readonly timepoints: Float64Array;
  /** Measurements, encoded as `owner.kind` says. */
  readonly values: Float64Array;
  /** Ids in the label table. */
  readonly labelIds: Uint16Array;
  /** The bytes of the label table. */
  readonly labelBytes: Uint8Array;
  /** Labels in the table. */
  readonly labelCount: number;
  /** The flush journal: 128 bytes of the header. */
  readonly journal: Uint8Array;
}

/**
 * A fixed-capacity columnar table of observations in one `ArrayBuffer`, with the byte format that
 * is described in `format.ts`. The buffer describes itself, so whoever holds its bytes can turn
 * them into CSV: the program itself, or, if the buffer is a mapped file, another program after its
 * death.
 */
export class Segment implements SegmentContent {
  /** Rows that fit. */
  readonly capacity: number;
  /** Clock readings, ns. Rows from `count` on are undefined. */
  readonly timepoints: Float64Array;
  /** Measurements, encoded as `owner.kind` says. */
  readonly values: Float64Array;
  /** Ids in the label table. */
  readonly labelIds: Uint16Array;
  /** The bytes of the label table. */
  readonly labelBytes: Uint8Array;
  /** Who fills the segment. */
  readonly owner: SegmentOwner;
  /** The flush journal: 128 bytes of the header. */
  readonly journal: Uint8Array;
  readonly #words: Uint32Array;
  readonly #words64: BigInt64Array;
  readonly #table: LabelInterner;
  #count = 0;
  // Often many rows in a row have one label, and comparing a string with itself is cheaper than
  // looking it up. A label is kept here once it came twice: storing another string with each row
  // would cost more than the comparison saves.
  #lastLabel: string | undefined = undefined;
  #lastId = 0;
  #foundId = NO_ROOM;

  /** Uses all of `buffer`, which has at least 1 KiB; an eighth of it is for the labels. */
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

  /** Number of the segment in its channel, from 1. */
  get sequence(): number {
    return this.#words[HeaderWord.sequence] ?? 0;
  }

  /** Epoch time of the zero of the timepoints' clock, ns. */
  get epochOffset(): bigint {
    return this.#words64[EPOCH_OFFSET_WORD64] ?? 0n;
  }

  /** Labels that were cut because they were too long. */
  get labelsCut(): number {
    return this.#table.cut;
  }

  /**
   * Empties the segment and gives it a new sequence and epoch offset, and the time now, ns since
   * 1970, by which others can see later when its writer was alive. The count is set to 0 first, so
   * that no reader ever finds rows with a sequence or labels that are not theirs.
   */
  open(sequence: number, epochOffset: bigint, now = 0n): void {
    this.#commit(0);
    this.#table.clear();
    this.#lastLabel = undefined;
    this.#foundId = NO_ROOM;
    this.#words[HeaderWord.labels] = 0;
    this.#words[HeaderWord.labelBytes] = 0;
    this.#words[HeaderWord.sequence] = sequence;
    this.#words64[EPOCH_OFFSET_WORD64] = epochOffset;
    this.#words64[OPENED_WORD64] = now;
  }

  /**
   * Stores one row and returns how many more rows there is room for; {@linkcode NO_ROOM} if there
   * is no room for the row or its label, and nothing has changed.
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
    this.#words[HeaderWord.count] = count;
  }

  #labelId(label: string): number {
    const known = this.#table.count;
    const id = this.#table.idOf(label);
    if (id === NO_ROOM) return NO_ROOM;
    if (id === known) {
      this.#words[HeaderWord.labels] = this.#table.count;
      this.#words[HeaderWord.labelBytes] = this.#table.used;
    }
    if (id === this.#foundId) {
      this.#lastLabel = label;
      this.#lastId = id;
    }
    this.#foundId = id;
    return id;
  }
}
