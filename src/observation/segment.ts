import { LabelTable, NO_ROOM } from "./label_table.ts";

/** How the values of a segment are to be read. */
export const ValueKind = {
  /** Doubles, written so that they read back exactly. */
  number: 0,
  /** Whole nanoseconds, written as seconds with 9 decimals. */
  duration: 1,
} as const;

/** One of {@linkcode ValueKind}. */
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** Who fills a segment: all that a row of CSV and a file name need beside the columns. */
export interface SegmentOwner {
  /** Process that samples. */
  readonly pid: number;
  /** The isolate's own name, eight hexadecimal digits. */
  readonly isolate: string;
  /** First part of the names of its files. */
  readonly prefix: string;
  /** How its values are to be read. */
  readonly kind: ValueKind;
}

const MAGIC = 0x4f4d594b; // "KYMO", little-endian
const VERSION = 1;
const HEADER_BYTES = 256;
const ROW_BYTES = 8 + 8 + 2;

/** Positions of 32-bit words in the header; the anchor is the 64-bit word 5, the texts follow from byte 64. */
const Word = {
  magic: 0,
  version: 1,
  capacity: 2,
  count: 3,
  labels: 4,
  labelBytes: 5,
  pid: 6,
  sequence: 7,
  kind: 8,
} as const;
const ANCHOR_WORD64 = 5;
const ISOLATE_AT = 48;
const ISOLATE_BYTES = 8;
const PREFIX_AT = 64;

/** The longest prefix a header holds, in ASCII characters. */
export const MAX_PREFIX_LENGTH = 64;

/**
 * A fixed-capacity columnar table of observations in one `ArrayBuffer`:
 *
 * ```text
 * header (256 bytes) | timepoints f64[] | values f64[] | label ids u16[] | label table
 * ```
 *
 * It describes itself, so that whoever holds the bytes can turn them into CSV. A row is stored before the count that commits it.
 * Timepoints are nanoseconds of the isolate's monotonic clock, exact in a double; the header holds the epoch time of that clock's zero.
 */
export class Segment {
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
  readonly #words: Uint32Array;
  readonly #words64: BigInt64Array;
  readonly #table: LabelTable;
  #count = 0;
  // One label in a row is the common case, and comparing a string with itself is cheaper than looking it up.
  #lastLabel: string | undefined = undefined;
  #lastId = 0;

  /** Takes all of `buffer`, of at least 1 KiB; an eighth of it goes to the labels. */
  constructor(buffer: ArrayBuffer, owner: SegmentOwner) {
    const tableBytes = buffer.byteLength >> 3;
    const capacity = Math.floor((buffer.byteLength - HEADER_BYTES - tableBytes) / ROW_BYTES);
    const valuesAt = HEADER_BYTES + 8 * capacity;
    const idsAt = valuesAt + 8 * capacity;
    this.capacity = capacity;
    this.owner = owner;
    this.timepoints = new Float64Array(buffer, HEADER_BYTES, capacity);
    this.values = new Float64Array(buffer, valuesAt, capacity);
    this.labelIds = new Uint16Array(buffer, idsAt, capacity);
    this.labelBytes = new Uint8Array(buffer, idsAt + 2 * capacity);
    this.#table = new LabelTable(this.labelBytes);
    this.#words = new Uint32Array(buffer, 0, HEADER_BYTES >> 2);
    this.#words64 = new BigInt64Array(buffer, 0, HEADER_BYTES >> 3);
    this.#describe(buffer);
  }

  #describe(buffer: ArrayBuffer): void {
    const { pid, kind, isolate, prefix } = this.owner;
    const words = this.#words;
    words[Word.magic] = MAGIC;
    words[Word.version] = VERSION;
    words[Word.capacity] = this.capacity;
    words[Word.pid] = pid;
    words[Word.kind] = kind;
    const encoder = new TextEncoder();
    encoder.encodeInto(isolate, new Uint8Array(buffer, ISOLATE_AT, ISOLATE_BYTES));
    encoder.encodeInto(prefix, new Uint8Array(buffer, PREFIX_AT, MAX_PREFIX_LENGTH));
  }

  /** Committed rows. */
  get count(): number {
    return this.#count;
  }

  /** Labels in the table. */
  get labelCount(): number {
    return this.#table.count;
  }

  /** Its place in the order of the segments of its bucket, from 1. */
  get sequence(): number {
    return this.#words[Word.sequence] ?? 0;
  }

  /** Epoch time of the zero of the clock that gave the timepoints, ns. */
  get anchor(): bigint {
    return this.#words64[ANCHOR_WORD64] ?? 0n;
  }

  /** Labels cut since the segment was made; see {@linkcode LabelTable}. */
  get labelsCut(): number {
    return this.#table.cut;
  }

  /** Empties it for use under a new sequence number and anchor. */
  open(sequence: number, anchor: bigint): void {
    this.#commit(0);
    this.#table.clear();
    this.#lastLabel = undefined;
    this.#words[Word.labels] = 0;
    this.#words[Word.labelBytes] = 0;
    this.#words[Word.sequence] = sequence;
    this.#words64[ANCHOR_WORD64] = anchor;
  }

  /** Stores one row; `false` if there is no room for it or for its label, and nothing has changed. */
  add(timepoint: number, value: number, label: string): boolean {
    const row = this.#count;
    if (row === this.capacity) return false;
    const id = label === this.#lastLabel ? this.#lastId : this.#labelId(label);
    if (id === NO_ROOM) return false;
    this.timepoints[row] = timepoint;
    this.values[row] = value;
    this.labelIds[row] = id;
    this.#commit(row + 1);
    return true;
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
    this.#lastLabel = label;
    this.#lastId = id;
    return id;
  }
}
