/**
 * The limit of `ulimit -f`. The system kills whoever writes beyond it with SIGXFSZ, which other
 * runtimes ignore and Deno does not. So nothing is written beyond it, where it can be asked for.
 *
 * That needs a C function. Without, there is a listener to the signal while a file is open for
 * writing, which makes such a write fail with EFBIG; adding and removing it takes some 8 µs. The
 * first failure tells the limit.
 *
 * @module
 */

import { FileError } from "../../src/runtime.ts";
import type { GetLimit } from "./libc.ts";
import { addOwnListener } from "./signals.ts";

/** Index of the limit of file sizes, for getrlimit(2) on Linux. */
const RLIMIT_FSIZE = 1;

/** Who opens a file for writing holds this until the file is closed. */
export interface FileSizeGuard {
  /**
   * Writes the part of `bytes` that a file may have from byte `at` on.
   *
   * @throws {FileError} `EFBIG` if it may have none.
   */
  write(bytes: Uint8Array, at: number, write: (bytes: Uint8Array) => number): number;
  /** Gives it up. A second call does nothing. */
  release(): void;
}

/** A guard for one file, with getrlimit(2) if it may be called. */
export function guardFileSize(getLimit: GetLimit | undefined): FileSizeGuard {
  if (getLimit !== undefined) {
    const limit = askLimit(getLimit);
    return { write: (bytes, at, write) => write(upTo(limit, bytes, at)), release: () => {} };
  }
  let isHeld = Deno.build.os !== "windows";
  if (isHeld) holdSignal();
  return {
    write(bytes, at, write) {
      try {
        return write(upTo(learned, bytes, at));
      } catch (error) {
        if (error instanceof FileError && error.code === TOO_LARGE && at < learned) learn(at);
        throw error;
      }
    },
    release() {
      if (isHeld) releaseSignal();
      isHeld = false;
    },
  };
}

const TOO_LARGE = "EFBIG";

function upTo(limit: number, bytes: Uint8Array, at: number): Uint8Array {
  if (at + bytes.length <= limit) return bytes;
  if (at < limit) return bytes.subarray(0, limit - at);
  throw new FileError(TOO_LARGE, "file too large");
}

/** The limit, bytes; infinite if there is none. */
function askLimit(getLimit: GetLimit): number {
  const limits = new BigUint64Array(2);
  const failed = getLimit(RLIMIT_FSIZE, new Uint8Array(limits.buffer)) !== 0;
  // "No limit" is 2^64 - 1, which no file reaches.
  return failed ? Infinity : Number(limits[0]);
}

/** The limit as a failure has shown it. */
let learned = Infinity;

/** Files that are open for writing, and one more once a write has failed. */
let holders = 0;
let removeListener = (): void => {};

function holdSignal(): void {
  if (holders++ === 0) removeListener = addOwnListener("SIGXFSZ", () => {});
}

function releaseSignal(): void {
  if (--holders === 0) removeListener();
}

/** ms. A thread of Deno takes far less to look at a signal. */
const DISPATCH = 25;

/**
 * Notes the limit when a write has failed. The signal has come, but a thread of Deno looks for
 * listeners only a little later, and kills the process if it finds none: so there always is one from
 * now on, and the program does not end before. This happens once, since the limit is known then.
 */
function learn(limit: number): void {
  if (learned === Infinity) {
    holdSignal();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DISPATCH);
  }
  learned = limit;
}
