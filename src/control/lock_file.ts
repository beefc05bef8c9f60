import { failure, type Result, success } from "../result.ts";
import { type FileAccess, FileError, type FileHandle, type Files } from "../runtime.ts";
import { release } from "../files/directory.ts";

/** Attempts before giving up when the lock's file keeps being replaced. */
const MAX_ATTEMPTS = 10;

/**
 * Takes the lock that a file stands for, which is made if it is not there: with `access`, for those
 * who may share the lock. It is given back when the handle is closed, or the process ends. The file
 * stays.
 *
 * @throws {FileError} if the file cannot be made or opened.
 */
export function takeLock(
  files: Files,
  path: string,
  access: () => FileAccess | undefined,
): Result<FileHandle, "locked" | "unsupported"> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const handle = openOrCreate(files, path, access);
    let isLocked: boolean | undefined;
    try {
      isLocked = handle.tryLock?.();
      // Somebody may have removed it meanwhile, and another one locked a new one.
      if (isLocked && files.status(path)?.identity === handle.status().identity) return success(handle);
    } catch (error) {
      release(handle);
      throw error;
    }
    release(handle);
    if (isLocked === undefined) return failure("unsupported", "this runtime cannot lock files");
    if (!isLocked) return failure("locked", "another program holds its lock");
  }
  return failure("locked", "the file of its lock keeps being replaced");
}

function openOrCreate(files: Files, path: string, access: () => FileAccess | undefined): FileHandle {
  for (;;) {
    const status = files.status(path);
    if (status !== undefined && status.kind !== "file") throw new FileError("EINVAL", "its lock is no regular file");
    try {
      return status === undefined ? files.create(path, access()) : files.open(path);
    } catch (error) {
      const isRace = error instanceof FileError && error.code === (status === undefined ? "EEXIST" : "ENOENT");
      if (!isRace) throw error;
    }
  }
}
