import type { Memory, Resources } from "../runtime.ts";
import { type ObservationSink, RUNTIME_CHANNEL, type Sampler } from "./sampler.ts";

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
    channel: RUNTIME_CHANNEL,
    sample(sink: ObservationSink): void {
      const rss = memory.rss();
      maxRss = Math.max(maxRss, rss);
      const observations: [string, number][] = [["rss", rss], ["max rss", maxRss]];
      const heap = memory.heap?.();
      if (heap !== undefined) {
        observations.push(["heap used", heap.used], ["heap total", heap.total], ["external", heap.external]);
      }
      const time = resources?.cpuTime();
      if (time !== undefined) observations.push(["user time", time.user], ["system time", time.system]);
      sink.observeMany(observations);
    },
  };
}
