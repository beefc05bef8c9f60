import { parse } from "../../../src/csv/parse.ts";
import type { Observation } from "../../../src/segment/observation.ts";
import type { MemoryDisk } from "./memory_disk.ts";

/** The monitoring directory of the tests. */
export const DIRECTORY = "/_monitoring";

/** Paths of the published CSV files, sorted. */
export function csvPaths(disk: MemoryDisk, directory = DIRECTORY): string[] {
  return disk.paths().filter((path) => path.startsWith(`${directory}/`) && /\/[^./][^/]*\.csv$/.test(path));
}

/** Paths of temporary files, of spools and of their directory. */
export function temporaryPaths(disk: MemoryDisk, directory = DIRECTORY): string[] {
  return disk.paths().filter((path) => path.startsWith(`${directory}/.`));
}

/** Paths of spools. */
export function spoolPaths(disk: MemoryDisk, directory = DIRECTORY): string[] {
  return temporaryPaths(disk, directory).filter((path) => path.endsWith(".spool"));
}

/** Paths of temporary files, without spools. */
export function unfinishedPaths(disk: MemoryDisk, directory = DIRECTORY): string[] {
  return temporaryPaths(disk, directory).filter((path) => !/\.spools?$/.test(path));
}

/**
 * Every row of a published file; throws if it is torn. (A file that is appended to may be empty,
 * without a header.)
 */
export function rowsIn(disk: MemoryDisk, path: string): Observation[] {
  const text = disk.text(path);
  if (text === "") return [];
  if (!text.endsWith("\r\n")) throw new Error(`${path} ends in the middle of a row: ${text.slice(-80)}`);
  return parse(text);
}

/** Every row of every published file; throws if one of the files is torn. */
export function publishedRows(disk: MemoryDisk, directory = DIRECTORY): Observation[] {
  return csvPaths(disk, directory).flatMap((path) => rowsIn(disk, path));
}

/** The labels of every published row, sorted. */
export function publishedLabels(disk: MemoryDisk, directory = DIRECTORY): string[] {
  return publishedRows(disk, directory).map(({ label }) => label).sort();
}

/** A text in UTF-8. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A sequence number as it is written in the name of a file, independent of `src/files/names.ts`. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(6, "0");
}
