import { isCsvName } from "../../files/names.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import type { TimeRange } from "../frames/selection.ts";

/** The timepoint of a row, after the end of the row before. */
const timepointOfRow = /\n(\d{18,19}),/g;

/** Bytes to read at either end of a file: a few rows. */
const BYTES = 1_024;

/**
 * Estimates the time range of a recording from the first and last rows of its files, without
 * reading the rest; `undefined` if there are none. Only an estimate: rows need not be in order, and
 * spools are not considered.
 */
export function estimateTimeRange(sources: readonly string[], files: Files): TimeRange | undefined {
  let range: TimeRange | undefined;
  for (const path of sources.flatMap((source) => csvFiles(source, files))) {
    for (const timepoint of outerTimepoints(path, files)) {
      if (range === undefined) range = { first: timepoint, last: timepoint };
      else if (timepoint < range.first) range = { ...range, first: timepoint };
      else if (timepoint > range.last) range = { ...range, last: timepoint };
    }
  }
  return range;
}

/** The CSV files of a directory, or the file itself; empty if it cannot be read. */
function csvFiles(source: string, files: Files): string[] {
  try {
    const path = files.resolve(source);
    if (files.status(path)?.kind === "file") return [path];
    return files.list(path).filter((name) => isCsvName(name)).map((name) => `${path}/${name}`);
  } catch {
    return [];
  }
}

function outerTimepoints(path: string, files: Files): bigint[] {
  let file: FileHandle | undefined;
  try {
    file = files.open(path, "read");
    const { size } = file.status();
    const ends = [0, size - BYTES].filter((position) => position >= 0).flatMap((position) =>
      timepointsAt(file!, position)
    );
    return ends.length === 0 ? [] : [ends[0]!, ends.at(-1)!];
  } catch {
    return [];
  } finally {
    file?.close();
  }
}

function timepointsAt(file: FileHandle, position: number): bigint[] {
  const bytes = new Uint8Array(BYTES);
  const text = new TextDecoder().decode(bytes.subarray(0, file.readAt(bytes, position)));
  return Array.from(text.matchAll(timepointOfRow), ([, digits = ""]) => BigInt(digits));
}
