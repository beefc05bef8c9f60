import { KymoError } from "../errors.ts";
import { ValueKind } from "../series.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { Byte, HEADER } from "./dialect.ts";
import { Endings } from "./endings.ts";
import { OVERHANG, putAscii, putInteger, putNineDigits, putWords } from "./put.ts";
import { Second } from "./second.ts";

const NANOSECONDS = 1_000_000_000;

/** Most bytes that a timepoint, a measurement and their commas take: 20 + 1 + 25 + 1. */
const MAX_NUMBERS_BYTES = 48;

/**
 * Bytes of a slice; more than the longest row, whose label may double in size when it is quoted. Whoever finishes what another program began
 * to append compares one slice with the file: with smaller slices than that program had, the rest would be there twice.
 */
const SLICE_BYTES = 128 * 1024;

/** The first line of a file. */
export const HEADER_BYTES: Uint8Array = new TextEncoder().encode(HEADER);

/**
 * Turns the rows of a segment into CSV, a slice at a time, in one buffer that is used again for each slice.
 *
 * A row begins with the second of its timepoint, which is that of the row before it as a rule, and ends in one of few ways (`label,PID` and
 * CRLF). Both are prepared and then copied; what is left for each row are the nanoseconds and the value.
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
   * Encodes the rows from `first` on, as many as fit in a slice and at least one, without the header. The bytes are valid until the next
   * call; `next` is the row after the last one encoded.
   *
   * @throws {KymoError} if a row has a label that is not in the table.
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
      if (!second.includes(timepoint)) second.moveTo(timepoint);
      at = putWords(out, at, second.words, 0, second.length);
      at = putNineDigits(out, at, timepoint - second.start);
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

/** Whole nanoseconds as seconds with nine decimals, and a comma. */
function putDuration(out: DataView, at: number, nanoseconds: number): number {
  const seconds = nanoseconds < NANOSECONDS ? 0 : Math.floor(nanoseconds / NANOSECONDS);
  const dot = putInteger(out, at, seconds);
  out.setUint8(dot, Byte.dot);
  return putNineDigits(out, dot + 1, nanoseconds - seconds * NANOSECONDS);
}

/** The shortest text that reads back as the same double (ECMA-262 Number::toString), and `-0`; and a comma. */
function putNumber(out: DataView, at: number, value: number): number {
  const text = Object.is(value, -0) ? "-0" : String(value);
  const end = putAscii(out, at, text);
  out.setUint8(end, Byte.comma);
  return end + 1;
}

/** The whole of a segment as the text of a CSV file, header included: for tests, and for those who keep their own files. */
export function encodeSegment(segment: SegmentContent): string {
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
