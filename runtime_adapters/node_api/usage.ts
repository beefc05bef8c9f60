import type { Memory, Resources } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";

const MICROSECONDS_PER_SECOND = 1e6;

/** `process.memoryUsage`: a few µs on both runtimes, whatever the size of the heap. */
export const memory: Memory = {
  rss: () => nodeProcess().memoryUsage.rss(),
  heap() {
    const { heapUsed, heapTotal, external } = nodeProcess().memoryUsage();
    return { used: heapUsed, total: heapTotal, external };
  },
};

/** `process.resourceUsage`, which calls getrusage(2) and returns µs. */
export const resources: Resources = {
  cpuTime() {
    const { userCPUTime, systemCPUTime } = nodeProcess().resourceUsage();
    return { user: userCPUTime / MICROSECONDS_PER_SECOND, system: systemCPUTime / MICROSECONDS_PER_SECOND };
  },
};
