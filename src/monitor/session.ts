import { CsvEncoder } from "../csv/encode.ts";
import { quote, reason, UsageError } from "../errors.ts";
import type { Bucket, BucketCounts } from "../observation/bucket.ts";
import { ValueKind } from "../observation/segment.ts";
import type { Runtime } from "../runtime.ts";
import { CpuProfiling } from "../profiling/cpu_profiling.ts";
import { BackgroundSampler, type SampledSeries } from "../sampling/background.ts";
import { DurationSampler } from "../sampling/duration.ts";
import { eventLoopSampler } from "../sampling/event_loop.ts";
import { gcSampler } from "../sampling/gc.ts";
import { processSampler } from "../sampling/process.ts";
import { RUNTIME_PREFIX, type Sampler } from "../sampling/sampler.ts";
import { MonitoringDirectory, uniquePart } from "../storage/directory.ts";
import { Flusher, type FlushSettings } from "../storage/flusher.ts";
import { publishFile } from "../storage/publish.ts";
import type { CheckedOptions } from "./options.ts";
import { capabilitiesOf, type MonitorStatus, sumCounts } from "./status.ts";

const DURATION_PREFIX = "duration";

/** One recording, from `start` to `stop`: its buckets, samplers and files. */
export class Session {
  /** Measures durations. */
  readonly durations: DurationSampler;
  readonly #runtime: Runtime;
  readonly #options: CheckedOptions;
  readonly #isolate: string;
  readonly #settings: FlushSettings;
  readonly #flushers = new Map<string, Flusher>();
  readonly #background: BackgroundSampler;
  readonly #profiling: CpuProfiling | undefined;
  readonly #stopWatchingEnds: () => void;
  #errors = 0;
  #lastError: Error | undefined;

  /**
   * Begins to record.
   *
   * @throws {StorageError} if the monitoring directory cannot be created.
   */
  constructor(runtime: Runtime, options: CheckedOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#isolate = runtime.isolateId();
    this.#settings = {
      directory: MonitoringDirectory.create(runtime.files, options.monitoringDir),
      encoder: new CsvEncoder(),
      clock: runtime.clock,
      timers: runtime.timers,
      layout: options.layout,
      flushInterval: options.flushInterval,
      report: (error) => this.#report(error),
    };
    this.durations = new DurationSampler(runtime.clock.now, this.bucket(DURATION_PREFIX, ValueKind.duration));
    this.#background = this.#startSampling();
    this.#profiling = options.withProfiler ? this.#startProfiling() : undefined;
    this.#stopWatchingEnds = runtime.ends.onEnd(() => this.#flushNow());
    if (options.layout === "append" && !runtime.files.locks) {
      this.#report(new UsageError(`Cannot append, so files of their own are written: ${runtime.unavailable.locks}`));
    }
  }

  /** The bucket with a prefix, made when it is first asked for. */
  bucket(prefix: string, kind: ValueKind = ValueKind.number): Bucket {
    let flusher = this.#flushers.get(prefix);
    if (flusher === undefined) {
      const owner = { pid: this.#runtime.pid, isolate: this.#isolate, prefix, kind };
      const { memoryThreshold } = this.#options;
      flusher = new Flusher(this.#settings, { owner, memoryThreshold, clock: this.#runtime.clock });
      this.#flushers.set(prefix, flusher);
    }
    return flusher.bucket;
  }

  /** The same for a running program, which nothing may throw into: `undefined` if there is no memory for it. */
  tryBucket(prefix: string): Bucket | undefined {
    try {
      return this.bucket(prefix);
    } catch (error) {
      this.#report(new Error(`Cannot make the bucket: ${quote(prefix)}: ${reason(error)}`, { cause: error }));
      return undefined;
    }
  }

  /** Takes last samples, publishes everything and ends. Never rejects: what cannot be written is counted as dropped. */
  async close(): Promise<void> {
    this.#background.stop();
    const flushers = Array.from(this.#flushers.values(), (flusher) => flusher.close());
    await Promise.all([this.#profiling?.finish(), ...flushers]);
    this.#stopWatchingEnds();
  }

  /** See {@linkcode MonitorStatus}. */
  status(running: boolean): MonitorStatus {
    const flushers = [...this.#flushers];
    const buckets: Record<string, BucketCounts> = Object.fromEntries(
      flushers.map(([prefix, { bucket }]) => [prefix, bucket.counts]),
    );
    return {
      running,
      runtime: `${this.#runtime.name} ${this.#runtime.version}`,
      clock: this.#runtime.clock.name,
      monitoringDir: this.#settings.directory.path,
      capabilities: capabilitiesOf(this.#runtime),
      layout: this.#options.layout,
      durability: "memory",
      ...sumCounts(Object.values(buckets)),
      buckets,
      invalidSamples: this.durations.invalid,
      invalidObservations: flushers.reduce((sum, [, { bucket }]) => sum + bucket.invalid, 0),
      labelsCut: flushers.reduce((sum, [, { bucket }]) => sum + bucket.labelsCut, 0),
      errors: this.#errors,
      lastError: this.#lastError,
    };
  }

  #flushNow(): void {
    this.#background.sample();
    for (const flusher of this.#flushers.values()) flusher.flushNow();
  }

  #startSampling(): BackgroundSampler {
    const { timers } = this.#runtime;
    const series = this.#samplers().map((sampler): SampledSeries => ({
      sampler,
      observer: this.bucket(sampler.prefix),
    }));
    const background = new BackgroundSampler(series, timers, this.#options.samplingInterval, (error) => {
      this.#report(error instanceof Error ? error : new Error(`Cannot sample: ${reason(error)}`));
    });
    if (series.length > 0) background.start();
    return background;
  }

  #samplers(): Sampler[] {
    const { samplers, withRuntime } = this.#options;
    if (!withRuntime) return [...samplers];
    const { clock, timers, memory, resources, gc } = this.#runtime;
    return [
      ...gc === undefined ? [] : [gcSampler(gc)],
      processSampler(memory, resources),
      eventLoopSampler(clock, timers, this.bucket(RUNTIME_PREFIX)),
      ...samplers,
    ];
  }

  #startProfiling(): CpuProfiling | undefined {
    const { profiler, timers, unavailable, pid } = this.#runtime;
    const { directory, report } = this.#settings;
    if (profiler === undefined) {
      report(new UsageError(`Cannot take a CPU profile: ${unavailable.profiler}`));
      return undefined;
    }
    let parts = 0;
    const publish = (file: Uint8Array): void =>
      publishFile(directory, `profiler.${uniquePart(pid, this.#isolate, ++parts)}`, ".cpuprofile", file);
    const profiling = new CpuProfiling({ profiler, timers, publish, report });
    profiling.start();
    return profiling;
  }

  #report(error: Error): void {
    this.#errors++;
    this.#lastError = error;
    try {
      this.#options.onError(error);
    } catch {
      // Whoever is told of failures may fail; the program goes on.
    }
  }
}
