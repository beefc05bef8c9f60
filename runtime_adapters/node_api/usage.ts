import type { Memory, Resources } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";

const MICROSECONDS_PER_SECOND = 1e6;

/**
 * `process.memoryUsage`: a few µs on both runtimes, whatever the size of the heap.
 *
 * @param peakRss From `posix/peak_rss.ts`; a text says why it is not known.
 */
export function memoryOf(peakRss: Memory["peakRss"] | string): Memory {
  return {
    rss: () => nodeProcess().memoryUsage.rss(),
    heap() {
      const { heapUsed, heapTotal, external } = nodeProcess().memoryUsage();
      return { used: heapUsed, total: heapTotal, external };
    },
    ...typeof peakRss === "function" ? { peakRss } : {},
  };
}

/** `process.resourceUsage`, which calls getrusage(2) and returns µs. */
export const resources: Resources = {
  cpuTime() {
    const { userCPUTime, systemCPUTime } = nodeProcess().resourceUsage();
    return { user: userCPUTime / MICROSECONDS_PER_SECOND, system: systemCPUTime / MICROSECONDS_PER_SECOND };
  },
};
