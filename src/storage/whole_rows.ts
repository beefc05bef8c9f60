import { Byte } from "../csv/dialect.ts";
import type { FileHandle } from "../runtime.ts";

/** A row of ours that ends a text. The label is plain, or in quotes, and then may hold anything. */
const LAST_ROW = /(?:^|\n)\d+,[^,"\r\n]+,(?:[^",\r\n]*|"(?:[^"]|"")*"),\d+\r\n$/;

/** How much of the end of a file is looked at, bytes: enough for ordinary labels, then for any. */
const WINDOWS = [1024, 64 * 1024] as const;

/**
 * Where the last whole row of a CSV file ends, bytes; less than `size` if a writer was killed in the middle of a row, 0 if there is not
 * even a whole header.
 *
 * CSV cannot be read backwards with certainty, since a line end inside quotes looks like one outside. But if the end of the file reads as a
 * whole row, it is one; only if it does not is the file read from its beginning.
 */
export function wholeRowsEnd(handle: FileHandle, size: number): number {
  if (size === 0) return 0;
  const decoder = new TextDecoder("latin1"); // a byte a character, whatever is cut
  for (const window of WINDOWS) {
    const start = Math.max(0, size - window);
    const bytes = new Uint8Array(size - start);
    const length = readFully(handle, bytes, start);
    if (LAST_ROW.test(decoder.decode(bytes.subarray(0, length)))) return size;
  }
  return readThrough(handle, size);
}

function readThrough(handle: FileHandle, size: number): number {
  const block = new Uint8Array(64 * 1024);
  let quoted = false;
  let end = 0;
  let previous = 0;
  for (let at = 0; at < size;) {
    const length = handle.readAt(block, at);
    if (length === 0) break;
    for (let i = 0; i < length; i++) {
      const byte = block[i]!;
      if (byte === Byte.quote) quoted = !quoted;
      else if (byte === Byte.lf && previous === Byte.cr && !quoted) end = at + i + 1;
      previous = byte;
    }
    at += length;
  }
  return end;
}

function readFully(handle: FileHandle, into: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const length = handle.readAt(into.subarray(filled), position + filled);
    if (length === 0) break;
    filled += length;
  }
  return filled;
}
