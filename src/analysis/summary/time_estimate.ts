import { outerTimepoints } from "../../csv/outer_rows.ts";
import { fileNameOf, parseCompactedFileName } from "../../files/names.ts";
import { isCsvName } from "../source/file_names.ts";
import { findRegularFile, openRegularFile } from "../../files/regular_file.ts";
import type { FileHandle, Files } from "../../runtime.ts";
import type { TimeRange } from "../frames/selection.ts";

const HOUR_MS = 3_600_000;
const NANOSECONDS_PER_MS = 1_000_000n;

/** Most files of a source that are opened: that takes some 20 ms. */
const MAX_FILES = 256;

/**
 * Estimates the time range of a recording from the first and last rows of its files, without
 * reading the rest; `undefined` if there are none. Only an estimate: rows need not be in order, of
 * many files only some are opened, and spools are not considered. It is never wider than the
 * recording.
 */
export function estimateTimeRange(sources: readonly string[], files: Files): TimeRange | undefined {
  let range: TimeRange | undefined;
  for (const path of sources.flatMap((source) => someFiles(source, files))) {
    const { first, last } = hourOf(path) ?? outerTimepointsOf(path, files) ?? {};
    if (first === undefined || last === undefined) continue;
    range = {
      first: range === undefined || first < range.first ? first : range.first,
      last: range === undefined || last > range.last ? last : range.last,
    };
  }
  return range;
}

/**
 * What the name of a compacted file tells: it has a row in that hour. So the recording has begun before
 * the end of the hour, and goes on until its beginning at least.
 */
function hourOf(path: string): TimeRange | undefined {
  const { hour } = parseCompactedFileName(fileNameOf(path)) ?? {};
  if (hour === undefined) return undefined;
  const [begin, end] = [hour, hour + HOUR_MS].map((ms) => BigInt(ms) * NANOSECONDS_PER_MS);
  return { first: end! - 1n, last: begin! };
}

/** Some files of a directory, or the file itself; empty if it cannot be read. */
function someFiles(source: string, files: Files): string[] {
  try {
    const path = files.resolve(source);
    if (findRegularFile(files, path).ok) return [path];
    // In the order of their names those of a process are in the order of time.
    const names = files.list(path).sort();
    const compacted = names.filter((name) => parseCompactedFileName(name) !== undefined);
    return [...compacted, ...evenlyChosen(names.filter(isCsvName), MAX_FILES)].map((name) => `${path}/${name}`);
  } catch {
    return [];
  }
}

/** At most `most` items at equal distances, the first and the last among them. */
function evenlyChosen<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round(i * (items.length - 1) / (most - 1))]!);
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
