import type { Clock, Timers } from "../runtime.ts";
import { type ObservationSink, RUNTIME_CHANNEL, type Sampler } from "./sampler.ts";

/** How often the loop is probed, ms. */
const PROBE_INTERVAL = 20;

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
    due = now + PROBE_INTERVAL * NANOSECONDS_PER_MS;
    if (lag >= PROBE_INTERVAL * NANOSECONDS_PER_MS) sink.observe("event loop lag", lag / NANOSECONDS_PER_SECOND);
    else largest = Math.max(largest ?? 0, lag);
  };
  return {
    channel: RUNTIME_CHANNEL,
    start(): void {
      due = clock.now() + PROBE_INTERVAL * NANOSECONDS_PER_MS;
      cancel = timers.every(PROBE_INTERVAL, probe);
    },
    sample(): void {
      if (largest !== undefined) sink.observe("event loop lag", largest / NANOSECONDS_PER_SECOND);
      largest = undefined;
    },
    stop: () => cancel(),
  };
}
