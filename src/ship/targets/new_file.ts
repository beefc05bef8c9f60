import { release, showsLackOf } from "../../files/directory.ts";
import { directoryOf } from "../../files/names.ts";
import { FileError, type Files } from "../../runtime.ts";

/** Puts the content of a file on the disk. */
export function syncFile(files: Files, path: string): void {
  const handle = files.open(path);
  try {
    handle.sync();
  } finally {
    release(handle);
  }
}

/**
 * Gives a file that is whole its name, all of it on the disk, and never in the place of another file.
 * The temporary name may stay.
 *
 * @throws {FileError} `EEXIST` if the name is taken.
 */
export function publishNew(files: Files, temporary: string, path: string): void {
  syncFile(files, temporary);
  try {
    files.link(temporary, path);
  } catch (error) {
    if (!showsLackOf("link", error)) throw error;
    if (files.status(path) !== undefined) throw new FileError("EEXIST", `${path} is there`);
    files.rename(temporary, path);
  }
  files.syncDirectory(directoryOf(path));
}
