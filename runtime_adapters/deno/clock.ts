import type { Clock } from "../../src/runtime.ts";
import { libcClock } from "../posix/clock.ts";
import { openLibc } from "./libc.ts";

/**
 * {@linkcode libcClock}, or the reason why there is none. Uses `--allow-ffi` if granted, and never
 * prompts.
 */
export function denoLibcClock(): Clock | string {
  if (Deno.build.os === "windows") return "Windows has no clock_gettime";
  const functions = openLibc({ clock_gettime: { parameters: ["i32", "pointer"], result: "i32" } });
  if (typeof functions === "string") return functions;
  const { clock_gettime } = functions;
  return libcClock(Deno.build.os, { clock_gettime, addressOf: (buffer) => Deno.UnsafePointer.of(buffer) });
}
