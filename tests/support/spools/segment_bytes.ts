import { CsvEncoder } from "../../../src/csv/encode.ts";
import { parse } from "../../../src/csv/parse.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { columnsOf, labelSpans, SEGMENT_HEADER_BYTES, type SegmentFault } from "../../../src/segment/format.ts";
import type { Result } from "../../../src/result.ts";
import { ValueKind } from "../../../src/series.ts";
import { Segment, type SegmentContent } from "../../../src/segment/segment.ts";
import { type FoundSegment, type ReadBytes, readSegment } from "../../../src/segment/reader.ts";
import { pick, type Random } from "../random.ts";
import { EPOCH, OWNER } from "../segments.ts";

/** Bytes of the segments here: the minimum. */
export const SEGMENT_BYTES = 1024;

/** Labels that fit in such a segment. */
const LABELS = ["a", 'b, "c"', "two\r\nlines", "", "Ω😀", "z"] as const;

/** The bytes of a segment with `rows` rows of a kind. */
export function segmentBytes(kind: ValueKind, rows = 30): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(SEGMENT_BYTES);
  const segment = new Segment(buffer, { ...OWNER, kind });
  segment.open(7, EPOCH);
  for (let row = 0; row < rows; row++) {
    const value = kind === ValueKind.duration ? row * 1_000 : row / 3;
    // Every label is used several times, and later ones first appear in later rows.
    if (segment.add(LABELS[Math.min(row % LABELS.length, row >> 2)]!, value, 1_000 + row) < 0) {
      throw new Error("no room");
    }
  }
  return new Uint8Array(buffer);
}

/** Reads from an array. */
export function readingFrom(bytes: Uint8Array): ReadBytes {
  return (into, at) => {
    const part = bytes.subarray(Math.min(at, bytes.length), Math.min(bytes.length, at + into.length));
    into.set(part);
    return part.length;
  };
}

const encoder = new CsvEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The rows as CSV, without header. */
export function rowsOf(segment: SegmentContent): string {
  return utf8.decode(encoder.encode(segment, 0).bytes);
}

/** Throws unless a result of reading `bytes` is consistent, whatever bytes those are. */
export function checkFound(found: Result<FoundSegment, SegmentFault>, bytes: Uint8Array, thoroughly = true): void {
  if (!found.ok) return must(found.kind.length > 3 && found.reason.length > 9, found.reason);
  const { segment, damaged } = found.value;
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  must(damaged >= 0 && segment.count + damaged === claimed, `${segment.count} + ${damaged} of ${claimed}`);
  const { timepoints, values, labelIds, labelBytes, journal } = segment;
  const columns = [timepoints, values, labelIds, labelBytes, journal];
  const held = columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
  must(held <= bytes.length, `${held} bytes of ${bytes.length}`);
  const spans = labelSpans(labelBytes, segment.labelCount);
  must(spans.length === segment.labelCount, `${segment.labelCount} labels of ${spans.length}`);
  for (const [start, end] of spans) must(!utf8.decode(labelBytes.subarray(start, end)).includes("\0"), "NUL");
  if (segment.count === 0) return;
  const { next } = encoder.encode(segment, 0);
  must(next === segment.count, `${next} rows are encoded of ${segment.count}`);
  if (thoroughly) must(parse(HEADER + rowsOf(segment)).length === segment.count, "other rows");
}

/**
 * The first row that a change of the byte `at` of {@linkcode segmentBytes} can affect; -1 for bytes
 * of the header.
 */
export function rowAffected(original: SegmentContent, capacity: number, at: number): number {
  if (at < SEGMENT_HEADER_BYTES) return -1;
  const { values, ids, labels } = columnsOf(capacity);
  if (at < values) return (at - SEGMENT_HEADER_BYTES) >> 3;
  if (at < ids) return (at - values) >> 3;
  if (at < labels) return (at - ids) >> 1;
  const label = labelSpans(original.labelBytes, original.labelCount).findIndex(([, end]) => at < labels + end);
  const row = original.labelIds.subarray(0, original.count).findIndex((id) => id >= label);
  return label === -1 || row === -1 ? original.count : row;
}

/** Reads bytes as a segment. */
export function found(bytes: Uint8Array): Result<FoundSegment, SegmentFault> {
  return readSegment(readingFrom(bytes), bytes.length);
}

const WORDS = [0, 1, 2, 34, 35, 36, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

/** Changes some bytes, and returns the lowest position of a change. */
export function mutate(random: Random, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let least = bytes.length;
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(random(3) === 0 ? SEGMENT_HEADER_BYTES : bytes.length);
    const word = Math.min(at & ~3, bytes.length - 4);
    switch (random(4)) {
      case 0:
        bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        view.setUint32(word, pick(random, WORDS), true);
        break;
      default:
        view.setUint32(word, random(2 ** 32), true);
    }
    least = Math.min(least, word);
  }
  return least;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
