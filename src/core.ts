/**
 * Building blocks for monitors, samplers and stores of your own: a channel that writes to a
 * directory without a monitor, samplers, a background sampler, CSV, and the names that Kymo's files
 * use.
 *
 * @example A small monitor of your own
 * ```ts
 * import { backgroundSampler, durationSampler, openChannel, parse, processSampler, SERIES } from "@kymo/kymo/core";
 * import { assert, assertEquals } from "@std/assert";
 * import { readdirSync, readFileSync, rmSync } from "node:fs";
 *
 * const options = { monitoringDir: "_own_monitor" };
 * const durations = openChannel("duration", options);
 * const quantities = openChannel("runtime", options);
 * const sampler = durationSampler(durations);
 * const background = backgroundSampler([{ sampler: processSampler(), sink: quantities }], { samplingInterval: 500 });
 *
 * background.start();
 * const id = sampler.start();
 * JSON.parse('{"some": "work"}');
 * sampler.stop("parse", id);
 * await background.stop();
 * await Promise.all([durations.close(), quantities.close()]);
 *
 * const rows = readdirSync("_own_monitor").filter((name) => name.endsWith(".csv"))
 *   .flatMap((name) => parse(readFileSync(`_own_monitor/${name}`, "utf8")));
 * assertEquals(rows.filter(({ label }) => label === "parse").length, 1);
 * assert(rows.some(({ label, measurement }) => label === SERIES.rss && measurement > 0));
 * rmSync("_own_monitor", { recursive: true });
 * ```
 *
 * @module
 */

import { defaultRuntime } from "./default_runtime.ts";
import { KymoError, quote } from "./errors.ts";
import { type Channel, StandaloneChannel } from "./recording/standalone_channel.ts";
import { checkInterval, checkSamplingOptions, type SamplingOptions, type WriteOptions } from "./recording/options.ts";
import type { Runtime } from "./runtime.ts";
import { BackgroundSampler, type SampledSeries } from "./sampling/background_sampler.ts";
import { DurationSampler } from "./sampling/duration_sampler.ts";
import { eventLoopSampler as eventLoopSamplerOn } from "./sampling/event_loop_sampler.ts";
import { gcSampler as gcSamplerOn } from "./sampling/gc_sampler.ts";
import { processSampler as processSamplerOn } from "./sampling/process_sampler.ts";
import type { ObservationSink, Sampler } from "./sampling/sampler.ts";
import { DURATION_CHANNELS, holdsDurations } from "./series.ts";

export { COLUMNS } from "./csv/dialect.ts";
export { encode } from "./csv/encode.ts";
export { parse } from "./csv/parse.ts";
export { KymoError, type KymoErrorCode } from "./errors.ts";
export type { Layout } from "./files/names.ts";
export type { Channel, ChannelStatus } from "./recording/standalone_channel.ts";
export type { ChannelCounts } from "./recording/buffers/double_buffer.ts";
export type { Durability, SamplingOptions, WriteOptions } from "./recording/options.ts";
export type { RetentionOptions } from "./control/retention_options.ts";
export type { Timers } from "./runtime.ts";
export type { BackgroundSampler, BackgroundSamplerOptions, SampledSeries } from "./sampling/background_sampler.ts";
export type { DurationSampler, DurationSink } from "./sampling/duration_sampler.ts";
export type { ObservationSink, Sampler, SampleResult } from "./sampling/sampler.ts";
export type { ObserveOptions, Timepoint } from "./sampling/timepoint.ts";
export type { SegmentOwner } from "./segment/format.ts";
export type { Observation } from "./segment/observation.ts";
export { Segment, type SegmentContent } from "./segment/segment.ts";
export { CHANNELS, RUNTIME_SERIES, type RuntimeSeries, SERIES, type SeriesEntry, ValueKind } from "./series.ts";

/** One runtime for all building blocks, so that their clocks have the same zero. */
let shared: Runtime | undefined;
const runtime = (): Runtime => shared ??= defaultRuntime();

/**
 * Opens a channel that writes to a directory without a monitor, with buffers of its own. They are
 * flushed when they are full, at intervals, and when the program ends; the spools of a program that
 * died are recovered by the next channel or monitor in the directory.
 *
 * In the channels `duration` and `client`, values are whole nanoseconds, which the files have as
 * seconds.
 *
 * @throws {KymoError} if the name or an option is wrong, or the directory cannot be created or
 * written.
 * @throws {RangeError} if there is no memory for its buffers.
 */
export function openChannel(name: string, options?: WriteOptions): Channel {
  return new StandaloneChannel(runtime(), name, options);
}

/**
 * Measures durations with the runtime's clock, and records them in a channel named `duration` or
 * `client`.
 *
 * @throws {KymoError} `"invalid-argument"` if the channel has another name: its values are no
 * durations.
 */
export function durationSampler(channel: Channel): DurationSampler {
  if (!holdsDurations(channel.name)) {
    const names = DURATION_CHANNELS.map((name) => quote(name)).join(" or ");
    throw new KymoError(
      "invalid-argument",
      `Cannot sample durations: the channel must be named ${names}: ${quote(channel.name)}`,
    );
  }
  return new DurationSampler(runtime().clock.now, channel);
}

/**
 * Calls samplers at regular intervals, with timers of the runtime that do not keep the program
 * alive. Samplers may be asynchronous: await `stop` before you close their channels.
 *
 * @throws {KymoError} `"invalid-argument"` if an option or the interval of a sampler is wrong.
 */
export function backgroundSampler(series: readonly SampledSeries[], options?: SamplingOptions): BackgroundSampler {
  const { samplingInterval, onError } = checkSamplingOptions("Cannot sample", options);
  for (const { sampler } of series) checkInterval("Cannot sample", sampler.interval);
  return new BackgroundSampler(series, { timers: runtime().timers, interval: samplingInterval, report: onError });
}

/**
 * Samples memory and CPU time of the process: `user time`, `system time`, `rss`, `max rss` and the
 * heap.
 */
export function processSampler(): Sampler {
  const { memory, resources } = runtime();
  return processSamplerOn(memory, resources);
}

/**
 * Samples garbage collections of this isolate; `undefined` on a runtime that does not report them.
 */
export function gcSampler(): Sampler | undefined {
  const { gc } = defaultRuntime(); // a tracker of its own, since reading the collections removes them
  return gc && gcSamplerOn(gc);
}

/** Samples how late the event loop runs its timers. Long delays go to `sink` when they happen. */
export function eventLoopSampler(sink: ObservationSink): Sampler {
  return eventLoopSamplerOn(runtime(), sink);
}
