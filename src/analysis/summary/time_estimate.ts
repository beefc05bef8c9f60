import { outerTimepoints } from "../../csv/outer_rows.ts";
import { isCsvName } from "../../files/names.ts";
import { findRegularFile, openRegularFile } from "../../files/regular_file.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import type { TimeRange } from "../frames/selection.ts";

/**
 * Estimates the time range of a recording from the first and last rows of its files, without
 * reading the rest; `undefined` if there are none. Only an estimate: rows need not be in order, and
 * spools are not considered. It is never wider than the recording.
 */
export function estimateTimeRange(sources: readonly string[], files: Files): TimeRange | undefined {
  let range: TimeRange | undefined;
  for (const path of sources.flatMap((source) => csvFiles(source, files))) {
    const { first, last } = outerTimepointsOf(path, files) ?? {};
    if (first === undefined || last === undefined) continue;
    range = {
      first: range === undefined || first < range.first ? first : range.first,
      last: range === undefined || last > range.last ? last : range.last,
    };
  }
  return range;
}

/** The CSV files of a directory, or the file itself; empty if it cannot be read. */
function csvFiles(source: string, files: Files): string[] {
  try {
    const path = files.resolve(source);
    if (findRegularFile(files, path).ok) return [path];
    return files.list(path).filter((name) => isCsvName(name)).map((name) => `${path}/${name}`);
  } catch {
    return [];
  }
}

/**
 * The timepoints of the first and last row of a file; `undefined` if it has none or cannot be read.
 */
function outerTimepointsOf(path: string, files: Files): TimeRange | undefined {
  let file: FileHandle | undefined;
  try {
    file = openRegularFile(files, path);
    return outerTimepoints(file);
  } catch {
    return undefined;
  } finally {
    file?.close();
  }
}
