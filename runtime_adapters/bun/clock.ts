import type { Clock } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { libcClock, libcThreadTime } from "../posix/clock.ts";
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
    return libcClock(platform, openLibc());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Returns the processor time that this thread has used, µs; or the reason why that cannot be told.
 * `process.threadCpuUsage` is new in Bun 1.4.
 */
export function bunThreadTime(): (() => number) | string {
  const process = nodeProcess();
  if (process.threadCpuUsage !== undefined) {
    return () => {
      const { user, system } = process.threadCpuUsage!();
      return user + system;
    };
  }
  if (process.platform === "win32") return "needs Bun 1.4";
  try {
    return libcThreadTime(process.platform, openLibc());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
