import { accessInDirectory } from "../../files/directory.ts";
import { takeLock } from "../../control/lock_file.ts";
import { COMPACTION_LOCK } from "../../files/names.ts";
import { failure, type Result } from "../../result.ts";
import type { FileHandle, Files } from "../../runtime.ts";

/**
 * Takes the lock of those who compact a directory: one at a time. It is given back when the handle is
 * closed, or the process ends. Its file stays, also as a sign to readers that files may be compacted.
 * Whoever may write to the directory may lock it.
 *
 * @throws {FileError} if the file cannot be made or opened.
 */
export function lockCompaction(files: Files, directory: string): Result<FileHandle, "locked" | "unsupported"> {
  const locked = takeLock(files, `${directory}/${COMPACTION_LOCK}`, () => accessInDirectory(files, directory));
  return !locked.ok && locked.kind === "locked" ? failure("locked", "another program is compacting it") : locked;
}
