import {
  columnsOf,
  labelSpans,
  MAX_LABEL_BYTES,
  readHeader,
  ROW_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "./format.ts";
import { ValueKind } from "../series.ts";

import type { SegmentContent } from "./segment.ts";

/** Reads into all of `into` from byte `at` on, and returns how many bytes there were. */
export type ReadBytes = (into: Uint8Array, at: number) => number;

/** What was found in the bytes of a segment. */
export interface FoundSegment {
  /** The rows that are whole, from `first` on. */
  readonly segment: SegmentContent;
  /** How many rows were left out before those. */
  readonly first: number;
  /** Committed rows that are not whole, or stand behind one that is not. */
  readonly damaged: number;
}

/** How often a segment is read that is filled anew meanwhile. */
const MAX_READINGS = 100;

/**
 * Reads a segment that anyone may have written, and that its owner may be filling at this moment: a consistent prefix of its rows, and those up
 * to the first that is damaged; or a text that says why it cannot be read. Nothing in it is trusted, and no more memory is taken than `size`,
 * the number of its bytes.
 *
 * Who has read some rows of the segment of a `sequence` already says with `firstOf` how many, and they are left out.
 */
export function readSegment(
  read: ReadBytes,
  size: number,
  firstOf: (sequence: number) => number = () => 0,
): FoundSegment | string {
  for (let i = 0; i < MAX_READINGS; i++) {
    const header = readHeaderWith(read);
    if (typeof header === "string") return header;
    // Its words may be of two moments. If they are, those of a later one tell.
    const again = readHeaderWith(read);
    if (typeof again === "string" || !continues(again, header)) continue;
    const found = readRows(read, size, header, Math.min(firstOf(header.sequence), header.count));
    if (found !== undefined) return found;
  }
  return "it is filled anew faster than it can be read";
}

function readHeaderWith(read: ReadBytes): SegmentHeader | string {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  return readHeader(bytes.subarray(0, read(bytes, 0)));
}

/** Reads the rows that `header` tells of, from `first` on; `undefined` if they were not those of one segment. */
function readRows(read: ReadBytes, size: number, header: SegmentHeader, first: number): FoundSegment | undefined {
  const { capacity } = header;
  const count = header.count - first;
  const at = columnsOf(capacity);
  const inFile = SEGMENT_HEADER_BYTES + capacity * ROW_BYTES <= size ? count : 0;
  const timepoints = new Float64Array(inFile);
  const values = new Float64Array(inFile);
  const labelIds = new Uint16Array(inFile);
  read(bytesOf(timepoints), SEGMENT_HEADER_BYTES + 8 * first);
  read(bytesOf(values), at.values + 8 * first);
  read(bytesOf(labelIds), at.ids + 2 * first);
  // Labels are stored before the first row that has them, so those of a later header are enough for the rows of this one.
  const later = readHeaderWith(read);
  if (typeof later === "string" || !continues(later, header)) return undefined;
  const labelBytes = new Uint8Array(Math.max(0, Math.min(later.labelBytes, size - at.labels)));
  read(labelBytes, at.labels);
  const last = readHeaderWith(read);
  if (typeof last === "string" || !continues(last, header)) return undefined;

  const labelCount = wholeLabels(labelBytes, later.labels);
  const { owner, sequence, epochOffset, journal } = header;
  const content = { owner, sequence, epochOffset, timepoints, values, labelIds, labelBytes, labelCount, journal };
  const whole = wholeRows({ ...content, count: inFile });
  return { segment: { ...content, count: whole }, first, damaged: count - whole };
}

/** Whether a header is the same segment's, later. */
function continues(later: SegmentHeader, { sequence, count }: SegmentHeader): boolean {
  return later.sequence === sequence && later.count >= count;
}

function bytesOf({ buffer }: Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}

/** How many of the first `count` labels are such as are kept: inside the table, not too long, of UTF-8, without NUL. */
function wholeLabels(table: Uint8Array, count: number): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let whole = 0;
  for (const [start, end] of labelSpans(table, count)) {
    const label = table.subarray(start, end);
    if (label.length > MAX_LABEL_BYTES || label.includes(0)) break;
    try {
      decoder.decode(label);
    } catch {
      break;
    }
    whole++;
  }
  return whole;
}

/** How many rows there are before the first that no sampler has written. A page that never reached the disk reads as zeros. */
function wholeRows({ owner, epochOffset, count, timepoints, values, labelIds, labelCount }: SegmentContent): number {
  const isDuration = owner.kind === ValueKind.duration;
  const zero = Number(epochOffset);
  for (let row = 0; row < count; row++) {
    const timepoint = timepoints[row]!;
    const value = values[row]!;
    const isWhole = Number.isSafeInteger(timepoint) && timepoint > 0 && isEpochTime(zero + timepoint) &&
      labelIds[row]! < labelCount && (!isDuration || Number.isSafeInteger(value) && value >= 0);
    if (!isWhole) return row;
  }
  return count;
}

/** Whether a time is one that 64 bits hold, ns, and not before 1970. */
function isEpochTime(time: number): boolean {
  return time >= 0 && time < 2 ** 63;
}
