/** Where a sampler puts what it measured: a channel, or anything that keeps observations. */
export interface ObservationSink {
  /** Keeps one observation of now. */
  observe(label: string, value: number): void;
  /** Keeps several observations of one moment. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>): void;
}

/**
 * Something that measures at regular intervals. Give your own to `start({ samplers: [...] })`; each is called once per sampling interval,
 * and at the beginning and the end, with its channel.
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
  /** First part of the names of the files its observations go to. */
  readonly channel: string;
  /** Called before the first `sample`. */
  start?(): void;
  /** Measures, and gives what it measured to `sink`. If it throws, the error is reported and the program goes on. */
  sample(sink: ObservationSink): void;
  /** Called after the last `sample`. */
  stop?(): void;
}
