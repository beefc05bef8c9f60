import type { CapabilityName, Runtime } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { gcTracker } from "../node_api/gc.ts";
import { memory, resources } from "../node_api/usage.ts";
import { unmappable } from "../posix/mapping.ts";
import { randomIsolateId } from "../web_api/isolate_id.ts";
import { timers } from "../web_api/timers.ts";
import { bunClock, bunLibcClock } from "./clock.ts";
import { bunExitHooks } from "./exit_hooks.ts";
import { files } from "./files.ts";
import { map } from "./mapping.ts";
import { bunProfiler } from "./profiler.ts";

/** The part of the global `Bun` that is used. */
interface BunGlobal {
  readonly version: string;
  nanoseconds(): number;
}

const MICROSECONDS_PER_SECOND = 1e6;

/** Bun. */
export function bunRuntime(): Runtime {
  const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;
  const { pid, platform } = nodeProcess();
  const clock = bunLibcClock();
  const unmapped = unmappable(platform);
  const profiler = bunProfiler();
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const unavailable: Partial<Record<CapabilityName, string>> = {
    ...typeof clock === "string" ? { "clock.libc": clock } : {},
    "gc.uncollectable": "no JavaScript runtime tells it",
    ...unmapped === undefined ? {} : { spool: unmapped },
    ...isMainThread ? {} : { signals: "workers hear no signals; the main isolate tells them" },
    ...typeof profiler === "string" ? { profiler } : {},
  };
  return {
    name: "bun",
    version: bun.version,
    pid,
    clock: typeof clock === "string" ? bunClock(bun) : clock,
    files: unmapped === undefined ? { ...files, map } : files,
    timers,
    memory,
    resources,
    gc: gcTracker(MICROSECONDS_PER_SECOND),
    ...typeof profiler === "string" ? {} : { profiler },
    exitHooks: bunExitHooks(),
    isolateId: randomIsolateId,
    unavailable,
  };
}
