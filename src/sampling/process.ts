import type { Memory, Resources } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, SERIES } from "../series.ts";

/**
 * Memory and processor time.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `user time`, `system time` | s | processor time of the process since it began, in user code and in the kernel |
 * | `rss` | bytes | resident set size of the process |
 * | `max rss` | bytes | largest `rss` sampled (what the system calls maxrss starts with the parent's) |
 * | `heap used`, `heap total`, `external` | bytes | JavaScript heap of this isolate, and what it holds outside itself |
 *
 * On Bun `heap used` counts `external` too, and both are as of the last collection.
 */
export function processSampler(memory: Memory, resources: Resources | undefined): Sampler {
  let maxRss = 0;
  return {
    channel: CHANNELS.runtime,
    sample(sink: ObservationSink): void {
      const rss = memory.rss();
      maxRss = Math.max(maxRss, rss);
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
