/**
 * Kymo records how quantities of a Deno or Bun program change over time, above all how long its
 * code takes: every sample, raw, with nanosecond timepoints, in a bounded buffer that is flushed to
 * CSV files.
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

import { defaultMonitor, reportOtherCopies } from "./src/recording/default_monitor.ts";
import type { StartOptions } from "./src/recording/options.ts";
import type { MonitorStatus } from "./src/recording/status.ts";
import type { ObservationSink } from "./src/sampling/sampler.ts";
import type { TimeIt } from "./src/sampling/time_it.ts";
import type { ObserveOptions } from "./src/sampling/timepoint.ts";

export { KymoError, type KymoErrorCode } from "./src/errors.ts";
export type { RetentionOptions } from "./src/control/retention_options.ts";
export type { Layout } from "./src/files/names.ts";
export type { RecoveryProgress, RecoverySummary } from "./src/files/recovery.ts";
export type { ChannelCounts } from "./src/recording/buffers/double_buffer.ts";
export { Monitor } from "./src/recording/monitor.ts";
export type { Durability, RuntimeSampling, StartOptions, WriteOptions } from "./src/recording/options.ts";
export { readSpool, type SpoolReading } from "./src/recording/read_spool.ts";
export { recover, type RecoverOptions } from "./src/recording/recovery/recover.ts";
export type { RecordingState } from "./src/control/answer_file.ts";
export type { PrunedCounts } from "./src/control/retention/pruned_counts.ts";
export type { Capability, MonitorStatus } from "./src/recording/status.ts";
export type { CapabilityName } from "./src/runtime.ts";
export type { ObservationSink, Sampler, SampleResult } from "./src/sampling/sampler.ts";
export type { TimeIt } from "./src/sampling/time_it.ts";
export type { ObserveOptions, Timepoint } from "./src/sampling/timepoint.ts";
export type { Observation } from "./src/segment/observation.ts";

/**
 * Begins to record this isolate. All copies of this package in it share one recording. While it
 * records already, a call with the same options goes on with that recording; `onError` and the
 * functions of the samplers are then those given last, so a development server may evaluate the
 * module again.
 *
 * @returns what stops this recording when it is disposed of, unless it was stopped before; it need
 * not be used.
 * @throws {KymoError} `"invalid-state"` while recording with other options, `"invalid-argument"` if
 * an option is wrong, `"unsupported"` on another runtime than Deno, Bun and Node, or the code of
 * what the disk refused: `"permission-denied"` or `"io"`. Nothing has changed then. With `optional`
 * nothing is thrown.
 * @throws {RangeError} if there is no memory for the buffers.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * {
 *   await using _ = monitor.start({ monitoringDir: "_until_the_block_ends" });
 *   monitor.observe("queue length", 17);
 * }
 * assertEquals(monitor.status().flushed, 1);
 * rmSync("_until_the_block_ends", { recursive: true });
 * ```
 */
export function start(options?: StartOptions): AsyncDisposable {
  const recording = defaultMonitor.start(options);
  reportOtherCopies();
  return recording;
}

/**
 * Ends recording; resolves when all rows are in files, or counted as dropped. Never rejects;
 * resolves at once if nothing is recorded.
 */
export function stop(): Promise<void> {
  return defaultMonitor.stop();
}

/**
 * Resolves when all that was recorded until this call is in files; running samples go on. What
 * cannot be written in some attempts stays buffered, and the failure is in `status()`. Never
 * rejects; resolves at once if nothing is recorded.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * monitor.start({ monitoringDir: "_flushed" });
 * monitor.observe("queue length", 17);
 * await monitor.flush();
 * assertEquals(monitor.status().flushed, 1);
 * await monitor.stop();
 * rmSync("_flushed", { recursive: true });
 * ```
 */
export function flush(): Promise<void> {
  return defaultMonitor.flush();
}

