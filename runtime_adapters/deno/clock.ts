import type { Clock } from "../../src/runtime.ts";
import { libcClock } from "../posix/clock.ts";
import { openClockGettime } from "./libc.ts";

/**
 * {@linkcode libcClock}, or the reason why there is none. Uses `--allow-ffi` if granted, and never
 * prompts.
 */
export function denoLibcClock(): Clock | string {
  if (Deno.build.os === "windows") return "Windows has no clock_gettime";
  const clock_gettime = openClockGettime();
  if (typeof clock_gettime === "string") return clock_gettime;
  return libcClock(Deno.build.os, { clock_gettime, addressOf: (buffer) => Deno.UnsafePointer.of(buffer) });
}
