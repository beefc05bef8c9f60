import type { Memory, Resources } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";

const MICROSECONDS_PER_SECOND = 1e6;

/**
 * `process.memoryUsage`: a few µs on both runtimes, whatever the size of the heap.
 *
 * @param peakRss From `posix/peak_rss.ts`; a text says why it is not known.
 */
export function memoryOf(peakRss: Memory["peakRss"] | string, collect?: () => void): Memory {
  return {
    rss: () => nodeProcess().memoryUsage.rss(),
    heap() {
      const { heapUsed, heapTotal, external } = nodeProcess().memoryUsage();
      return { used: heapUsed, total: heapTotal, external };
    },
    ...typeof peakRss === "function" ? { peakRss } : {},
    ...collect === undefined ? {} : { collect },
  };
}

/** `process.cpuUsage`: 1 µs on every runtime. (`resourceUsage` is new in Deno 2.9.) */
export const resources: Resources = {
  cpuTime() {
    const { user, system } = nodeProcess().cpuUsage();
    return { user: user / MICROSECONDS_PER_SECOND, system: system / MICROSECONDS_PER_SECOND };
  },
};