/**
 * Records nothing from now on, until {@linkcode resume}: sampling calls do nothing and cost as little
 * as before `start`, samplers rest, and the CPU profile ends. What was recorded stays. The pause is
 * recorded, so that no rate counts it. Does nothing unless Kymo is started.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * monitor.start({ monitoringDir: "_paused" });
 * monitor.pause();
 * monitor.observe("queue length", 17); // not recorded
 * assertEquals(monitor.status().recording, { on: false, reason: "paused by the program" });
 * monitor.resume();
 * monitor.observe("queue length", 18);
 * await monitor.stop();
 * assertEquals(monitor.status().channels["custom"]?.flushed, 1);
 * rmSync("_paused", { recursive: true });
 * ```
 */
export function pause(): void {
  defaultMonitor.pause();
}

/**
 * Records again after {@linkcode pause}, unless the recording is switched off from outside
 * (`kymo off`) or by the option `record`.
 */
export function resume(): void {
  defaultMonitor.resume();
}

/**
 * Starts a duration sample and returns its id: the monotonic time in ns; 0 if nothing is recorded.
 */
export function startDurationSample(): number {
  return defaultMonitor.startDurationSample();
}

/**
 * Stops the duration sample `id`, and records its duration, in seconds, under `label`. An id that
 * is not of a running sample is counted in `status().invalidSamples` and otherwise ignored.
 */
export function stopDurationSample(label: string, id: number): void {
  defaultMonitor.stopDurationSample(label, id);
}

/**
 * Makes a timer for functions and methods: `timeIt("label")(fn)`, or `@timeIt("label")` before a
 * method, as a standard decorator or with TypeScript's `experimentalDecorators`. A function is timed
 * until it returns or throws; one that returns a promise, until that is settled; one that returns a
 * lazy query, until the first `await` of it is settled; a generator, until it ends.
 *
 * @throws {KymoError} `"invalid-argument"` if the label is not a string; the timer throws it for
 * what is not a function or method.
 *
 * @example
 * ```ts
 * import { timeIt } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 *
 * const price = timeIt("price")((amount: number): number => 3 * amount);
 * assertEquals(price(2), 6);
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

/**
 * Records one measurement, in a unit of your choice, in the channel `custom`: measured now, or at
 * `options.at`.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * monitor.start({ monitoringDir: "_observed" });
 * monitor.observe("queue length", 17);
 * monitor.observe("power", 230, { at: new Date(Date.now() - 60_000) }); // a meter that reports late
 * await monitor.stop();
 * assertEquals(monitor.status().flushed, 2);
 * rmSync("_observed", { recursive: true });
 * ```
 */
export function observe(label: string, value: number, options?: ObserveOptions): void {
  defaultMonitor.observe(label, value, options);
}

/** Records several measurements with the same timepoint: now, or `options.at`. */
export function observeMany(
  observations: Iterable<readonly [label: string, value: number]>,
  options?: ObserveOptions,
): void {
  defaultMonitor.observeMany(observations, options);
}

/**
 * Marks a moment that may change how the program behaves, such as a deployment or a new
 * configuration: now, or at `options.at`. The report draws it on all charts, and looks there for
 * steps.
 *
 * A mark is a row in the channel `mark`, with the text as label and the value 1.
 *
 * @example
 * ```ts
 * import * as monitor from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * monitor.start({ monitoringDir: "_marked" });
 * monitor.mark("deploy 1.4.2");
 * await monitor.stop();
 * assertEquals(monitor.status().flushed, 1);
 * rmSync("_marked", { recursive: true });
 * ```
 */
export function mark(text: string, options?: ObserveOptions): void {
  defaultMonitor.mark(text, options);
}

/**
 * A channel of your own, whose name begins the names of its files. It stays valid: while nothing is
 * recorded, it does nothing.
 *
 * @throws {KymoError} `"invalid-argument"` if the name is not 1 to 64 letters, digits, `_` or `-`,
 * or is reserved; `"limit-exceeded"` if it is the 65th.
 */
export function channel(name: string): ObservationSink {
  return defaultMonitor.channel(name);
}

/**
 * Counts, capabilities and failures. Cheap, callable at any time, and safe to pass to
 * `JSON.stringify`.
 */
export function status(): MonitorStatus {
  return defaultMonitor.status();
}
