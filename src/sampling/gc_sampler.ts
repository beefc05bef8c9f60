import type { GcTracker } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, SERIES } from "../series.ts";

/**
 * Samples garbage collections of this isolate.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `gc collections` | count | number of collections since sampling began |
 * | `gc collected` | bytes | heap freed since sampling began |
 * | `gc pause` | s | time that one collection stopped the isolate; recorded at the next sampling tick |
 *
 * On Bun, part of a collection may run concurrently with the program, so the time it reports can
 * exceed the pause.
 *
 * There is no `gc uncollectable`: no JavaScript runtime reports it.
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
        // If more was allocated than freed during a collection, the freed bytes are unknown.
        collected += Math.max(0, before - after);
        pauses.push([SERIES.gcPause, pause]);
      }
      sink.observeMany([[SERIES.gcCollections, collections], [SERIES.gcCollected, collected], ...pauses]);
    },
    stop: () => gc.stop(),
  };
}
