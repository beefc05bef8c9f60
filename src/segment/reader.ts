/**
 * Reads segments whose writer may be alive, dead, or hostile.
 *
 * The reader takes no lock, so the writer may commit rows meanwhile, or reuse the segment. To read
 * rows of one sequence only, it reads the header again at certain moments and checks that the
 * segment *continues*: same sequence, and no fewer rows than before.
 *
 * 1. Read the header, and once more. If the second does not continue the first, the first may have
 *    been read in the middle of a change: start again.
 * 2. Read the rows that the first header commits.
 * 3. Read the header: it must continue the first. Labels are stored before the first row that uses
 *    them, so those that this header counts are all that the rows need. Read them.
 * 4. Read the header: it must continue the first. A writer that reuses a segment sets the count to
 *    0 before it changes anything else, so the rows and labels are of one sequence.
 *
 * What was read is then checked row by row, since pages may be missing after a crash of the
 * machine, and any file may have any content. The rows up to the first that no writer can have
 * stored are whole; that one and all rows after it count as damaged. Reading takes no more
 * memory than the segment has bytes, whatever its header says.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import { ValueKind } from "../series.ts";
import {
  columnsOf,
  labelSpans,
  MAX_LABEL_BYTES,
  readHeader,
  ROW_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentFault,
  type SegmentHeader,
} from "./format.ts";
import type { SegmentContent } from "./segment.ts";

/** Fills `into` with the bytes from `at` on, and returns how many there were. */
export type ReadBytes = (into: Uint8Array, at: number) => number;

/** What the bytes of a segment hold. */
export interface FoundSegment {
  /** The whole rows, without the first `first`. */
  readonly segment: SegmentContent;
  /** Rows that were left out because the caller knows them. */
  readonly first: number;
  /** Committed rows that are not whole, or come after one that is not. */
  readonly damaged: number;
}

/** Attempts before giving up on a segment that is reused meanwhile. */
const MAX_ATTEMPTS = 100;

/**
 * Reads the whole rows of a segment of `size` bytes.
 *
 * A caller that knows the first rows of a segment says how many with `firstOf`, by its sequence;
 * they are left out.
 */
export function readSegment(
  read: ReadBytes,
  size: number,
  firstOf: (sequence: number) => number = () => 0,
): Result<FoundSegment, SegmentFault> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const header = readHeaderWith(read);
    if (!header.ok) return header;
    if (!continues(readHeaderWith(read), header.value)) continue;
    const { sequence, count } = header.value;
    const found = readRows(read, size, header.value, Math.min(firstOf(sequence), count));
    if (found !== undefined) return success(found);
  }
  return failure("unstable", "refilled faster than it can be read");
}

function readHeaderWith(read: ReadBytes): Result<SegmentHeader, SegmentFault> {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  return readHeader(bytes.subarray(0, read(bytes, 0)));
}

/**
 * Reads the rows that `header` commits, from `first` on; `undefined` if the segment was reused
 * meanwhile.
 */
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
  const later = readHeaderWith(read);
  if (!continues(later, header)) return undefined;
  const labelBytes = new Uint8Array(Math.max(0, Math.min(later.value.labelBytes, size - at.labels)));
  read(labelBytes, at.labels);
  if (!continues(readHeaderWith(read), header)) return undefined;

  const labelCount = wholeLabels(labelBytes, later.value.labels);
  const { owner, sequence, epochOffset, journal } = header;
  const content = { owner, sequence, epochOffset, timepoints, values, labelIds, labelBytes, labelCount, journal };
  const whole = wholeRows({ ...content, count: inFile });
  return { segment: { ...content, count: whole }, first, damaged: count - whole };
}

/** Whether a header is a later one of the same segment and sequence. */
function continues(
  later: Result<SegmentHeader, SegmentFault>,
  { sequence, count }: SegmentHeader,
): later is Extract<typeof later, { ok: true }> {
  return later.ok && later.value.sequence === sequence && later.value.count >= count;
}

function bytesOf({ buffer }: Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}

/**
 * How many of the first `count` labels are valid: inside the table, not too long, UTF-8, without
 * NUL.
 */
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

/**
 * Rows before the first that no writer can have stored. A page that never reached the disk reads as
 * zeros.
 */
function wholeRows({ owner, epochOffset, count, timepoints, values, labelIds, labelCount }: SegmentContent): number {
  const isDuration = owner.kind === ValueKind.duration;
  const zero = Number(epochOffset);
  for (let row = 0; row < count; row++) {
    const timepoint = timepoints[row]!;
    const value = values[row]!;
    const isWhole = Number.isInteger(timepoint) && timepoint !== 0 && isEpochTime(zero + timepoint) &&
      labelIds[row]! < labelCount && (!isDuration || timepoint > 0 && Number.isSafeInteger(value) && value >= 0);
    if (!isWhole) return row;
  }
  return count;
}

/** Whether a time in ns fits in 64 bits, and is not before 1970. */
function isEpochTime(time: number): boolean {
  return time >= 0 && time < 2 ** 63;
}
