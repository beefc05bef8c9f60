import { Buffer } from "node:buffer";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";

/** A row as the tests record them: with a label that needs no quotes, and a finite number. */
const ROW = /(\d{10})(\d{9}),(-?\d+(?:\.\d+)?(?:e-?\d+)?),([^",\r\n]+),(\d+)\r\n/y;

/** Takes a row; seconds and nanoseconds since the epoch are apart, so that both are exact. */
export type RowReader = (label: string, pid: number, seconds: number, nanoseconds: number, measurement: number) => void;

/**
 * Reads every published file of a channel, byte for byte: no byte may be outside a whole row.
 * Returns how many rows there are.
 *
 * @throws {Error} naming the file and the place where it is torn.
 */
export function readRows(directory: string, channel: string, take: RowReader = () => {}): number {
  return csvFiles(directory, channel).reduce((rows, name) => rows + readFileRows(join(directory, name), take), 0);
}

/** Number of rows by label. */
export function countByLabel(directory: string, channel: string): Record<string, number> {
  const counts: Record<string, number> = {};
  readRows(directory, channel, (label) => counts[label] = (counts[label] ?? 0) + 1);
  return counts;
}

/** Names of the published files of a channel, sorted. */
export function csvFiles(directory: string, channel: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith(`${channel}.`) && name.endsWith(".csv")).sort();
}

/** Block size for reading, bytes; far more than the longest row of the tests. */
const BLOCK = 16 * 2 ** 20;

/** Reads one file as {@linkcode readRows} does all of them. */
export function readFileRows(path: string, take: RowReader = () => {}): number {
  const fd = openSync(path, "r");
  try {
    const block = Buffer.alloc(BLOCK);
    let rows = 0;
    let rest = ""; // what is left of a row that goes on in the next block
    let hasHeader = false;
    for (;;) {
      const length = readSync(fd, block, 0, BLOCK, null);
      const text = rest + block.toString("latin1", 0, length);
      if (!hasHeader && !text.startsWith(HEADER)) throw torn(path, "header", text);
      let at = hasHeader ? 0 : HEADER.length;
      hasHeader = true;
      for (ROW.lastIndex = at;; rows++, at = ROW.lastIndex) {
        const row = ROW.exec(text);
        if (row === null) break;
        take(row[4]!, Number(row[5]), Number(row[1]), Number(row[2]), Number(row[3]));
      }
      rest = text.slice(at);
      const isWhole = rest === "" || length > 0 && !rest.includes("\n");
      if (!isWhole) throw torn(path, "row", rest);
      if (length === 0) return rows;
    }
  } finally {
    closeSync(fd);
  }
}

function torn(path: string, what: string, text: string): Error {
  return new Error(`no whole ${what}: ${path}: ${JSON.stringify(text.slice(0, 120))}`);
}
