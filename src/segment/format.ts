/**
 * The format of a segment, version 1.
 *
 * A segment is one block of bytes, the same on the heap and in a mapped file. It describes itself:
 * its header says who filled it and how much of it is in use, so whoever holds the bytes can write
 * its rows as CSV. All numbers are little-endian.
 *
 * ```text
 * header, 256 bytes | timepoints f64[n] | values f64[n] | label ids u16[n] | label table
 * ```
 *
 * | byte     | type      | content                                                                |
 * | -------- | --------- | ---------------------------------------------------------------------- |
 * | 0        | u32       | magic number: the letters `KYMO`                                       |
 * | 4        | u32       | version of the format: 1                                               |
 * | 8        | u32       | capacity *n*: rows that fit                                            |
 * | 12       | u32       | count: committed rows                                                  |
 * | 16       | u32       | labels in the label table                                              |
 * | 20       | u32       | bytes of the label table in use                                        |
 * | 24       | u32       | PID                                                                    |
 * | 28       | u32       | sequence: number of the segment in its channel, from 1; 0 while unused |
 * | 32       | u32       | kind of the values: 0 doubles, 1 durations in whole nanoseconds        |
 * | 40       | i64       | epoch offset: the epoch time of the clock's zero, ns                   |
 * | 48       | 8 bytes   | isolate: eight hexadecimal digits                                      |
 * | 56       | i64       | when its writer began to fill it, ns since the epoch; 0 while unused   |
 * | 64       | 64 bytes  | channel name in ASCII, padded with zeros                               |
 * | 128      | 128 bytes | flush journal; its layout is described in `files/flush_journal.ts`     |
 * | 256      | f64 × *n* | timepoints: readings of the isolate's monotonic clock, ns              |
 * | 256+8*n* | f64 × *n* | values                                                                 |
 * | …+8*n*   | u16 × *n* | label ids                                                              |
 * | …+2*n*   | the rest  | label table, 1/8 of all bytes: for each label a u32 length, then UTF-8 |
 *
 * Timepoints count from a recent zero, so that a double holds them exactly (for 104 days; to the
 * nearest 256 ns after that). Adding the epoch offset gives the epoch time. The offset is measured
 * anew for each segment, and the segment is sealed when the wall clock is set meanwhile.
 *
 * Rows are in the order in which they were recorded. In the channel of durations that is the order
 * of their timepoints. In others a program may give a timepoint of its own, which may be negative:
 * before the zero. No row has the timepoint 0.
 *
 * **What is valid.** The writer is one isolate and takes no lock for a row. It stores a row before
 * the count that commits it, and a label before the first row that uses it. To reuse a segment it
 * sets the count to 0 first, then changes the rest. So at any moment rows `0` to `count - 1` are
 * whole and belong to the sequence in the header, as long as the writer does not reuse the segment
 * while somebody reads; how a reader notices that is described in `reader.ts`.
 *
 * After a crash of the whole machine any page may be missing, and then reads as zeros. A reader
 * therefore trusts nothing: it checks each row, and stops at the first that no writer can have
 * stored.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import type { ValueKind } from "../series.ts";

/** Who fills a segment. With the columns, this is all that CSV rows and file names need. */
export interface SegmentOwner {
  /** Process that samples. */
  readonly pid: number;
  /** Id of the isolate: eight hexadecimal digits, random for each recording. */
  readonly isolate: string;
  /** Channel name, which begins the names of its files. */
  readonly channel: string;
  /** How its values are encoded. */
  readonly kind: ValueKind;
}

/** Bytes before the columns. */
export const SEGMENT_HEADER_BYTES = 256;

/** Bytes of a row: a timepoint, a value, a label id. */
export const ROW_BYTES = 8 + 8 + 2;

const MAGIC = 0x4f4d594b; // "KYMO", little-endian
const VERSION = 1;

/** Indexes of the 32-bit words in the header. */
export const HeaderWord = {
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

/** Index of the epoch offset, as a 64-bit word. */
export const EPOCH_OFFSET_WORD64 = 5;

/** Index of the time when the writer began to fill the segment, as a 64-bit word. */
export const OPENED_WORD64 = 7;

const ISOLATE_AT = 48;
const ISOLATE_BYTES = 8;
const CHANNEL_AT = 64;

/** Byte where the flush journal begins. */
export const JOURNAL_AT = 128;

/** Bytes of the flush journal. */
export const JOURNAL_BYTES = 128;

/** Most characters of a channel name. */
export const MAX_CHANNEL_NAME_LENGTH = 64;

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const ISOLATE = /^[0-9a-f]{8}$/;

/** Rows of the largest segment, which has 1 GiB. */
const MAX_CAPACITY = Math.floor(2 ** 30 / ROW_BYTES);

/** Most labels of a segment: ids have 16 bits. */
export const MAX_LABELS = 65_535;

/** Bytes of UTF-8 of the longest label, in a table that has room for it. */
export const MAX_LABEL_BYTES = 16_384;

/** Bytes before each label in the label table: its length as an unsigned 32-bit integer. */
export const LABEL_LENGTH_BYTES = 4;

/**
 * Whether a value is a valid channel name: 1 to 64 ASCII letters, digits, `_` and `-`, beginning
 * with a letter or digit. Channel names begin file names, so none leads out of the monitoring
 * directory or hides a file in it.
 */
export function isChannelName(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CHANNEL_NAME_LENGTH && CHANNEL_NAME.test(value);
}

/**
 * Byte positions of the columns after the timepoints, and of the label table, in a segment of
 * `capacity` rows.
 */
export function columnsOf(
  capacity: number,
): { readonly values: number; readonly ids: number; readonly labels: number } {
  const values = SEGMENT_HEADER_BYTES + 8 * capacity;
  const ids = values + 8 * capacity;
  return { values, ids, labels: ids + 2 * capacity };
}

/**
 * Positions of the first `count` labels in the bytes of a label table, up to the first that lies
 * outside it.
 */
export function labelSpans(table: Uint8Array, count: number): [start: number, end: number][] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const spans: [number, number][] = [];
  let at = 0;
  while (spans.length < count && at + LABEL_LENGTH_BYTES <= table.length) {
    const start = at + LABEL_LENGTH_BYTES;
    at = start + view.getUint32(at, true);
    if (at > table.length) break;
    spans.push([start, at]);
  }
  return spans;
}

