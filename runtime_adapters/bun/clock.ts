import type { Clock } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { libcClock, libcEpoch, libcThreadTime } from "../posix/clock.ts";
import { runtimeEpoch } from "../web_api/wall_clock.ts";
import { openLibc } from "./libc.ts";
import { isTestRunner } from "./test_runner.ts";

/** `Bun.nanoseconds()`: ns since the process started, the cheapest clock of Bun itself. */
export function bunClock(bun: { nanoseconds(): number }): Clock {
  return { name: "Bun.nanoseconds", now: bun.nanoseconds, epoch: runtimeEpoch };
}

/**
 * {@linkcode libcClock}, or the reason why there is none. In `bun test` also the wall clock is that
 * of the C library: `bun:test` fakes `Date` and `Temporal`, even those that were taken before.
 */
export function bunLibcClock(): Clock | string {
  const { platform } = nodeProcess();
  if (platform === "win32") return "Windows has no clock_gettime";
  try {
    const libc = openLibc();
    return libcClock(platform, libc, isTestRunner() ? libcEpoch(libc) : undefined);
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
