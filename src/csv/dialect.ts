/**
 * The CSV that Kymo writes: RFC 4180 with CRLF, quotes only where they are needed, UTF-8 without a
 * byte-order mark.
 *
 * | column | content |
 * | --- | --- |
 * | Timepoint | whole nanoseconds since 1970-01-01T00:00:00Z |
 * | Measurement | a double that reads back exactly; `NaN`, `Infinity` and `-Infinity` by name; durations in seconds with 9 decimals |
 * | Label | as given; NUL and lone surrogates as U+FFFD; quoted if it holds a comma, a quote, CR or LF, or is empty (PostgreSQL takes an unquoted empty field for null; DuckDB a quoted one too, unless told `allow_quoted_nulls = false`) |
 * | PID | process that measured |
 *
 * @module
 */

/** The names of the columns, in order. */
export const COLUMNS = ["Timepoint", "Measurement", "Label", "PID"] as const;

/** The first line of every file, with its line end. */
export const HEADER: string = `${COLUMNS.join(",")}\r\n`;

/** Bytes with a meaning of their own. */
export const Byte = {
  lf: 0x0a,
  cr: 0x0d,
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
} as const;

/** Whether a field of UTF-8 needs quotes. */
export function needsQuotes(field: Uint8Array): boolean {
  if (field.length === 0) return true;
  for (const byte of field) {
    if (byte === Byte.comma || byte === Byte.quote || byte === Byte.cr || byte === Byte.lf) return true;
  }
  return false;
}
