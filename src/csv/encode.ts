import { labelSpans } from "../observation/label_table.ts";
import { type SegmentContent, ValueKind } from "../observation/segment.ts";
import { Byte, HEADER, needsQuotes } from "./dialect.ts";
import { putAscii, putInteger, putNineDigits } from "./digits.ts";

const NANOSECONDS = 1_000_000_000;
const BILLION = 1_000_000_000n;

/** Most bytes that a timepoint, a measurement and their commas take: 20 + 1 + 25 + 1. */
const MAX_NUMBERS_BYTES = 48;

/** Bytes of a slice; more than the longest row, whose label may double in size when it is quoted. */
const SLICE_BYTES = 64 * 1024;

/** `,PID` and CRLF after a label, at most. */
const MAX_PID_BYTES = 16;

/** The first line of a file. */
export const HEADER_BYTES: Uint8Array = new TextEncoder().encode(HEADER);

/**
 * Turns the rows of a segment into CSV, a slice at a time, in one buffer that is used again for each slice.
 *
 * A row ends in one of few ways (`,label,PID`, CRLF), so each label's ending is prepared once per segment; the seconds of the timepoint
 * rarely change from one row to the next and are copied.
 */
export class CsvEncoder {
  readonly #out = new Uint8Array(SLICE_BYTES);
  #segment: SegmentContent | undefined;
  #sequence = 0;
  #endings = new Uint8Array(1024);
  #endingStarts: number[] = [];
  // The epoch time of the clock's zero, split so that it can be added to a timepoint without a BigInt.
  #anchorSeconds = 0;
  #anchorNanoseconds = 0;

  /**
   * Encodes the rows from `first` on, as many as fit in a slice and at least one, without the header. The bytes are valid until the next
   * call; `next` is the row after the last one encoded.
   */
  encode(segment: SegmentContent, first: number): { readonly bytes: Uint8Array; readonly next: number } {
    if (segment !== this.#segment || segment.sequence !== this.#sequence) this.#prepare(segment);
    const { count, timepoints, values, labelIds } = segment;
    const out = this.#out;
    const putValue = segment.owner.kind === ValueKind.duration ? putDuration : putNumber;
    let at = 0;
    let row = first;
    let secondsBefore = -1;
    let secondsAt = 0;
    let secondsEnd = 0;
    for (; row < count; row++) {
      const label = labelIds[row]!;
      const ending = this.#endingStarts[label]!;
      const endingEnd = this.#endingStarts[label + 1]!;
      if (at + MAX_NUMBERS_BYTES + endingEnd - ending > out.length) break;

      const timepoint = timepoints[row]!;
      let seconds = Math.floor(timepoint / NANOSECONDS);
      let nanoseconds = timepoint - seconds * NANOSECONDS + this.#anchorNanoseconds;
      seconds += this.#anchorSeconds;
      if (nanoseconds >= NANOSECONDS) {
        nanoseconds -= NANOSECONDS;
        seconds++;
      }
      const start = at;
      if (seconds === secondsBefore) {
        for (let i = secondsAt; i < secondsEnd; i++) out[at++] = out[i]!;
      } else {
        at = putInteger(out, at, seconds);
        secondsBefore = seconds;
      }
      secondsAt = start;
      secondsEnd = at;
      at = putNineDigits(out, at, nanoseconds);
      out[at++] = Byte.comma;
      at = putValue(out, at, values[row]!);
      for (let i = ending; i < endingEnd; i++) out[at++] = this.#endings[i]!;
    }
    return { bytes: out.subarray(0, at), next: row };
  }

  #prepare(segment: SegmentContent): void {
    this.#segment = segment;
    this.#sequence = segment.sequence;
    // Rounded down: the anchor lies before 1970 if the clock of the machine does, or did when it was started.
    this.#anchorNanoseconds = Number((segment.anchor % BILLION + BILLION) % BILLION);
    this.#anchorSeconds = Number((segment.anchor - BigInt(this.#anchorNanoseconds)) / BILLION);

    const labels = segment.labelBytes;
    const pid = `,${segment.owner.pid}\r\n`;
    const spans = labelSpans(labels, segment.labelCount);
    const starts: number[] = [0];
    let at = 0;
    for (const [start, end] of spans) {
      this.#reserve(at + 2 * (end - start) + 3 + MAX_PID_BYTES);
      const endings = this.#endings;
      endings[at++] = Byte.comma;
      at = putField(endings, at, labels, start, end);
      at = putAscii(endings, at, pid);
      starts.push(at);
    }
    this.#endingStarts = starts;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#endings.length) return;
    const larger = new Uint8Array(2 * bytes);
    larger.set(this.#endings);
    this.#endings = larger;
  }
}

/** Whole nanoseconds as seconds with nine decimals. */
function putDuration(out: Uint8Array, at: number, nanoseconds: number): number {
  const seconds = Math.floor(nanoseconds / NANOSECONDS);
  at = putInteger(out, at, seconds);
  out[at++] = Byte.dot;
  return putNineDigits(out, at, nanoseconds - seconds * NANOSECONDS);
}

/** The shortest text that reads back as the same double (ECMA-262 Number::toString), and `-0`. */
function putNumber(out: Uint8Array, at: number, value: number): number {
  if (value === 0 && 1 / value < 0) out[at++] = Byte.minus;
  return putAscii(out, at, String(value));
}

/** A field of UTF-8, in quotes if it needs them. */
function putField(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (!needsQuotes(bytes, start, end)) {
    out.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  out[at++] = Byte.quote;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === Byte.quote) out[at++] = Byte.quote;
    out[at++] = byte;
  }
  out[at++] = Byte.quote;
  return at;
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
