import type { FileHandle } from "../../runtime.ts";
import { readFully } from "../../files/spool_reader.ts";
import type { CsvRow, CsvRows } from "./csv_rows.ts";

/** More than the longest row, whose label of 16 KiB may double in size as it is quoted. */
const BLOCK_BYTES = 256 * 1024;

const buffer = new Uint8Array(BLOCK_BYTES);

/** Reads the rows of a CSV file between two of its bytes, the first of which begins a row, and returns where the last whole one ends. */
export function readCsvFile(
  handle: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  rows: CsvRows,
  take: (row: CsvRow) => void,
): number {
  let at = from;
  while (at < to) {
    const block = buffer.subarray(0, to - at);
    const length = readFully(handle, block, at);
    const end = rows.read(block.subarray(0, length), take);
    // A line that is longer than any of ours is left out.
    if (end === 0 && length < BLOCK_BYTES) break;
    at += end === 0 ? length : end;
  }
  return at;
}
