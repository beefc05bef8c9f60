import { FileError } from "../../src/runtime.ts";
import { tryLock } from "../posix/libc.ts";
import { openFile } from "../posix/mapping.ts";
import { ffiDenied, fileCalls } from "./libc.ts";

/** The exclusive lock of an open file. */
export interface FileLock {
  /**
   * Takes the lock. Returns `false` at once if another open file holds it.
   *
   * @throws {FileError} `ENOENT` if the file must have its name, and has lost it.
   */
  tryLock(): boolean;
  /** Releases what the lock holds beside the file. */
  close(): void;
}

/** Makes the lock of a file that was opened at `path`. */
export type LockOf = (file: Deno.FsFile, path: string, access?: "read") => FileLock;

/** The version of Deno that brought `tryLockSync`; before, a lock can only be waited for. */
const TRY_LOCK_SINCE = "2.7";

/** How files are locked, or the reason why they cannot be. Never prompts. */
export function denoLocks(): LockOf | string {
  if ("tryLockSync" in Deno.FsFile.prototype) {
    return (file) => ({ tryLock: () => file.tryLockSync(true), close: () => {} });
  }
  const denied = Deno.build.os === "linux" ? ffiDenied() : "locks only on Linux";
  if (denied !== undefined) return `${denied} before Deno ${TRY_LOCK_SINCE}`;
  return (file, path, access) => new LibcLock(file, path, access);
}

/**
 * flock(2) of the C library. It needs a descriptor, and Deno tells none, so the file is opened once
 * more by its name.
 */
class LibcLock implements FileLock {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #access: "read" | undefined;
  #fd: number | undefined;

  constructor(file: Deno.FsFile, path: string, access: "read" | undefined) {
    this.#file = file;
    this.#path = path;
    this.#access = access;
  }

  tryLock(): boolean {
    if (this.#fd !== undefined) return true;
    const libc = fileCalls();
    const fd = openFile(libc, this.#path, this.#access);
    let isOurs = false;
    try {
      if (!tryLock(libc, fd)) return false;
      isOurs = this.#hasItsName();
    } finally {
      if (!isOurs) libc.close(fd);
    }
    if (!isOurs) throw new FileError("ENOENT", "the file was renamed or removed");
    this.#fd = fd;
    return true;
  }

  close(): void {
    if (this.#fd !== undefined) fileCalls().close(this.#fd);
    this.#fd = undefined;
  }

  /** Otherwise another file was opened the second time, since this one was renamed or removed. */
  #hasItsName(): boolean {
    const named = Deno.lstatSync(this.#path);
    const { dev, ino } = this.#file.statSync();
    return named.dev === dev && named.ino === ino;
  }
}
