import type { Clock } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { libcClock } from "../posix/clock.ts";
import { wallClock } from "../web_api/wall_clock.ts";
import { openLibc } from "./libc.ts";

/** `Bun.nanoseconds()`: ns since the process started, the cheapest clock of Bun itself. */
export function bunClock(bun: { nanoseconds(): number }): Clock {
  return { name: "Bun.nanoseconds", now: bun.nanoseconds, epoch: wallClock(globalThis) };
}

/** {@linkcode libcClock}, or the reason why there is none. */
export function bunLibcClock(): Clock | string {
  const { platform } = nodeProcess();
  if (platform === "win32") return "Windows has no clock_gettime";
  try {
    const { clock_gettime, addressOf } = openLibc();
    return libcClock(platform, clock_gettime, addressOf);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
