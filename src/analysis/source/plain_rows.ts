import { Byte } from "../../csv/dialect.ts";
import { MAX_ROW_BYTES } from "./row_reader.ts";

const ZERO = 0x30;
const NINE = 0x39;

/** Longer timepoints, and longer PIDs, may be beyond their bounds. */
const MAX_TIMEPOINT_DIGITS = 19;
const MAX_PID_DIGITS = 9;

/**
 * Passes over rows that are sound at first sight, as nearly all are: RowReader would take them too, in twice the time. A timepoint after 1970, a
 * decimal number without an exponent, a label of ASCII without quotes, and a PID.
 */
export class PlainRows {
  /** Where the last one ended. */
  end = 0;

  /** Passes over those from `at` on that end with CRLF, or with LF, and returns how many. A byte 0 must follow those that are there. */
  pass(bytes: Uint8Array, at: number, crlf: boolean): number {
    this.end = at;
    for (let rows = 0;; rows++) {
      const end = endOfPlainRow(bytes, this.end, crlf);
      if (end < 0 || end - this.end > MAX_ROW_BYTES) return rows;
      this.end = end;
    }
  }
}

/** Where the row at `at` ends; -1 if it is not plain. */
function endOfPlainRow(bytes: Uint8Array, at: number, crlf: boolean): number {
  let i = at;
  let byte = bytes[i]!;
  while (byte >= ZERO && byte <= NINE) byte = bytes[++i]!;
  const digits = i - at;
  if (
    byte !== Byte.comma || digits === 0 ||
    digits >= MAX_TIMEPOINT_DIGITS && (digits > MAX_TIMEPOINT_DIGITS || bytes[at] === NINE)
  ) return -1;

  byte = bytes[++i]!;
  let start = i;
  while (byte >= ZERO && byte <= NINE) byte = bytes[++i]!;
  if (i === start) return -1;
  if (byte === Byte.dot) {
    byte = bytes[++i]!;
    start = i;
    while (byte >= ZERO && byte <= NINE) byte = bytes[++i]!;
    if (i === start) return -1;
  }
  if (byte !== Byte.comma) return -1;

  byte = bytes[++i]!;
  start = i;
  // A quote is among the bytes below, and all that are not of a text.
  while (byte !== Byte.comma) {
    if (byte <= Byte.quote && byte !== 0x20 && byte !== 0x21 || byte >= 0x80) return -1;
    byte = bytes[++i]!;
  }
  if (i === start) return -1;

  byte = bytes[++i]!;
  start = i;
  while (byte >= ZERO && byte <= NINE) byte = bytes[++i]!;
  if (i === start || i - start > MAX_PID_DIGITS) return -1;
  if (crlf) {
    if (byte !== Byte.cr) return -1;
    byte = bytes[++i]!;
  }
  return byte === Byte.lf ? i + 1 : -1;
}
