/**
 * What the bridge tells those who remove files: `.bridge/counted` has a time in ms since 1970, in
 * digits. The rows of all files that were changed last before that time are counted, and the counts
 * are stored.
 *
 * @module
 */

import type { MonitoringDirectory } from "../../files/directory.ts";
import { BRIDGE_DIRECTORY } from "../../files/names.ts";
import type { FileAccess } from "../../runtime.ts";
import { readMark, writeMark } from "./mark_file.ts";

/** ms for which files wait for a bridge that does not run: one that never comes back must not fill the disk. */
const PATIENCE = 3_600_000;

/**
 * Notes it.
 *
 * @throws {FileError}
 */
export function writeCountedMark(directory: MonitoringDirectory, time: number, access?: FileAccess): void {
  writeMark(directory, markPath(directory), time, access);
}

/**
 * The time, ms since 1970, before which the rows of files are counted by the bridge; `Infinity` if the
 * directory has none, or none that has said so within the last hour. `now` is in ms since 1970.
 */
export function countedBefore(directory: MonitoringDirectory, now: number): number {
  const mark = readMark(directory, markPath(directory));
  return mark === undefined || now - mark > PATIENCE ? Infinity : mark;
}

function markPath(directory: MonitoringDirectory): string {
  return `${directory.pathOf(BRIDGE_DIRECTORY)}/counted`;
}
