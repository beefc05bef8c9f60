import type { Clock } from "../../src/runtime.ts";
import { clockMonotonic } from "../posix/libc.ts";
import { wallClock } from "../web_api/epoch.ts";
import { openLibc } from "./libc.ts";

const NANOSECONDS = 1_000_000_000;

/** `performance.now()`, in ns since the isolate began. */
export function performanceClock(): Clock {
  return {
    name: "performance.now",
    now: () => Math.round(performance.now() * 1e6),
    epoch: wallClock(globalThis),
  };
}

/**
 * clock_gettime(2) of the C library, three times as cheap as `performance.now()`; or why it cannot be had. Asks for no permission: it takes
 * `--allow-ffi` if it is there.
 */
export function libcClock(): Clock | string {
  if (Deno.build.os === "windows") return "there is no clock_gettime on Windows";
  const functions = openLibc({ clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } });
  if (typeof functions === "string") return functions;
  const id = clockMonotonic(Deno.build.os);
  const gettime = functions.clock_gettime;
  // struct timespec: 64-bit seconds, 64-bit nanoseconds; their upper words are 0 (the uptime of a machine fits in 136 years).
  const time = new Uint32Array(4);
  gettime(id, time);
  // Counted from about now, so that a long uptime does not use up the digits of a double; from a second before, so that no time is 0.
  const zero = time[0]! - 1;
  return {
    name: "clock_gettime",
    now: () => {
      gettime(id, time);
      return (time[0]! - zero) * NANOSECONDS + time[2]!;
    },
    epoch: wallClock(globalThis),
  };
}
