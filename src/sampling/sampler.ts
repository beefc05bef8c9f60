import type { ObserveOptions } from "./timepoint.ts";

/** What records observations: a channel, for example. */
export interface ObservationSink {
  /** Records one observation, measured now unless `options.at` says otherwise. */
  observe(label: string, value: number, options?: ObserveOptions): void;
  /** Records several observations with the same timepoint: now, unless `options.at` says otherwise. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>, options?: ObserveOptions): void;
}

/**
 * Measures something at regular intervals. Pass your own samplers to `start({ samplers: [...] })`:
 * each is called with its channel once per interval, and at the beginning and the end.
 *
 * A sampler may be asynchronous. It is not called while its last call is pending. At `stop` a call
 * that is pending counts as the last one, and `stop` waits for it, and for last calls, up to one
 * second; what is observed later is not recorded, and reported. When a program ends without `stop`,
 * no asynchronous code can run, so asynchronous samplers have no last sample then.
 *
 * @example
 * ```ts
 * import type { ObservationSink, Sampler } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = ["job 1", "job 2"];
 * const queueLength: Sampler = {
 *   channel: "queue", // its files are called queue.<unique>.csv
 *   sample: (channel) => channel.observe("queue length", queue.length),
 * };
 *
 * const seen: [string, number][] = [];
 * const sink: ObservationSink = {
 *   observe: (label, value) => void seen.push([label, value]),
 *   observeMany: (observations) => void seen.push(...observations as [string, number][]),
 * };
 * queueLength.sample(sink);
 * assertEquals(seen, [["queue length", 2]]);
 * ```
 */
export interface Sampler {
  /** Name of the channel for its observations; it begins the names of their files. */
  readonly channel: string;
  /**
   * ms between samples, from 10 to a day.
   *
   * @default that of the recording, `samplingInterval`
   */
  readonly interval?: number;
  /** Called before the first `sample`. */
  start?(): void;
  /**
   * Measures, and records the results in `sink`. If it throws or rejects, the error is reported and
   * sampling continues. If it returns `"done"`, or a promise of it, the sampler is stopped and not
   * called again.
   */
  sample(sink: ObservationSink): SampleResult | Promise<SampleResult>;
  /** Called after the last `sample`. */
  stop?(): void;
}

/** `"done"` ends the sampler. */
export type SampleResult = void | "done";
