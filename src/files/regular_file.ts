/**
 * Reading files that others may have put there. Only regular files are opened, also through links:
 * opening a pipe would wait for a writer, and a device may never end.
 *
 * Only for reading. What a program that records writes to is never reached through a link.
 *
 * @module
 */

import { failure, type Result, success } from "../result.ts";
import { FileError, type FileHandle, type Files, type FileStatus, readFully } from "../runtime.ts";
import { release } from "./directory.ts";

/** A regular file or a directory, found at a name or where its link leads. */
export interface LinkedFile {
  /** Its path, without links: that which may be opened. */
  readonly path: string;
  readonly status: FileStatus;
}

/** Why something cannot be read as a file. */
export type NotAFile = "gone" | "not-a-file";

const OTHER_KINDS: Readonly<Record<FileStatus["kind"], string>> = {
  file: "file",
  directory: "directory",
  symlink: "symlink",
  other: "pipe, socket or device",
};

/**
 * What a name stands for, itself or where its link leads; `"gone"` if there is nothing, or only a
 * link to nothing.
 *
 * @throws {FileError}
 */
export function followLinks(files: Files, path: string): Result<LinkedFile, "gone"> {
  const status = files.status(path);
  if (status === undefined) return failure("gone", "no such file or directory");
  if (status.kind !== "symlink") return success({ path, status });
  const target = files.realPath(path);
  const reached = target === undefined ? undefined : files.status(target);
  if (target === undefined || reached === undefined) return failure("gone", "it is a link to nothing");
  return success({ path: target, status: reached });
}

/**
 * The regular file at a name, itself or where its link leads.
 *
 * @throws {FileError}
 */
export function findRegularFile(files: Files, path: string): Result<LinkedFile, NotAFile> {
  const found = followLinks(files, path);
  if (!found.ok) return found;
  const { kind } = found.value.status;
  if (kind === "file") return found;
  return failure("not-a-file", `it is not a file but a ${OTHER_KINDS[kind]}`);
}

/**
 * Opens the regular file at a name, or where its link leads, for reading.
 *
 * @throws {FileError} also if it is none.
 */
export function openRegularFile(files: Files, path: string): FileHandle {
  const found = findRegularFile(files, path);
  if (found.ok) return files.open(found.value.path, "read");
  throw new FileError(found.kind === "gone" ? "ENOENT" : "EINVAL", found.reason);
}

/**
 * The bytes of a small file at a name, or where its link leads; of one that is larger than
 * `maxBytes`, one more than that.
 *
 * @throws {FileError}
 */
export function readSmallFile(files: Files, path: string, maxBytes: number): Result<Uint8Array, NotAFile> {
  const found = findRegularFile(files, path);
  if (!found.ok) return found;
  const handle = files.open(found.value.path, "read");
  try {
    const bytes = new Uint8Array(Math.min(handle.status().size, maxBytes + 1));
    return success(bytes.subarray(0, readFully(handle, bytes, 0)));
  } finally {
    release(handle);
  }
}
