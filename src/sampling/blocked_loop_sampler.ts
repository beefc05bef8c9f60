import { KymoError } from "../errors.ts";
import type { LoopWatch, Timers } from "../runtime.ts";
import { CHANNELS, LAG_PROBE_INTERVAL, NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, SERIES } from "../series.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";

/** What a {@linkcode blockedLoopSampler} runs on. */
export interface BlockedLoop {
  readonly timers: Timers;
  /** Starts the thread; `undefined` if there can be none. */
  readonly watch: () => LoopWatch | undefined;
  /** Called with each failure. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/**
 * Samples the process from a thread while the event loop is blocked: `rss`, `user time` and `system
 * time`, and as `event loop lag` how long the loop has been blocked by then.
 *
 * The thread keeps its samples in memory. They are recorded, with the timepoints of the thread, when
 * the loop turns again, at `stop`, and when the program ends in a way that lets JavaScript run. If
 * the process is killed while the loop is blocked, those of that time are lost.
 */
export function blockedLoopSampler({ timers, watch, report }: BlockedLoop, sink: ObservationSink): Sampler {
  let thread: LoopWatch | undefined;
  let cancel = (): void => {};
  const drain = (): void => {
    const { samples, lost } = thread?.drain() ?? { samples: [], lost: 0 };
    for (const { timepoint: at, silence, rss, user, system } of samples) {
      const lag = Math.max(0, silence - LAG_PROBE_INTERVAL * NANOSECONDS_PER_MS) / NANOSECONDS_PER_SECOND;
      sink.observeMany([
        [SERIES.rss, rss],
        [SERIES.userTime, user],
        [SERIES.systemTime, system],
        [SERIES.eventLoopLag, lag],
      ], { at });
    }
    if (lost > 0) {
      const why = `the loop was blocked for so long that there was no room for ${lost} samples`;
      report(new KymoError("limit-exceeded", `Cannot sample the blocked event loop: ${why}`));
    }
  };
  const beat = (): void => {
    thread?.beat();
    drain();
  };
  return {
    channel: CHANNELS.runtime,
    start(): void {
      thread = watch();
      if (thread === undefined) return;
      beat();
      cancel = timers.every(LAG_PROBE_INTERVAL, beat);
    },
    sample: drain,
    stop(): void {
      cancel();
      thread?.stop();
      thread = undefined;
    },
  };
}
