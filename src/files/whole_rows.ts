import { Byte, HEADER } from "../csv/dialect.ts";
import { RowScanner } from "../csv/row_scanner.ts";
import { FileError, type FileHandle } from "../runtime.ts";

/** Bytes at the end of a file that are searched for its last row: enough for ordinary labels, then for any. */
const TAILS = [1024, 64 * 1024] as const;

/** The most that a writer that was killed leaves: a part of the longest row, whose label doubled in size as it was quoted. */
const MAX_TORN_BYTES = 64 * 1024;

/**
 * The end of the last whole row of a CSV file, in bytes: less than `size` if a writer was killed in the
 * middle of a row, 0 if there is not even a whole header.
 *
 * CSV cannot be read backwards with certainty, since a line end inside quotes looks like one outside.
 * If the file ends with what reads as a whole row, that is taken for one. Only otherwise is the file read
 * from its beginning. (So a file torn inside a label, just behind what reads like a row, is taken for
 * whole.)
 *
 * @throws {FileError} `EFTYPE` if the file is torn and not of Kymo's dialect: nothing may be cut off it.
 */
export function wholeRowsEnd(handle: FileHandle, size: number): number {
  if (size === 0) return 0;
  const scanner = new RowScanner();
  if (TAILS.some((length) => endsWithRow(scanner, handle, size, length))) return size;

  scanner.restart(0);
  let end = 0;
  for (let read = 0;;) {
    const found = scanner.next();
    if (found === "end") {
      const length = scanner.pushFrom(handle, read, size);
      if (length === 0) break;
      read += length;
    } else if (scanner.hasEnd) {
      if (!scanner.crlf) throw notOurs();
      ({ end } = scanner);
    }
  }
  if (size - end > MAX_TORN_BYTES || !startsWithHeader(handle, size)) throw notOurs();
  return end;
}

/** Whether some bytes at the end of a file end with a row. It may begin anywhere behind a line feed: the label of a row may hold some. */
function endsWithRow(scanner: RowScanner, handle: FileHandle, size: number, length: number): boolean {
  const begin = Math.max(0, size - length);
  const bytes = readBetween(handle, begin, size);
  scanner.restart(begin).push(bytes);
  for (let at = bytes.length - 1; at > 0;) {
    at = bytes.lastIndexOf(Byte.lf, at - 1) + 1;
    if (scanner.seek(begin + at).next() === "row" && scanner.crlf && scanner.end === size) return true;
    at--;
  }
  return false;
}

function startsWithHeader(handle: FileHandle, size: number): boolean {
  return HEADER.startsWith(new TextDecoder("latin1").decode(readBetween(handle, 0, Math.min(size, HEADER.length))));
}

function readBetween(handle: FileHandle, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const length = handle.readAt(bytes.subarray(filled), start + filled);
    if (length === 0) break;
    filled += length;
  }
  return bytes.subarray(0, filled);
}

function notOurs(): FileError {
  return new FileError("EFTYPE", "the file there is not of our dialect");
}
