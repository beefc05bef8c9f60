import type { Clock } from "../../src/runtime.ts";
import { libcClock } from "../posix/clock.ts";
import { wallClock } from "../web_api/epoch.ts";
import { openLibc } from "./libc.ts";

/** `performance.now()`, in ns since the isolate began. */
export function performanceClock(): Clock {
  return {
    name: "performance.now",
    now: () => Math.round(performance.now() * 1e6),
    epoch: wallClock(globalThis),
  };
}

/** {@linkcode libcClock}; or why it cannot be had. Asks for no permission: it takes `--allow-ffi` if it is there. */
export function denoLibcClock(): Clock | string {
  if (Deno.build.os === "windows") return "there is no clock_gettime on Windows";
  const functions = openLibc({ clock_gettime: { parameters: ["i32", "pointer"], result: "i32" } });
  if (typeof functions === "string") return functions;
  return libcClock(Deno.build.os, functions.clock_gettime, (buffer) => Deno.UnsafePointer.of(buffer));
}
