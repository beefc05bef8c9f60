import { CsvEncoder } from "../csv/encode.ts";
import { KymoError, quote, reason } from "../errors.ts";
import type { DoubleBuffer } from "./double_buffer.ts";
import { CHANNELS } from "../series.ts";
import { CpuProfiling } from "../profiling/cpu_profiling.ts";
import type { Runtime } from "../runtime.ts";
import { BackgroundSampler } from "../sampling/background.ts";
import { DurationSampler } from "../sampling/duration.ts";
import { eventLoopSampler } from "../sampling/event_loop.ts";
import { gcSampler } from "../sampling/gc.ts";
import { processSampler } from "../sampling/process.ts";
import type { Sampler } from "../sampling/sampler.ts";
import { BackgroundRecovery } from "./background_recovery.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { profileFileName } from "../files/names.ts";
import { publishFile } from "../files/atomic_file.ts";
import { Channels } from "./channels.ts";
import { Failures } from "./failures.ts";
import type { CheckedOptions, Durability } from "./options.ts";
import { capabilitiesOf, type MonitorStatus, sumCounts } from "./status.ts";

/** How long the end of a program may take, ns. */
const END_DURATION = 500_000_000;

/** How long a program that has died waits for a living one to publish what it left, ms. */
const RECOVERY_INTERVAL = 60_000;

/** One recording, from `start` to `stop`. */
export class Session {
  /** Measures durations. */
  readonly durations: DurationSampler;
  readonly #runtime: Runtime;
  readonly #options: CheckedOptions;
  readonly #isolate: string;
  readonly #directory: MonitoringDirectory;
  readonly #channels: Channels;
  readonly #background: BackgroundSampler;
  readonly #recovery: BackgroundRecovery;
  readonly #failures: Failures;
  #profiling: CpuProfiling | undefined;
  #stopWatchingEnds = (): void => {};
  #closed = false;

  /**
   * Makes what is needed, and begins nothing.
   *
   * @throws {KymoError} if the monitoring directory cannot be created, or a spool cannot be made in it because the disk refuses.
   * @throws {RangeError} if there is no memory for the buffers.
   */
  constructor(runtime: Runtime, options: CheckedOptions) {
    const { clock, timers, files, pid } = runtime;
    const { layout, flushInterval, memoryThreshold, durability } = options;
    this.#runtime = runtime;
    this.#options = options;
    this.#isolate = runtime.isolateId();
    const spools = durability !== "memory" && files.map !== undefined;
    const directory = MonitoringDirectory.create(files, options.monitoringDir, {
      syncs: durability === "fsync",
      spools,
    });
    this.#directory = directory;
    this.#failures = new Failures(options.onError);
    const report = (error: KymoError): void => this.#failures.report(error);
    const encoder = new CsvEncoder();
    const flusherOptions = {
      directory,
      encoder,
      clock,
      timers,
      layout,
      flushInterval,
      memoryThreshold,
      spools,
      report,
    };
    this.#recovery = new BackgroundRecovery({ directory, encoder, clock, timers, interval: RECOVERY_INTERVAL, report });
    this.#channels = new Channels(flusherOptions, { pid, isolate: this.#isolate });
    try {
      this.durations = new DurationSampler(clock.now, this.#channels.get(CHANNELS.duration));
      this.#background = this.#sampling();
    } catch (error) {
      this.#channels.abandon();
      throw error;
    }
  }

  /** Begins to record. `beforeEnd` is called before the end of the program, when samples may still be ended. */
  begin(beforeEnd: () => void): void {
    const { clock, exitHooks, files, unavailable } = this.#runtime;
    const { layout, withProfiler } = this.#options;
    let sampled = -Infinity;
    this.#channels.begin();
    this.#recovery.start();
    this.#stopWatchingEnds = exitHooks.add((last) => {
      beforeEnd();
      // One end calls this several times, and needs no file for each.
      const now = clock.now();
      if (now - sampled > END_DURATION) this.#background.sample();
      sampled = now;
      this.#channels.flushNow(last);
      if (last) this.#recovery.abandon();
      this.#failures.tell();
    });
    if (layout === "append" && !files.locks) {
      this.#failures.report(
        new KymoError("unsupported", `Cannot append, so files of their own are written: ${unavailable.locks}`),
      );
    }
    this.#background.start();
    if (withProfiler && !this.#closed) this.#profiling = this.#profile();
  }

  /** The channel of that name, for a running program, which nothing may throw into; `undefined` if there is no memory for it. */
  channel(channel: string): DoubleBuffer | undefined {
    try {
      return this.#channels.get(channel);
    } catch (error) {
      this.#failures.report(
        new KymoError("out-of-memory", `Cannot make the channel: ${quote(channel)}: ${reason(error)}`, {
          cause: error,
        }),
      );
      return undefined;
    }
  }

  /** Takes last samples, publishes everything and ends. Never rejects: what cannot be written stays in its spool, or is dropped and counted. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#background.stop();
    await Promise.all([this.#profiling?.finish(), this.#channels.close(), this.#recovery.finish()]);
    this.#stopWatchingEnds();
  }

  /** See {@linkcode MonitorStatus}. */
  status(running: boolean): MonitorStatus {
    const channels = this.#channels.counts();
    const { name, version, clock } = this.#runtime;
    return {
      running,
      runtime: `${name} ${version}`,
      clock: clock.name,
      monitoringDir: this.#directory.path,
      capabilities: capabilitiesOf(this.#runtime),
      layout: this.#options.layout,
      durability: this.#durability(),
      ...sumCounts(Object.values(channels)),
      channels,
      invalidSamples: this.durations.invalid,
      invalidObservations: this.#channels.sum(({ invalid }) => invalid),
      labelsCut: this.#channels.sum(({ labelsCut }) => labelsCut),
      recovered: this.#recovery.rows,
      damaged: this.#recovery.damaged,
      errors: this.#failures.count,
      lastError: this.#failures.last,
    };
  }

  #durability(): Durability {
    const { durability } = this.#options;
    return durability === "spool" && this.#channels.whyNotSpool !== undefined ? "memory" : durability;
  }

  #sampling(): BackgroundSampler {
    const { samplingInterval, samplers, withRuntime } = this.#options;
    const series = [...withRuntime ? this.#runtimeSamplers() : [], ...samplers].map((sampler) => ({
      sampler,
      sink: this.#channels.sink(sampler.channel),
    }));
    return new BackgroundSampler(series, this.#runtime.timers, samplingInterval, (error) => {
      this.#failures.report(new KymoError("sampler-failed", `Cannot sample: ${reason(error)}`, { cause: error }));
    });
  }

  #runtimeSamplers(): Sampler[] {
    const { clock, timers, memory, resources, gc } = this.#runtime;
    return [
      ...gc === undefined ? [] : [gcSampler(gc)],
      processSampler(memory, resources),
      eventLoopSampler(clock, timers, this.#channels.sink(CHANNELS.runtime)),
    ];
  }

  #profile(): CpuProfiling | undefined {
    const { profiler, timers, unavailable, pid } = this.#runtime;
    const report = (error: Error): void => this.#failures.report(error);
    if (profiler === undefined) {
      report(new KymoError("unsupported", `Cannot take a CPU profile: ${unavailable.profiler}`));
      return undefined;
    }
    let parts = 0;
    const isolate = this.#isolate;
    const publish = (file: Uint8Array): void => {
      const part = ++parts;
      publishFile(this.#directory, (number) => profileFileName({ pid, isolate }, part, number), file);
    };
    const profiling = new CpuProfiling({ profiler, timers, publish, report });
    profiling.start();
    return profiling;
  }
}
