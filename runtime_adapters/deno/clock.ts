import type { Clock } from "../../src/runtime.ts";
import { libcClock } from "../posix/clock.ts";
import { wallClock } from "../web_api/wall_clock.ts";
import { openLibc } from "./libc.ts";

/** `performance.now()`, as ns since the isolate started. */
export function performanceClock(): Clock {
  return {
    name: "performance.now",
    now: () => Math.round(performance.now() * 1e6),
    epoch: wallClock(globalThis),
  };
}

/**
 * {@linkcode libcClock}, or the reason why there is none. Uses `--allow-ffi` if granted, and never
 * prompts.
 */
export function denoLibcClock(): Clock | string {
  if (Deno.build.os === "windows") return "Windows has no clock_gettime";
  const functions = openLibc({ clock_gettime: { parameters: ["i32", "pointer"], result: "i32" } });
  if (typeof functions === "string") return functions;
  return libcClock(Deno.build.os, functions.clock_gettime, (buffer) => Deno.UnsafePointer.of(buffer));
}
