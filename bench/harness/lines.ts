import { closeSync, openSync, readSync, truncateSync } from "node:fs";

const LINE_FEED = 10;
const chunk = new Uint8Array(64 * 1024);

/** The number of line ends in a file. */
export function countLines(path: string): number {
  const file = openSync(path, "r");
  try {
    let lines = 0;
    for (let length; (length = readSync(file, chunk, 0, chunk.length, null)) > 0;) {
      for (let i = 0; i < length; i++) if (chunk[i] === LINE_FEED) lines++;
    }
    return lines;
  } finally {
    closeSync(file);
  }
}

/** Counts the lines of a file that is being appended to, and empties it. */
export function takeLines(path: string): number {
  const lines = countLines(path);
  truncateSync(path);
  return lines;
}
