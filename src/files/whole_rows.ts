import { HEADER } from "../csv/dialect.ts";
import { RowScanner } from "../csv/row_ends.ts";
import { FileError, type FileHandle } from "../runtime.ts";

/** A row of ours that ends a text. The label is plain, or in quotes, and then may hold anything. */
const LAST_ROW = /(?:^|\n)\d+,[^,"\r\n]+,(?:[^",\r\n]*|"(?:[^"]|"")*"),\d+\r\n$/;

/** How much of the end of a file is looked at, bytes: enough for ordinary labels, then for any. */
const WINDOWS = [1024, 64 * 1024] as const;

const BLOCK_BYTES = 64 * 1024;

/** What a writer that was killed may leave at most: a part of the longest row, whose label doubled in size as it was quoted. */
const MAX_TORN_BYTES = 64 * 1024;

/** A byte a character, whatever is cut. */
const decoder = new TextDecoder("latin1");

/**
 * Where the last whole row of a CSV file ends, bytes; less than `size` if a writer was killed in the middle of a row, 0 if there is not even
 * a whole header.
 *
 * CSV cannot be read backwards with certainty, since a line end inside quotes looks like one outside. If the end of the file reads as a
 * whole row, it is taken for one; only otherwise is the file read from its beginning. (A file torn inside a label, just behind what reads like
 * a row of ours, is taken for whole.)
 *
 * @throws {FileError} `EFTYPE` if the file is torn and not of our dialect: nothing may be cut off it.
 */
export function wholeRowsEnd(handle: FileHandle, size: number): number {
  if (size === 0) return 0;
  for (const window of WINDOWS) {
    if (LAST_ROW.test(read(handle, Math.max(0, size - window), size))) return size;
  }
  const scanner = new RowScanner();
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < size;) {
    const length = handle.readAt(block, at);
    if (length === 0) break;
    scanner.scan(block.subarray(0, length));
    at += length;
  }
  const head = read(handle, 0, Math.min(size, HEADER.length));
  const isTooMuch = size - scanner.end > MAX_TORN_BYTES;
  if (scanner.bareLineFeed || isTooMuch || !HEADER.startsWith(head)) {
    throw new FileError("EFTYPE", "the file there is not of our dialect");
  }
  return scanner.end;
}

function read(handle: FileHandle, start: number, end: number): string {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const length = handle.readAt(bytes.subarray(filled), start + filled);
    if (length === 0) break;
    filled += length;
  }
  return decoder.decode(bytes.subarray(0, filled));
}
