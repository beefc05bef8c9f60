import { Byte } from "../../csv/dialect.ts";
import type { FetchedBlock } from "./fetched_rows.ts";

/** Bytes of rows that are handed on at once; a larger row comes alone. */
const BLOCK_BYTES = 2 ** 20;

/**
 * Cuts CSV that comes in parts of any length after rows, which end with LF. What comes after the last
 * whole row is no row.
 */
export async function* csvBlocks(parts: AsyncIterable<Uint8Array>): AsyncGenerator<FetchedBlock, void> {
  let block = new Uint8Array(2 * BLOCK_BYTES);
  let length = 0;
  /** Where the last whole row ends in the block. */
  let end = 0;
  let rows = 0;
  let lineFeeds = false;
  let isQuoted = false;
  for await (const part of parts) {
    if (length + part.length > block.length) {
      const larger = new Uint8Array(2 * (length + part.length));
      larger.set(block.subarray(0, length));
      block = larger;
    }
    block.set(part, length);
    for (let i = length; i < length + part.length; i++) {
      const byte = block[i];
      if (byte === Byte.quote) isQuoted = !isQuoted; // a quote in quotes is two
      else if (byte !== Byte.lf) continue;
      else if (isQuoted) lineFeeds = true;
      else {
        end = i + 1;
        rows++;
      }
    }
    length += part.length;
    if (end < BLOCK_BYTES) continue;
    yield { bytes: block.slice(0, end), rows, lineFeeds };
    block.copyWithin(0, end, length);
    length -= end;
    [end, rows] = [0, 0];
    lineFeeds = isQuoted && block.subarray(0, length).includes(Byte.lf);
  }
  if (rows > 0) yield { bytes: block.slice(0, end), rows, lineFeeds };
}
