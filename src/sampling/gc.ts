import type { GcTracker } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, SERIES } from "../series.ts";

/**
 * Garbage collection of this isolate.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `gc collections` | count | collections since sampling began |
 * | `gc collected` | bytes | heap freed by them, since sampling began |
 * | `gc pause` | s | how long one collection stopped the isolate; an observation each, made at the next sampling tick |
 *
 * What Bun reports as the length of a collection may in part have run beside the program.
 *
 * No JavaScript runtime tells what could not be collected, so there is no `gc uncollectable`.
 */
export function gcSampler(gc: GcTracker): Sampler {
  let collections = 0;
  let collected = 0;
  return {
    channel: CHANNELS.runtime,
    start: () => gc.start(),
    sample(sink: ObservationSink): void {
      const pauses: [string, number][] = [];
      for (const { pause, before, after } of gc.drain()) {
        collections++;
        // A collection during which more was allocated than freed has freed nothing that can be told.
        collected += Math.max(0, before - after);
        pauses.push([SERIES.gcPause, pause]);
      }
      sink.observeMany([[SERIES.gcCollections, collections], [SERIES.gcCollected, collected], ...pauses]);
    },
    stop: () => gc.stop(),
  };
}
