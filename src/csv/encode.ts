import type { SegmentContent } from "../segment/segment.ts";
import { KymoError } from "../errors.ts";
import { NANOSECONDS_PER_SECOND, ValueKind } from "../series.ts";
import { labelSpans } from "../segment/format.ts";
import { Byte, HEADER, needsQuotes } from "./dialect.ts";
import { OVERHANG, putAscii, putInteger, putNineDigits, putWords } from "./digits.ts";
import { asciiBytes } from "../text_coders.ts";

/** A second in nanoseconds, as a number and as a bigint. */
const NANOSECONDS = NANOSECONDS_PER_SECOND;
const BILLION = BigInt(NANOSECONDS_PER_SECOND);

/** Most bytes of a timepoint, a measurement and their commas: 20 + 1 + 25 + 1. */
const MAX_NUMBERS_BYTES = 48;

/** Most bytes of `,PID` and CRLF. */
const MAX_PID_BYTES = 16;

/**
 * Bytes of a slice: more than the longest row, whose label may double in size when it is quoted.
 * Recovery compares one slice with what a program that died had begun to append, so a later version
 * must not make slices smaller: rows would be there twice.
 */
const SLICE_BYTES = 128 * 1024;

/** The first line of a file. */
export const HEADER_BYTES: Uint8Array = asciiBytes(HEADER);

/**
 * Encodes the rows of a segment as CSV, a slice at a time, always in the same buffer.
 *
 * A row begins with the second of its timepoint, which mostly is that of the row before, and ends
 * in one of few ways (`label,PID` and CRLF). Both are prepared once and then copied; only the
 * nanoseconds and the value are computed for each row.
 */
export class CsvEncoder {
  readonly #bytes = new Uint8Array(SLICE_BYTES);
  readonly #out = new DataView(this.#bytes.buffer);
  #segment: SegmentContent | undefined;
  #sequence = 0;
  #labelCount = 0;
  #second = new Second(0n);
  readonly #endings = new Endings();

  /**
   * Encodes the rows from `first` on, as many as fit in a slice and at least one, without the
   * header. The bytes are valid until the next call; `next` is the row after the last one encoded.
   *
   * @throws {KymoError} `"invalid-argument"` if the label of a row is not in the label table.
   */
  encode(segment: SegmentContent, first: number): { readonly bytes: Uint8Array; readonly next: number } {
    const isKnown = segment === this.#segment && segment.sequence === this.#sequence &&
      segment.labelCount === this.#labelCount;
    if (!isKnown) this.#prepare(segment);
    const { count, timepoints, values, labelIds } = segment;
    const isDuration = segment.owner.kind === ValueKind.duration;
    const out = this.#out;
    const second = this.#second;
    const { words, starts, lengths } = this.#endings;
    let at = 0;
    let row = first;
    for (; row < count; row++) {
      const id = labelIds[row]!;
      const ending = lengths[id];
      if (ending === undefined) {
        throw new KymoError("invalid-argument", `Cannot encode the segment: row ${row} has an unknown label: ${id}`);
      }
      if (at + MAX_NUMBERS_BYTES + ending + OVERHANG > SLICE_BYTES) break;

      const timepoint = timepoints[row]!;
      let nanoseconds = timepoint - second.start;
      if (!(nanoseconds >= 0 && nanoseconds < NANOSECONDS)) nanoseconds = second.moveTo(timepoint);
      at = putWords(out, at, second.words, 0, second.length);
      at = putNineDigits(out, at, nanoseconds);
      at = isDuration ? putDuration(out, at, values[row]!) : putNumber(out, at, values[row]!);
      at = putWords(out, at, words, starts[id]!, ending);
    }
    return { bytes: this.#bytes.subarray(0, at), next: row };
  }

  #prepare(segment: SegmentContent): void {
    this.#segment = segment;
    this.#sequence = segment.sequence;
    this.#labelCount = segment.labelCount;
    this.#second = new Second(segment.epochOffset);
    this.#endings.prepare(segment);
  }
}

/**
 * Timepoints up to this, ns, are exact, and so is the beginning of their second; larger ones are
 * computed with BigInts.
 */
const EXACT = Number.MAX_SAFE_INTEGER - 2 * NANOSECONDS;

/**
 * The second of the epoch in which the timepoint of a row lies: its digits, and when it began. Rows
 * in the same second need neither a division nor a BigInt.
 */
class Second {
  /** Digits of the seconds since 1970, for `putWords`. */
  readonly words: Int32Array = new Int32Array(4);
  /** Number of digits. */
  length = 0;
  /** When it began, in ns of the segment's clock. May be negative; NaN if no double holds it. */
  start = NaN;
  readonly #epochOffset: bigint;
  // The epoch offset in two parts that can be added to a timepoint without a BigInt.
  readonly #offsetSeconds: number;
  readonly #offsetNanoseconds: number;

