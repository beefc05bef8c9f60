/**
 * Rows in the binary format of PostgreSQL's COPY: what the server does with them takes about half of
 * its time for CSV. Numbers are big-endian; each field is preceded by its length.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 * @module
 */

import { Byte } from "../../../csv/dialect.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";
import type { RowFormat } from "../../pieces/row_format.ts";

/** The columns of a row, in this order, and the types that the format is made for. */
export const BINARY_COLUMNS = {
  timepoint: "bigint",
  measurement: "double precision",
  label: "text",
  pid: "integer",
  channel: "text",
  program: "bigint",
} as const;

/** What precedes all rows: the signature, no flags, nothing else. */
export const BINARY_HEADER: Uint8Array = new Uint8Array(19);
BINARY_HEADER.set([0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a]);

/** What follows all rows. */
export const BINARY_TRAILER: Uint8Array = new Uint8Array([0xff, 0xff]);

const COLUMN_COUNT = Object.keys(BINARY_COLUMNS).length;

/** The largest PID that the column takes. */
export const MAX_PID = 2 ** 31 - 1;

/** Where in a row its fields are, from its beginning on. */
const At = { timepointSize: 2, timepoint: 6, measurementSize: 14, measurement: 18, labelSize: 26, label: 30 } as const;

/** Bytes of a PID, a number of a program, and the lengths of these and of the channel. */
const SUFFIX_BYTES = 4 + 8 + 3 * 4;

const UINT32 = 2 ** 32;
const UINT16 = 2 ** 16;

const encoder = new TextEncoder();

/** Rows of the columns {@linkcode BINARY_COLUMNS}. */
export const binaryRows: RowFormat = {
  moreBytes: (channel) => At.label + SUFFIX_BYTES + encoder.encode(channel).length,
  put({ bytes, view }, at, row) {
    const { seconds, nanoseconds, measurement, labelStart, labelEnd } = row;
    // seconds · 10⁹ + nanoseconds, in two halves, each exact in a double.
    const upper = Math.floor(seconds / UINT16) * NANOSECONDS_PER_SECOND;
    const lower = (seconds - Math.floor(seconds / UINT16) * UINT16) * NANOSECONDS_PER_SECOND + nanoseconds +
      (upper - Math.floor(upper / UINT16) * UINT16) * UINT16;
    view.setInt16(at, COLUMN_COUNT);
    view.setInt32(at + At.timepointSize, 8);
    view.setInt32(at + At.timepoint, Math.floor(upper / UINT16) + Math.floor(lower / UINT32));
    view.setUint32(at + At.timepoint + 4, lower % UINT32);
    view.setInt32(at + At.measurementSize, 8);
    view.setFloat64(at + At.measurement, measurement);
    const label = at + At.label;
    let length = labelEnd - labelStart;
    if (bytes[labelStart] === Byte.quote) length = unquote(bytes, label, labelStart, labelEnd);
    else bytes.copyWithin(label, labelStart, labelEnd);
    view.setInt32(at + At.labelSize, length);
    return label + length;
  },
  suffix(channel, { pid }, id) {
    const name = encoder.encode(channel);
    const bytes = new Uint8Array(SUFFIX_BYTES + name.length);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, 4);
    view.setInt32(4, pid);
    view.setInt32(8, name.length);
    bytes.set(name, 12);
    view.setInt32(12 + name.length, 8);
    view.setBigInt64(16 + name.length, id);
    return bytes;
  },
};

/** Copies a field without its quotes, and a quote for two in it; returns the number of bytes. */
function unquote(bytes: Uint8Array, to: number, start: number, end: number): number {
  let at = to;
  for (let i = start + 1; i < end - 1; i++) {
    const byte = bytes[i]!;
    if (byte === Byte.quote) i++;
    bytes[at++] = byte;
  }
  return at - to;
}
