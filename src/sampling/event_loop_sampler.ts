import type { Clock, Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, LAG_PROBE_INTERVAL, SERIES } from "../series.ts";

const NANOSECONDS_PER_MS = 1e6;
const NANOSECONDS_PER_SECOND = 1e9;

/**
 * Samples how late the event loop runs its timers.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `event loop lag` | s | delay of a timer that repeats every {@linkcode LAG_PROBE_INTERVAL} ms |
 *
 * A lag of at least {@linkcode LAG_PROBE_INTERVAL} is recorded when it happens. Of smaller lags,
 * the largest in each sampling interval is recorded. The sampler uses a timer of its own:
 * `monitorEventLoopDelay` misses most of a blocked loop on Deno, and `eventLoopUtilization` returns
 * only zeros on both runtimes.
 */
export function eventLoopSampler(clock: Clock, timers: Timers, sink: ObservationSink): Sampler {
  let due = 0;
  let largest: number | undefined; // in this sampling interval, if there was one
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
