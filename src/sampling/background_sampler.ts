import { KymoError, onRejection, quote, reason } from "../errors.ts";
import type { Timers } from "../runtime.ts";
import type { ObservationSink, Sampler } from "./sampler.ts";
import { isThenable } from "./when_settled.ts";

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
  /** ms between samples, of samplers that have no interval of their own. */
  readonly interval: number;
  /** Called with a `"sampler-failed"` error when a sampler throws or rejects. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** How long `stop` waits for asynchronous samplers, and how often it looks, ms. */
const STOP_PATIENCE = 1_000;
const STOP_STEP = 5;

/**
 * Calls samplers at regular intervals, with one timer for each interval, which does not keep the
 * program alive. An asynchronous sampler is not called while a call of it is pending.
 */
export class BackgroundSampler {
  readonly #all: readonly ScheduledSampler[];
  readonly #options: BackgroundSamplerOptions;
  #cancel: (() => void) | undefined;

  /** Samples nothing before `start`. */
  constructor(series: readonly SampledSeries[], options: BackgroundSamplerOptions) {
    const report = (action: string, why: string, cause?: unknown): void =>
      options.report(new KymoError("sampler-failed", `${action}: ${why}`, cause === undefined ? {} : { cause }));
    this.#all = series.map((one) => new ScheduledSampler(one, report));
    this.#options = options;
  }

  /** Begins, with a first sample of each series. */
  start(): void {
    if (this.#cancel !== undefined || this.#all.length === 0) return;
    const { timers, interval } = this.#options;
    const groups = Map.groupBy(this.#all, ({ sampler }) => sampler.interval ?? interval);
    const cancels = Array.from(groups, ([interval, group]) =>
      timers.every(interval, () => {
        for (const one of group) if (this.#cancel !== undefined) one.sample();
      }));
    this.#cancel = () => cancels.forEach((cancel) => cancel());
    // A sampler may call `stop`.
    for (const one of this.#all) if (this.#cancel !== undefined) one.start();
    this.sample();
  }

  /** Samples now, besides the regular intervals; does nothing before `start` and after `stop`. */
  sample(): void {
    for (const one of this.#all) if (this.#cancel !== undefined) one.sample();
  }

  /**
   * Samples now, as the program ends, what is not asynchronous: nothing after an `await` would run.
   */
  sampleAtExit(): void {
    for (const one of this.#all) if (this.#cancel !== undefined && !one.isAsync) one.sample();
  }

  /**
   * Ends, with a last sample of each series: of those that are not asynchronous before it returns.
   * Resolves when the asynchronous ones are done too, or after a second; a call that is pending then
   * is reported. Never rejects.
   */
  async stop(): Promise<void> {
    const cancel = this.#cancel;
    if (cancel === undefined) return;
    this.#cancel = undefined;
    cancel();
    for (const one of this.#all) one.sample();
    for (const one of this.#all) if (one.pending === undefined) one.stop();
    await this.#settle();
    for (const one of this.#all) one.abandon();
  }

  async #settle(): Promise<void> {
    const pending = this.#all.flatMap(({ pending }) => pending ?? []);
    let isSettled = pending.length === 0;
    Promise.all(pending).then(() => isSettled = true);
    // Timers that keep the program alive, or it could end while it awaits this. None is left behind.
    for (let waited = 0; !isSettled && waited < STOP_PATIENCE; waited += STOP_STEP) {
      await this.#options.timers.sleep(STOP_STEP);
    }
  }
}

/** A sampler that is called again and again, and never throws. */
class ScheduledSampler {
  readonly sampler: Sampler;
  /** Whether its last call returned a promise. */
  isAsync = false;
  /** Resolves when the call under way is done; `undefined` if there is none. */
  pending: Promise<void> | undefined;
  readonly #sink: ObservationSink;
  readonly #report: (action: string, why: string, cause?: unknown) => void;
  /** Whether it said that it is done, or was stopped. */
  #isDone = false;

  constructor({ sampler, sink }: SampledSeries, report: (action: string, why: string, cause?: unknown) => void) {
    this.sampler = sampler;
    this.#sink = sink;
    this.#report = report;
  }

  start(): void {
    this.#isDone = false;
    this.#try(() => onRejection(this.sampler.start?.(), (thrown) => this.#failed(thrown)));
  }

  /** Samples, unless it is done or a call is pending. */
  sample(): void {
    if (this.#isDone || this.pending !== undefined) return;
    this.#try(() => {
      const returned: unknown = this.sampler.sample(this.#sink);
      this.isAsync = isThenable(returned);
      if (this.isAsync) this.#follow(returned as PromiseLike<unknown>);
      else if (returned === "done") this.stop();
    });
  }

  stop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#try(() => onRejection(this.sampler.stop?.(), (thrown) => this.#failed(thrown)));
  }

  /** Ends, and reports a call that is pending. */
  abandon(): void {
    if (this.pending !== undefined) {
      const why = `the sampler did not finish within ${STOP_PATIENCE / 1_000} s after stop`;
      this.#report("Cannot sample", `${quote(this.sampler.channel)}: ${why}, so what it observes is not recorded`);
    }
    this.stop();
  }

  #follow(returned: PromiseLike<unknown>): void {
    this.pending = Promise.resolve(returned).then(
      (result) => {
        this.pending = undefined;
        if (result === "done") this.stop();
      },
      (thrown) => {
        this.pending = undefined;
        this.#failed(thrown);
      },
    );
  }

  #try(task: () => void): void {
    try {
      task();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    this.#report("Cannot sample", reason(thrown), thrown);
  }
}
