import type { MemoryDisk } from "../../../support/fake/memory_disk.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const ROW = /-?\d+,([^,"\r\n]+),(?:"(?:[^"]|"")*"|[^",\r\n]*),\d+\r\n/y;

/** The measurements in a CSV file, and whether it is torn after them. */
export interface FileRows {
  readonly values: readonly number[];
  readonly torn: boolean;
}

/** Reads the whole rows of a CSV file. In layout `append` it may be empty, without a header. */
export function readRows(text: string): FileRows {
  if (!text.startsWith(HEADER)) return { values: [], torn: text !== "" };
  const values: number[] = [];
  let end = HEADER.length;
  for (;;) {
    ROW.lastIndex = end;
    const row = ROW.exec(text);
    if (row === null) return { values, torn: end < text.length };
    values.push(Number(row[1]));
    end = ROW.lastIndex;
  }
}

/** The sampling channel of a published file; `undefined` if the path is of anything else. */
export function channelOf(path: string): string | undefined {
  return /\/([^./]+)\.[^/]*csv$/.exec(path)?.[1];
}

/** Whether the last row of a file is torn. */
export function isTorn(disk: MemoryDisk, path: string): boolean {
  return readRows(disk.text(path)).torn;
}

/**
 * All measurements in the published files of a disk, wherever they were moved to, by sampling
 * channel.
 */
export function publishedValues(disk: MemoryDisk): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const path of disk.paths()) {
    const channel = channelOf(path);
    if (channel === undefined) continue;
    values.set(channel, [...values.get(channel) ?? [], ...readRows(disk.text(path)).values]);
  }
  return values;
}
