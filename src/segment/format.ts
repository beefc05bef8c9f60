import { MAX_LABELS } from "./label_interner.ts";

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
  readonly channel: string;
  /** How its values are to be read. */
  readonly kind: ValueKind;
}

/** Bytes before the columns. */
export const SEGMENT_HEADER_BYTES = 256;

/** Bytes of a row: a timepoint, a value, a label id. */
export const ROW_BYTES = 8 + 8 + 2;

const MAGIC = 0x4f4d594b; // "KYMO", little-endian
const VERSION = 1;

/** Why the segment of another version of Kymo cannot be read. */
export const OTHER_VERSION = "it is of another version of Kymo";

/** Positions of 32-bit words in the header. */
export const Word = {
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

/** The position of the epochOffset, as a 64-bit word. */
export const EPOCH_OFFSET_WORD64 = 5;

const ISOLATE_AT = 48;
const ISOLATE_BYTES = 8;
const CHANNEL_AT = 64;

/** Where the part of the header begins that belongs to whoever flushes the segment. */
export const JOURNAL_AT = 128;

/** Bytes of that part. */
export const JOURNAL_BYTES = 128;

/** The longest channel a header holds, in ASCII characters. */
export const MAX_CHANNEL_NAME_LENGTH = 64;

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const ISOLATE = /^[0-9a-f]{8}$/;

/** Rows that fit in the largest segment there may be, one of 1 GiB. */
const MAX_CAPACITY = Math.floor(2 ** 30 / ROW_BYTES);

/** Whether something may begin a file name, and so be the name of a channel. */
export function isChannelName(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CHANNEL_NAME_LENGTH && CHANNEL_NAME.test(value);
}

/** Where the columns and the label table of a segment with room for `capacity` rows begin. */
export function columnsOf(
  capacity: number,
): { readonly values: number; readonly ids: number; readonly labels: number } {
  const values = SEGMENT_HEADER_BYTES + 8 * capacity;
  const ids = values + 8 * capacity;
  return { values, ids, labels: ids + 2 * capacity };
}

/** Writes the part of a header that never changes. */
export function writeHeader(buffer: ArrayBuffer, owner: SegmentOwner, capacity: number): void {
  const words = new Uint32Array(buffer, 0, SEGMENT_HEADER_BYTES >> 2);
  words[Word.magic] = MAGIC;
  words[Word.version] = VERSION;
  words[Word.capacity] = capacity;
  words[Word.pid] = owner.pid;
  words[Word.kind] = owner.kind;
  const encoder = new TextEncoder();
  encoder.encodeInto(owner.isolate, new Uint8Array(buffer, ISOLATE_AT, ISOLATE_BYTES));
  encoder.encodeInto(owner.channel, new Uint8Array(buffer, CHANNEL_AT, MAX_CHANNEL_NAME_LENGTH));
}

/** What a header says. */
export interface SegmentHeader {
  /** Who filled the segment. */
  readonly owner: SegmentOwner;
  /** Rows there is room for. */
  readonly capacity: number;
  /** Committed rows. */
  readonly count: number;
  /** Labels in the table. */
  readonly labels: number;
  /** Bytes of the table in use. */
  readonly labelBytes: number;
  /** Its place in the order of the segments of its channel, from 1; 0 if it is not in use. */
  readonly sequence: number;
  /** Epoch time of the zero of the clock, ns. */
  readonly epochOffset: bigint;
  /** The part that belongs to whoever flushes it. */
  readonly journal: Uint8Array;
}

/** Reads the header of a segment that anyone may have written; a text says why it is none. The bytes are copied. */
export function readHeader(bytes: Uint8Array): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return "it is shorter than a header";
  const buffer = bytes.slice(0, SEGMENT_HEADER_BYTES).buffer;
  const words = new Uint32Array(buffer);
  const word = (at: number): number => words[at] ?? 0;
  if (word(Word.magic) !== MAGIC) return "it does not begin as a segment does";
  if (word(Word.version) !== VERSION) return OTHER_VERSION;
  const isolate = ascii(buffer, ISOLATE_AT, ISOLATE_BYTES);
  const channel = ascii(buffer, CHANNEL_AT, MAX_CHANNEL_NAME_LENGTH).replace(/\0+$/, "");
  const [capacity, count, kind] = [word(Word.capacity), word(Word.count), word(Word.kind)];
  if (!ISOLATE.test(isolate) || !isChannelName(channel)) return "it does not say whose it is";
  if (kind !== 0 && kind !== 1) return `it holds values of an unknown kind, ${kind}`;
  if (capacity > MAX_CAPACITY || count > capacity) return `it has ${count} rows in room for ${capacity}`;
  return {
    owner: { pid: word(Word.pid), isolate, channel, kind },
    capacity,
    count,
    labels: Math.min(word(Word.labels), MAX_LABELS),
    labelBytes: word(Word.labelBytes),
    sequence: word(Word.sequence),
    epochOffset: new BigInt64Array(buffer)[EPOCH_OFFSET_WORD64] ?? 0n,
    journal: new Uint8Array(buffer, JOURNAL_AT, JOURNAL_BYTES),
  };
}

function ascii(buffer: ArrayBuffer, at: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(buffer, at, length));
}
