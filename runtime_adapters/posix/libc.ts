import { FileError } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";

/** Names of the C library, the likeliest first. */
export function libcNames(platform: string): readonly string[] {
  return platform === "darwin" ? ["libSystem.dylib"] : ["libc.so.6", "libc.so"];
}

/** The monotonic clock in ns of `<time.h>`: `CLOCK_MONOTONIC`, on macOS, where that has only µs, `CLOCK_MONOTONIC_RAW`. */
export function clockMonotonic(platform: string): number {
  return platform === "darwin" ? 4 : 1;
}

/** The C function that tells where `errno` of the calling thread is. */
export function errnoLocation(platform: string): string {
  return platform === "darwin" ? "__error" : "__errno_location";
}

/** The name of a value of `errno`, which each system numbers in its own way. */
export function errnoName(errno: number): string {
  const { constants } = builtin<{ constants: { errno: Readonly<Record<string, number>> } }>("node:os");
  const named = Object.entries(constants.errno).find(([, value]) => value === errno);
  return named?.[0] ?? `errno ${errno}`;
}

/** What to throw after a C function has failed and left `errno`. */
export function failure(call: string, errno: number): FileError {
  const code = errnoName(errno);
  return new FileError(code, `${call}: ${code}`, { cause: new Error(`${call}: ${code}`) });
}
