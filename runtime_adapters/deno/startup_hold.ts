import type { StartupHold } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { inWorker } from "./signals.ts";

const NANOSECONDS_PER_MS = 1e6;
const MICROSECONDS_PER_SECOND = 1e6;

/**
 * While a session of the inspector is open in the isolate that starts a worker, which our profiler
 * does, Deno waits for a debugger that never comes: once the worker has evaluated its module, for
 * half a second (502 to 510 ms in Deno 2.9.6). The worker cannot see whether that was the case.
 */
export function denoStartupHold(): StartupHold | undefined {
  const { threadCpuUsage } = nodeProcess();
  if (!inWorker || threadCpuUsage === undefined) return undefined;
  return {
    duration: 500 * NANOSECONDS_PER_MS,
    cpuTime() {
      const { user, system } = threadCpuUsage();
      return (user + system) / MICROSECONDS_PER_SECOND;
    },
  };
}
