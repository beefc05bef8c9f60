import type { Clock } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { libcClock } from "../posix/clock.ts";
import { wallClock } from "../web_api/epoch.ts";
import { openLibc } from "./libc.ts";

/** `Bun.nanoseconds()`: ns since the process began, the cheapest clock that Bun itself has. */
export function bunClock(bun: { nanoseconds(): number }): Clock {
  return { name: "Bun.nanoseconds", now: bun.nanoseconds, epoch: wallClock(globalThis) };
}

/** {@linkcode libcClock}; or why it cannot be had. */
export function bunLibcClock(): Clock | string {
  const { platform } = nodeProcess();
  if (platform === "win32") return "there is no clock_gettime on Windows";
  try {
    const { clock_gettime, addressOf } = openLibc();
    return libcClock(platform, clock_gettime, addressOf);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
