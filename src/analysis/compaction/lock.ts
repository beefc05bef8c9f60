import { release } from "../../files/directory.ts";
import { COMPACTION_LOCK } from "../../files/names.ts";
import { failure, type Result, success } from "../../result.ts";
import { FileError, type FileHandle, type Files } from "../../runtime.ts";

/** Attempts before giving up when the lock's file keeps being replaced. */
const MAX_ATTEMPTS = 10;

/**
 * Takes the lock of those who compact a directory: one at a time. It is given back when the handle is
 * closed, or the process ends. Its file stays, also as a sign to readers that files may be compacted.
 *
 * @throws {FileError} if the file cannot be made or opened.
 */
export function lockCompaction(files: Files, directory: string): Result<FileHandle, "locked" | "unsupported"> {
  const path = `${directory}/${COMPACTION_LOCK}`;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const handle = openOrCreate(files, directory, path);
    try {
      const isLocked = handle.tryLock?.();
      if (isLocked === undefined) {
        release(handle);
        return failure("unsupported", "this runtime cannot lock files");
      }
      if (!isLocked) {
        release(handle);
        return failure("locked", "another program is compacting it");
      }
      // Somebody may have removed it meanwhile, and another one locked a new one.
      if (files.status(path)?.identity === handle.status().identity) return success(handle);
    } catch (error) {
      release(handle);
      throw error;
    }
    release(handle);
  }
  return failure("locked", "the file of its lock keeps being replaced");
}

/** Opens the file of the lock; whoever may write to the directory may lock it. */
function openOrCreate(files: Files, directory: string, path: string): FileHandle {
  for (;;) {
    const status = files.status(path);
    if (status !== undefined && status.kind !== "file") throw new FileError("EINVAL", "its lock is no regular file");
    try {
      if (status !== undefined) return files.open(path);
      const access = files.status(files.realPath(directory) ?? directory)?.access;
      return files.create(path, access === undefined ? undefined : { ...access, mode: access.mode & 0o666 | 0o600 });
    } catch (error) {
      const isRace = error instanceof FileError && error.code === (status === undefined ? "EEXIST" : "ENOENT");
      if (!isRace) throw error;
    }
  }
}
