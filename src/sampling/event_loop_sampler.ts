import type { Clock, StartupHold, Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { CHANNELS, LAG_PROBE_INTERVAL, NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, SERIES } from "../series.ts";

const PROBE_INTERVAL = LAG_PROBE_INTERVAL * NANOSECONDS_PER_MS;

/** Time after `start` in which the runtime may hold the isolate up, ns. */
const STARTUP = 10 * NANOSECONDS_PER_SECOND;

/**
 * Least part of a hold that must have been idle: CPU time comes in steps of 10 ms, and part of the
 * hold lies before the timer is due.
 */
const IDLE_PART = 0.8;

/** What an {@linkcode eventLoopSampler} runs on. */
export interface EventLoop {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Present in an isolate that the runtime may hold up. */
  readonly startupHold?: StartupHold;
}

/**
 * Samples how late the event loop runs its timers.
 *
 * | series | unit | meaning |
 * | --- | --- | --- |
 * | `event loop lag` | s | delay of a timer that repeats every {@linkcode LAG_PROBE_INTERVAL} ms |
 *
 * A lag of at least {@linkcode LAG_PROBE_INTERVAL} is recorded when it happens. Of smaller lags,
 * the largest in each sampling interval is recorded. A timer that is due and has not run when the
 * sampler samples, as at the end of a program that blocked the loop, counts with the delay so far.
 *
 * The sampler uses a timer of its own: `monitorEventLoopDelay` misses most of a blocked loop on
 * Deno, and `eventLoopUtilization` returns only zeros on both runtimes.
 */
export function eventLoopSampler({ clock, timers, startupHold }: EventLoop, sink: ObservationSink): Sampler {
  let due = 0;
  let largest: number | undefined; // in this sampling interval, if there was one
  let cancel = (): void => {};
  let heldUp: (lag: number) => number = (lag) => lag;

  const take = (now: number): void => {
    const lag = heldUp(Math.max(0, now - due));
    due = now + PROBE_INTERVAL;
    if (lag >= PROBE_INTERVAL) sink.observe(SERIES.eventLoopLag, lag / NANOSECONDS_PER_SECOND);
    else largest = Math.max(largest ?? 0, lag);
  };
  return {
    channel: CHANNELS.runtime,
    start(): void {
      const now = clock.now();
      due = now + PROBE_INTERVAL;
      if (startupHold !== undefined) heldUp = withoutHold(startupHold, clock);
      cancel = timers.every(LAG_PROBE_INTERVAL, () => take(clock.now()));
    },
    sample(): void {
      const now = clock.now();
      if (now > due) take(now); // the late timer then finds itself in time
      if (largest !== undefined) sink.observe(SERIES.eventLoopLag, largest / NANOSECONDS_PER_SECOND);
      largest = undefined;
    },
    stop: () => cancel(),
  };
}

/**
 * Returns a function that takes each lag in turn, ns, and subtracts the time for which the runtime
 * has held the isolate up: once, soon after the start, and without using the processor.
 */
function withoutHold({ duration, cpuTime }: StartupHold, clock: Clock): (lag: number) => number {
  const end = clock.now() + STARTUP;
  let used = cpuTime();
  let wasHeld = false;
  return (lag) => {
    if (wasHeld || clock.now() > end) return lag;
    const before = used;
    used = cpuTime();
    const idle = lag - (used - before) * NANOSECONDS_PER_SECOND;
    if (idle < IDLE_PART * duration) return lag;
    wasHeld = true;
    return Math.max(0, lag - duration);
  };
}
