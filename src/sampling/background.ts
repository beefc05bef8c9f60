import { onRejection } from "../errors.ts";
import type { Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";

/** A sampler, and where its observations go. */
export interface SampledSeries {
  /** What is called. */
  readonly sampler: Sampler;
  /** What it is called with. */
  readonly sink: ObservationSink;
}

/** Calls samplers at regular intervals, on one timer that does not keep the program alive. */
export class BackgroundSampler {
  readonly #series: readonly SampledSeries[];
  readonly #timers: Timers;
  readonly #interval: number;
  readonly #report: (error: unknown) => void;
  #cancel: (() => void) | undefined;

  /** Will sample every `interval` ms; `report` is told what a sampler throws. */
  constructor(series: readonly SampledSeries[], timers: Timers, interval: number, report: (error: unknown) => void) {
    this.#series = series;
    this.#timers = timers;
    this.#interval = interval;
    this.#report = report;
  }

  /** Begins, with a first sample of each. */
  start(): void {
    if (this.#cancel !== undefined || this.#series.length === 0) return;
    this.#cancel = this.#timers.every(this.#interval, () => this.sample());
    // A sampler may be what ends it.
    this.#each((sampler) => this.#cancel && sampler.start?.());
    this.sample();
  }

  /** Samples now, besides the regular intervals, unless it has not begun or has ended. */
  sample(): void {
    this.#each((sampler, sink) => this.#cancel && sampler.sample(sink));
  }

  /** Ends, with a last sample of each. */
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
        onRejection(task(sampler, sink), this.#report);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