  /** No second yet, of a clock whose zero is `epochOffset` ns after 1970. */
  constructor(epochOffset: bigint) {
    this.#epochOffset = epochOffset;
    // Rounded down: the offset is negative if the clock of the machine is, or was at its start,
    // before 1970.
    this.#offsetNanoseconds = Number((epochOffset % BILLION + BILLION) % BILLION);
    this.#offsetSeconds = Number((epochOffset - BigInt(this.#offsetNanoseconds)) / BILLION);
  }

  /**
   * Becomes the second that contains a timepoint of the segment, which must not be before 1970.
   * Returns the nanoseconds from its beginning to the timepoint.
   */
  moveTo(timepoint: number): number {
    if (Math.abs(timepoint) > EXACT) return this.#moveFar(timepoint);
    const seconds = Math.floor(timepoint / NANOSECONDS);
    const nanoseconds = timepoint - seconds * NANOSECONDS + this.#offsetNanoseconds;
    const carry = nanoseconds >= NANOSECONDS ? 1 : 0;
    this.start = (seconds + carry) * NANOSECONDS - this.#offsetNanoseconds;
    this.#setDigits(String(seconds + carry + this.#offsetSeconds));
    return timepoint - this.start;
  }

  #moveFar(timepoint: number): number {
    const time = this.#epochOffset + BigInt(timepoint);
    this.start = NaN;
    this.#setDigits(String(time / BILLION));
    return Number(time % BILLION);
  }

  #setDigits(digits: string): void {
    this.length = putAscii(new DataView(this.words.buffer), 0, digits);
  }
}

/**
 * How the rows of a segment end, by the id of their label: `label,PID` and CRLF, ready for
 * `putWords`.
 */
class Endings {
  /** The word at which each begins. */
  readonly starts: number[] = [];
  /** Bytes of each. */
  readonly lengths: number[] = [];
  /** All of them, one after the other. */
  words = new Int32Array(256);

  /** Prepares those of another segment. */
  prepare({ labelBytes, labelCount, owner }: SegmentContent): void {
    this.starts.length = this.lengths.length = 0;
    const pid = `,${owner.pid}\r\n`;
    let start = 0;
    for (const [from, to] of labelSpans(labelBytes, labelCount)) {
      const out = this.#reserve(4 * start + 2 * (to - from) + 2 + MAX_PID_BYTES);
      const at = putField(out, 4 * start, labelBytes.subarray(from, to));
      const end = putAscii(out, at, pid);
      this.starts.push(start);
      this.lengths.push(end - 4 * start);
      start = (end + 3) >> 2;
    }
  }

  #reserve(bytes: number): DataView {
    if (bytes > this.words.byteLength) {
      const larger = new Int32Array(Math.ceil(bytes / 2));
      larger.set(this.words);
      this.words = larger;
    }
    return new DataView(this.words.buffer);
  }
}

/** Puts a field of UTF-8, in quotes if it needs them; returns its end. */
function putField(out: DataView, at: number, bytes: Uint8Array): number {
  if (!needsQuotes(bytes)) {
    for (const byte of bytes) out.setUint8(at++, byte);
    return at;
  }
  out.setUint8(at++, Byte.quote);
  for (const byte of bytes) {
    if (byte === Byte.quote) out.setUint8(at++, Byte.quote);
    out.setUint8(at++, byte);
  }
  out.setUint8(at++, Byte.quote);
  return at;
}

/** Puts integer nanoseconds as seconds with nine decimals, and a comma; returns the end. */
function putDuration(out: DataView, at: number, nanoseconds: number): number {
  const seconds = nanoseconds < NANOSECONDS ? 0 : Math.floor(nanoseconds / NANOSECONDS);
  const dot = putInteger(out, at, seconds);
  out.setUint8(dot, Byte.dot);
  return putNineDigits(out, dot + 1, nanoseconds - seconds * NANOSECONDS);
}

/**
 * Puts the shortest text that reads back as the same double (ECMA-262 Number::toString; and `-0`),
 * and a comma; returns the end.
 */
function putNumber(out: DataView, at: number, value: number): number {
  const text = Object.is(value, -0) ? "-0" : String(value);
  const end = putAscii(out, at, text);
  out.setUint8(end, Byte.comma);
  return end + 1;
}

/**
 * Encodes a whole segment as the text of a CSV file with its header, for programs that keep files
 * of their own.
 */
export function encode(segment: SegmentContent): string {
  const encoder = new CsvEncoder();
  const decoder = new TextDecoder();
  let text = HEADER;
  for (let row = 0; row < segment.count;) {
    const { bytes, next } = encoder.encode(segment, row);
    // A slice holds whole rows, hence whole characters.
    text += decoder.decode(bytes);
    row = next;
  }
  return text;
}
