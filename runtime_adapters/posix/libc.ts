import { FileError } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";

/** File names of the C library, the likeliest first. */
export function libcNames(platform: string): readonly string[] {
  return platform === "darwin" ? ["libSystem.dylib"] : ["libc.so.6", "libc.so"];
}

/** The id of the wall clock, on every system. */
export const CLOCK_REALTIME = 0;

/**
 * The id of the monotonic clock: `CLOCK_MONOTONIC`; on macOS `CLOCK_MONOTONIC_RAW`, since the other
 * has only µs there.
 */
export function clockMonotonic(platform: string): number {
  return platform === "darwin" ? 4 : 1;
}

/** The id of the clock of the processor time that the calling thread has used. */
export function clockThreadTime(platform: string): number {
  return platform === "darwin" ? 16 : 3;
}

/** The C function that returns the address of the calling thread's `errno`. */
export function errnoLocation(platform: string): string {
  return platform === "darwin" ? "__error" : "__errno_location";
}

/** The name of an `errno` value, such as `ENOENT`; the numbers differ between systems. */
export function errnoName(errno: number): string {
  const { constants } = builtin<{ constants: { errno: Readonly<Record<string, number>> } }>("node:os");
  const named = Object.entries(constants.errno).find(([, value]) => value === errno);
  return named?.[0] ?? `errno ${errno}`;
}

/** The error of a C function that failed with `errno`. */
export function failure(call: string, errno: number): FileError {
  const code = errnoName(errno);
  return new FileError(code, `${call}: ${code}`, { cause: new Error(`${call}: ${code}`) });
}

/** What {@linkcode tryLock} calls in the C library. */
export interface LockCalls {
  /** flock(2). */
  flock(fd: number, operation: number): number;
  /** The `errno` of the previous call. */
  errno(): number;
}

/** Operations of flock(2), the same on Linux, macOS and the BSDs. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the exclusive lock of an open file. Returns `false` if another open file holds it. */
export function tryLock(libc: LockCalls, fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = libc.errno();
  if (errnoName(errno) === "EAGAIN") return false;
  throw failure("flock", errno);
}
