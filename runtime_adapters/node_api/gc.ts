import type { GcEvent, GcTracker } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";

/** `v8.GCProfiler` of Node's API. */
interface GcProfiler {
  start(): void;
  stop(): { readonly statistics: readonly GcStatistics[] } | undefined;
}

interface GcStatistics {
  readonly cost: number;
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

/**
 * Records garbage collections with `v8.GCProfiler`.
 *
 * @param costPerSecond Units of the profiler's `cost` per second: 1e9 on Deno (ns), 1e6 on Bun
 * and Node (µs).
 */
export function gcTracker(costPerSecond: number): GcTracker {
  let profiler: GcProfiler | undefined;
  const begin = (): void => {
    const { GCProfiler } = builtin<{ GCProfiler: new () => GcProfiler }>("node:v8");
    profiler = new GCProfiler();
    profiler.start();
  };
  const end = (): readonly GcEvent[] => {
    const statistics = profiler?.stop()?.statistics ?? [];
    profiler = undefined;
    return statistics.map(({ cost, beforeGC, afterGC }) => ({
      pause: cost / costPerSecond,
      before: beforeGC.heapStatistics.usedHeapSize,
      after: afterGC.heapStatistics.usedHeapSize,
    }));
  };
  return {
    start: begin,
    // The profiler reports only when it is stopped. Stopping and starting allocate next to nothing,
    // so no collection is missed.
    drain() {
      const events = end();
      begin();
      return events;
    },
    stop: () => void end(),
  };
}
