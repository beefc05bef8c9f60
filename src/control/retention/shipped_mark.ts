/**
 * What shippers tell those who remove files: `.ship/<target>/shipped` has a time in ms since 1970, in
 * digits. All files of rows that were changed last before that time are in the store.
 *
 * @module
 */

import { replaceFileAt } from "../../files/atomic_file.ts";
import { type MonitoringDirectory, unlessGone } from "../../files/directory.ts";
import { isTargetId, SHIPPING_DIRECTORY, temporaryPathBeside } from "../../files/names.ts";
import { readSmallFile } from "../../files/regular_file.ts";
import { type FileAccess, unlessUnreadable } from "../../runtime.ts";

const MAX_DIGITS = 15;

/**
 * Notes it for a target.
 *
 * @throws {FileError}
 */
export function writeShippedMark(
  directory: MonitoringDirectory,
  target: string,
  time: number,
  access?: FileAccess,
): void {
  const path = markPath(directory, target);
  const bytes = new TextEncoder().encode(`${Math.max(0, Math.floor(time))}\n`);
  replaceFileAt(directory, path, temporaryPathBeside(path, "new"), bytes, access);
}

/**
 * The time, ms since 1970, before which files are in all the stores that the directory was ever
 * shipped to; `Infinity` if there is none. A store of which that is not known has nothing.
 */
export function shippedBefore(directory: MonitoringDirectory): number {
  const { files } = directory;
  const names = unlessUnreadable(() => unlessGone(() => files.list(directory.pathOf(SHIPPING_DIRECTORY)))) ?? [];
  let earliest = Infinity;
  for (const name of names) {
    if (!isTargetId(name)) continue;
    const read = unlessUnreadable(() => readSmallFile(files, markPath(directory, name), MAX_DIGITS + 1));
    const text = read?.ok ? new TextDecoder().decode(read.value).trim() : "";
    earliest = Math.min(earliest, /^\d+$/.test(text) ? Number(text) : 0);
  }
  return earliest;
}

function markPath(directory: MonitoringDirectory, target: string): string {
  return `${directory.pathOf(SHIPPING_DIRECTORY)}/${target}/shipped`;
}
