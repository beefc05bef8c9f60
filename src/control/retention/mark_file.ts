/** A small file with a time, by which those who use files tell those who remove them how far they are. */

import { replaceFileAt } from "../../files/atomic_file.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { temporaryPathBeside } from "../../files/names.ts";
import { readSmallFile } from "../../files/regular_file.ts";
import { type FileAccess, unlessUnreadable } from "../../runtime.ts";

const MAX_DIGITS = 15;

/**
 * Replaces the file, whole; `time` is in ms since 1970.
 *
 * @throws {FileError}
 */
export function writeMark(directory: MonitoringDirectory, path: string, time: number, access?: FileAccess): void {
  const bytes = new TextEncoder().encode(`${Math.max(0, Math.floor(time))}\n`);
  replaceFileAt(directory, path, temporaryPathBeside(path, "new"), bytes, access);
}

/** The time in the file, ms since 1970; `undefined` if there is none that can be read. */
export function readMark(directory: MonitoringDirectory, path: string): number | undefined {
  const read = unlessUnreadable(() => readSmallFile(directory.files, path, MAX_DIGITS + 1));
  const text = read?.ok ? new TextDecoder().decode(read.value).trim() : "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
