import type { Memory, Resources } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, SERIES } from "../series.ts";

/**
 * Samples memory and CPU time.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `user time`, `system time` | s | CPU time of the process since its start, in user code and in the kernel |
 * | `rss` | bytes | resident set size of the process |
 * | `max rss` | bytes | largest resident set size of the process since it began; on a runtime that cannot read it, the largest `rss` sampled |
 * | `heap used`, `heap total`, `external` | bytes | JavaScript heap of this isolate, and memory that it references outside the heap |
 *
 * On Bun, `heap used` includes `external`, and both are measured at the last collection.
 */
export function processSampler(memory: Memory, resources: Resources | undefined): Sampler {
  let maxRss = 0;
  return {
    channel: CHANNELS.runtime,
    sample(sink: ObservationSink): void {
      const rss = memory.rss();
      maxRss = Math.max(maxRss, rss, memory.peakRss?.() ?? 0);
      const observations: [string, number][] = [[SERIES.rss, rss], [SERIES.maxRss, maxRss]];
      const heap = memory.heap?.();
      if (heap !== undefined) {
        observations.push([SERIES.heapUsed, heap.used], [SERIES.heapTotal, heap.total], [
          SERIES.external,
          heap.external,
        ]);
      }
      const time = resources?.cpuTime();
      if (time !== undefined) observations.push([SERIES.userTime, time.user], [SERIES.systemTime, time.system]);
      sink.observeMany(observations);
    },
  };
}
