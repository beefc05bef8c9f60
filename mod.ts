/**
 * Kymo records how quantities of a Deno or Bun program change over time, durations of code above all: every sample, raw, with nanosecond
 * timepoints, in a bounded buffer that is flushed to CSV files.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * monitor.start({ monitoringDir: "_monitoring", withRuntime: true });
 *
 * const id = monitor.startDurationSample();
 * JSON.parse('{"some": "work"}');
 * monitor.stopDurationSample("parse", id);
 *
 * const sum = monitor.timeIt("sum")((a: number, b: number) => a + b);
 * sum(1, 2);
 *
 * await monitor.stop();
 * assertEquals(monitor.status().channels["duration"]?.flushed, 2);
 * rmSync("_monitoring", { recursive: true });
 * ```
 *
 * @module
 */

import type { MonitorStatus } from "./src/recording/status.ts";
import type { StartOptions } from "./src/recording/options.ts";
import type { TimeIt } from "./src/recording/time_it.ts";
import type { ObservationSink } from "./src/sampling/sampler.ts";
import { defaultMonitor } from "./src/recording/default_monitor.ts";

export { parse } from "./src/csv/parse.ts";
export { encodeSegment } from "./src/csv/encode.ts";
export { KymoError, type KymoErrorCode } from "./src/errors.ts";
export { readSpool, recover } from "./src/recording/default_monitor.ts";
export { DoubleBuffer } from "./src/recording/double_buffer.ts";
export { ValueKind } from "./src/series.ts";
export { Segment } from "./src/segment/segment.ts";
export { BackgroundSampler } from "./src/sampling/background.ts";
export type { ChannelCounts, DoubleBufferOptions } from "./src/recording/double_buffer.ts";
export type { Clock, Timers } from "./src/runtime.ts";
export type { Capability, MonitorStatus } from "./src/recording/status.ts";
export type { CapabilityName } from "./src/runtime.ts";
export type { Durability, StartOptions } from "./src/recording/options.ts";
export type { Layout } from "./src/files/names.ts";
export type { Observation } from "./src/segment/observation.ts";
export type { ObservationSink, Sampler } from "./src/sampling/sampler.ts";
export type { SampledSeries } from "./src/sampling/background.ts";
export type { SegmentOwner } from "./src/segment/format.ts";
export type { SegmentContent } from "./src/segment/segment.ts";
export type { RecoverOptions, SpoolReading } from "./src/recording/recover.ts";
export type { RecoveryProgress, RecoverySummary } from "./src/files/recovery.ts";
export type { TimeIt } from "./src/recording/time_it.ts";

/**
 * Begins to record this isolate.
 *
 * @throws {KymoError} while recording, or if an option is wrong; nothing has changed.
 * @throws {KymoError} if the monitoring directory cannot be created or written.
 * @throws {RangeError} if there is no memory for the buffers.
 * @throws {Error} on another runtime than Deno and Bun.
 */
export function start(options?: StartOptions): void {
  defaultMonitor.start(options);
}

/** Ends recording, and resolves once everything is in files. Resolves at once if nothing is recorded; never rejects. */
export function stop(): Promise<void> {
  return defaultMonitor.stop();
}

/** Starts a duration sample and returns its id: the monotonic time in ns; 0 if nothing is recorded. */
export function startDurationSample(): number {
  return defaultMonitor.startDurationSample();
}

/**
 * Ends the duration sample `id`, and keeps how long it took, in seconds, under `label`. An id that cannot be of a running sample is counted
 * in `status().invalidSamples` and otherwise ignored.
 */
export function stopDurationSample(label: string, id: number): void {
  defaultMonitor.stopDurationSample(label, id);
}

/**
 * Makes a timer for functions and methods: `timeIt("label")(fn)`, or `@timeIt("label")` before a method. A function is timed until it returns
 * or throws, an `async` one until its promise is settled, a generator until it ends.
 *
 * @throws {KymoError} if what it is given is no function or method.
 *
 * @example
 * ```ts
 * import { timeIt } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 *
 * class Shop {
 *   @timeIt("Shop.price")
 *   price(amount: number): number {
 *     return 3 * amount;
 *   }
 * }
 * assertEquals(new Shop().price(2), 6);
 * ```
 */
export function timeIt(label: string): TimeIt {
  return defaultMonitor.timeIt(label);
}

/**
 * Times from here to the end of the block.
 *
 * @example
 * ```ts
 * import { time } from "@kymo/kymo";
 *
 * {
 *   using _ = time("my block");
 *   JSON.parse("[1, 2, 3]");
 * }
 * ```
 */
export function time(label: string): Disposable {
  return defaultMonitor.time(label);
}

/** Keeps one measurement of your own, in the unit you like, in the files called `custom`. */
export function observe(label: string, value: number): void {
  defaultMonitor.observe(label, value);
}

/** Keeps several measurements of one moment. */
export function observeMany(observations: Iterable<readonly [label: string, value: number]>): void {
  defaultMonitor.observeMany(observations);
}

/**
 * Where observations go to files of their own. It may be kept for ever: while nothing is recorded it does nothing.
 *
 * @throws {KymoError} if the channel is not 1 to 64 letters, digits, `_` or `-`, is one of the monitor's own, or is the 65th.
 */
export function channel(channel: string): ObservationSink {
  return defaultMonitor.channel(channel);
}

/** What is going on: counts, capabilities, failures. Cheap, and safe to call at any time. */
export function status(): MonitorStatus {
  return defaultMonitor.status();
}
