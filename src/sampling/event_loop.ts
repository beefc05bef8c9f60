import type { Clock, Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, LAG_PROBE_INTERVAL, SERIES } from "../series.ts";

const NANOSECONDS_PER_MS = 1e6;
const NANOSECONDS_PER_SECOND = 1e9;

/**
 * How late the event loop runs its timers.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `event loop lag` | s | by how much a 20 ms timer was late |
 *
 * A lag of 20 ms or more is observed when it happens; of the smaller ones, the largest of each sampling interval. A timer of our own,
 * because `monitorEventLoopDelay` misses most of a blocked loop on Deno and event-loop utilization is not there on either runtime.
 */
export function eventLoopSampler(clock: Clock, timers: Timers, sink: ObservationSink): Sampler {
  let due = 0;
  let largest: number | undefined; // none yet in this sampling interval
  let cancel = (): void => {};
  const probe = (): void => {
    const now = clock.now();
    const lag = Math.max(0, now - due);
    due = now + LAG_PROBE_INTERVAL * NANOSECONDS_PER_MS;
    if (lag >= LAG_PROBE_INTERVAL * NANOSECONDS_PER_MS) sink.observe(SERIES.eventLoopLag, lag / NANOSECONDS_PER_SECOND);
    else largest = Math.max(largest ?? 0, lag);
  };
  return {
    channel: CHANNELS.runtime,
    start(): void {
      due = clock.now() + LAG_PROBE_INTERVAL * NANOSECONDS_PER_MS;
      cancel = timers.every(LAG_PROBE_INTERVAL, probe);
    },
    sample(): void {
      if (largest !== undefined) sink.observe(SERIES.eventLoopLag, largest / NANOSECONDS_PER_SECOND);
      largest = undefined;
    },
    stop: () => cancel(),
  };
}
