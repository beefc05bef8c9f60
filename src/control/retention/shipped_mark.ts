/**
 * What shippers tell those who remove files: `.ship/<target>/shipped` has a time in ms since 1970, in
 * digits. All files of rows that were changed last before that time are in the store.
 *
 * @module
 */

import { type MonitoringDirectory, unlessGone } from "../../files/directory.ts";
import { isTargetId, SHIPPING_DIRECTORY } from "../../files/names.ts";
import { type FileAccess, unlessUnreadable } from "../../runtime.ts";
import { readMark, writeMark } from "./mark_file.ts";

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
  writeMark(directory, markPath(directory, target), time, access);
}

/**
 * The time, ms since 1970, before which files are in all the stores that the directory was ever
 * shipped to; `Infinity` if there is none. A store of which that is not known has nothing.
 */
export function shippedBefore(directory: MonitoringDirectory): number {
  let earliest = Infinity;
  for (const target of targetsOrNone(directory)) {
    earliest = Math.min(earliest, readMark(directory, markPath(directory, target)) ?? 0);
  }
  return earliest;
}

/**
 * When a directory was first shipped to a target, ms since 1970: the lock of the shippers was made
 * then. `Infinity` if it never was. What was compacted before is not shipped, later only what is.
 *
 * @throws {FileError}
 */
export function shippedSince(directory: MonitoringDirectory, target: string): number {
  return directory.files.status(shippingLockPath(directory, target))?.modified ?? Infinity;
}

/** Before which time, ms since 1970, compacted files are not in all the stores; `-Infinity` if there are none. */
export function unshippedIfCompactedBefore(directory: MonitoringDirectory): number {
  return Math.max(-Infinity, ...targetsOrNone(directory).map((target) => shippedSince(directory, target)));
}

/** The part of a monitoring directory that belongs to the shippers to a target. */
export function shippingPath(directory: MonitoringDirectory, target: string): string {
  return `${directory.pathOf(SHIPPING_DIRECTORY)}/${target}`;
}

/** The path of the lock of the shipper to a target. */
export function shippingLockPath(directory: MonitoringDirectory, target: string): string {
  return `${shippingPath(directory, target)}/lock`;
}

/**
 * The targets to which a directory was ever shipped, sorted.
 *
 * @throws {FileError} if that cannot be listed.
 */
export function shippedTargets(directory: MonitoringDirectory): string[] {
  const list = (): string[] => directory.files.list(directory.pathOf(SHIPPING_DIRECTORY));
  return (unlessGone(list) ?? []).filter(isTargetId).sort();
}

/** The same; none if they cannot be listed. */
function targetsOrNone(directory: MonitoringDirectory): string[] {
  return unlessUnreadable(() => shippedTargets(directory)) ?? [];
}

function markPath(directory: MonitoringDirectory, target: string): string {
  return `${shippingPath(directory, target)}/shipped`;
}
