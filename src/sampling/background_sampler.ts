import { KymoError, onRejection, reason } from "../errors.ts";
import type { Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";

/** A sampler, and where its observations go. */
export interface SampledSeries {
  /** Called at each interval. */
  readonly sampler: Sampler;
  /** Passed to `sampler.sample`. */
  readonly sink: ObservationSink;
}

/** How a {@linkcode BackgroundSampler} works. */
export interface BackgroundSamplerOptions {
  /** Call it at each interval. */
  readonly timers: Timers;
  /** ms between samples. */
  readonly interval: number;
  /** Called with a `"sampler-failed"` error when a sampler throws or rejects. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** Calls samplers at regular intervals, with one timer, which does not keep the program alive. */
export class BackgroundSampler {
  readonly #series: readonly SampledSeries[];
  readonly #options: BackgroundSamplerOptions;
  #cancel: (() => void) | undefined;

  /** Samples nothing before `start`. */
  constructor(series: readonly SampledSeries[], options: BackgroundSamplerOptions) {
    this.#series = series;
    this.#options = options;
  }

  /** Begins, with a first sample of each series. */
  start(): void {
    if (this.#cancel !== undefined || this.#series.length === 0) return;
    const { timers, interval } = this.#options;
    this.#cancel = timers.every(interval, () => this.sample());
    // A sampler may call `stop`.
    this.#each((sampler) => this.#cancel && sampler.start?.());
    this.sample();
  }

  /** Samples now, besides the regular intervals; does nothing before `start` and after `stop`. */
  sample(): void {
    this.#each((sampler, sink) => this.#cancel && sampler.sample(sink));
  }

  /** Ends, with a last sample of each series. */
  stop(): void {
    const cancel = this.#cancel;
    if (cancel === undefined) return;
    this.#cancel = undefined;
    cancel();
    this.#each((sampler, sink) => sampler.sample(sink));
    this.#each((sampler) => sampler.stop?.());
  }

  #each(task: (sampler: Sampler, sink: ObservationSink) => unknown): void {
    for (const { sampler, sink } of this.#series) {
      try {
        onRejection(task(sampler, sink), (thrown) => this.#report(thrown));
      } catch (thrown) {
        this.#report(thrown);
      }
    }
  }

  #report(thrown: unknown): void {
    this.#options.report(new KymoError("sampler-failed", `Cannot sample: ${reason(thrown)}`, { cause: thrown }));
  }
}
