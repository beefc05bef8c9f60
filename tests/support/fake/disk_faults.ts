import { FileError } from "../../../src/runtime.ts";
import type { DiskOperation, MemoryDisk } from "./memory_disk.ts";

/** The injected failures so far. */
export interface Faults {
  /** The first operation that failed and its number: `"write 17"`. */
  readonly first: string;
  /** How many there have been. */
  readonly count: number;
}

/** Error codes of failing disks. */
export const DISK_ERRORS = ["EIO", "ENOSPC", "EACCES", "EROFS", "EMFILE", "EINTR", "EAGAIN"] as const;

/** Makes the operations `first` to `last`, counted from 1, fail with `code`. */
export function failBetween(disk: MemoryDisk, first: number, last: number, code: string): Faults {
  const faults = { count: 0, first: "" };
  let operations = 0;
  disk.before = (operation, path) => {
    operations++;
    if (operations < first || operations > last) return;
    faults.count++;
    faults.first ||= `${operation} ${operations}`;
    throw new FileError(code, `${code}: ${operation} ${path}`);
  };
  return faults;
}

/** Makes the `nth` operation, counted from 1, fail with `code`. */
export function failNth(disk: MemoryDisk, nth: number, code: string): Faults {
  return failBetween(disk, nth, nth, code);
}

/** Makes every operation of the given kinds fail with `code`. */
export function failAll(disk: MemoryDisk, code: string, ...kinds: DiskOperation[]): { readonly count: number } {
  const faults = { count: 0 };
  disk.before = (operation, path) => {
    if (kinds.length > 0 && !kinds.includes(operation)) return;
    faults.count++;
    throw new FileError(code, `${code}: ${operation} ${path}`);
  };
  return faults;
}

/** Makes the first operation of a kind fail with `code`, except on spools. */
export function failOnce(disk: MemoryDisk, code: string, kind: DiskOperation): void {
  disk.before = (operation, path) => {
    if (operation !== kind || path.includes(".spool")) return;
    repair(disk);
    throw new FileError(code, `${code}: ${operation} ${path}`);
  };
}

/** Ends all failures. */
export function repair(disk: MemoryDisk): void {
  disk.before = () => {};
}
