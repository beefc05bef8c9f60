import type { Memory, Resources } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";

const MICROSECONDS_PER_SECOND = 1e6;

/** `process.memoryUsage`, which costs a few µs on a heap of any size on both runtimes. */
export const memory: Memory = {
  rss: () => nodeProcess().memoryUsage.rss(),
  heap() {
    const { heapUsed, heapTotal, external } = nodeProcess().memoryUsage();
    return { used: heapUsed, total: heapTotal, external };
  },
};

/** `process.resourceUsage`: getrusage(2), in µs. */
export const resources: Resources = {
  cpuTime() {
    const { userCPUTime, systemCPUTime } = nodeProcess().resourceUsage();
    return { user: userCPUTime / MICROSECONDS_PER_SECOND, system: systemCPUTime / MICROSECONDS_PER_SECOND };
  },
};