/** Writes the part of a header that never changes. */
export function writeHeader(buffer: ArrayBuffer, owner: SegmentOwner, capacity: number): void {
  const words = new Uint32Array(buffer, 0, SEGMENT_HEADER_BYTES >> 2);
  words[HeaderWord.magic] = MAGIC;
  words[HeaderWord.version] = VERSION;
  words[HeaderWord.capacity] = capacity;
  words[HeaderWord.pid] = owner.pid;
  words[HeaderWord.kind] = owner.kind;
  const encoder = new TextEncoder();
  encoder.encodeInto(owner.isolate, new Uint8Array(buffer, ISOLATE_AT, ISOLATE_BYTES));
  encoder.encodeInto(owner.channel, new Uint8Array(buffer, CHANNEL_AT, MAX_CHANNEL_NAME_LENGTH));
}

/** Content of a header. */
export interface SegmentHeader {
  /** Who filled the segment. */
  readonly owner: SegmentOwner;
  /** Rows that fit. */
  readonly capacity: number;
  /** Committed rows. */
  readonly count: number;
  /** Labels in the table. */
  readonly labels: number;
  /** Bytes of the table in use. */
  readonly labelBytes: number;
  /** Number of the segment in its channel, from 1; 0 while it is not in use. */
  readonly sequence: number;
  /** Epoch time of the clock's zero, ns. */
  readonly epochOffset: bigint;
  /** When its writer began to fill it, ns since the epoch; 0 while it is not in use. */
  readonly opened: bigint;
  /** The flush journal, 128 bytes. */
  readonly journal: Uint8Array;
}

/** Why bytes cannot be read as a segment. */
export type SegmentFault =
  /** There are no bytes: the power failed before any of them was on the disk. */
  | "empty"
  /** Fewer bytes than a header. */
  | "too-short"
  /** Not a segment. */
  | "bad-magic"
  /** A segment of another version of Kymo. */
  | "other-version"
  /** Its header has values that no writer stores. */
  | "damaged"
  /** It is refilled faster than it can be read. */
  | "unstable";

/** Reads a header that anyone may have written. The bytes are copied. */
export function readHeader(bytes: Uint8Array): Result<SegmentHeader, SegmentFault> {
  if (bytes.length === 0) return failure("empty", "empty file");
  if (bytes.length < SEGMENT_HEADER_BYTES) return failure("too-short", "shorter than a header");
  const buffer = bytes.slice(0, SEGMENT_HEADER_BYTES).buffer;
  const words = new Uint32Array(buffer);
  const words64 = new BigInt64Array(buffer);
  const word = (at: number): number => words[at] ?? 0;
  if (word(HeaderWord.magic) !== MAGIC) return failure("bad-magic", "bad magic number");
  const version = word(HeaderWord.version);
  if (version !== VERSION) {
    return failure("other-version", `made by another version of Kymo: format ${version}, not ${VERSION}`);
  }
  const isolate = ascii(buffer, ISOLATE_AT, ISOLATE_BYTES);
  const channel = ascii(buffer, CHANNEL_AT, MAX_CHANNEL_NAME_LENGTH).replace(/\0+$/, "");
  const [capacity, count, kind] = [word(HeaderWord.capacity), word(HeaderWord.count), word(HeaderWord.kind)];
  if (!ISOLATE.test(isolate) || !isChannelName(channel)) return failure("damaged", "no owner in its header");
  if (kind !== 0 && kind !== 1) return failure("damaged", `unknown kind of values: ${kind}`);
  if (capacity > MAX_CAPACITY) return failure("damaged", `capacity over ${MAX_CAPACITY} rows: ${capacity}`);
  if (count > capacity) return failure("damaged", `more rows than its capacity of ${capacity}: ${count}`);
  return success({
    owner: { pid: word(HeaderWord.pid), isolate, channel, kind },
    capacity,
    count,
    labels: Math.min(word(HeaderWord.labels), MAX_LABELS),
    labelBytes: word(HeaderWord.labelBytes),
    sequence: word(HeaderWord.sequence),
    epochOffset: words64[EPOCH_OFFSET_WORD64] ?? 0n,
    opened: words64[OPENED_WORD64] ?? 0n,
    journal: new Uint8Array(buffer, JOURNAL_AT, JOURNAL_BYTES),
  });
}

function ascii(buffer: ArrayBuffer, at: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(buffer, at, length));
}
