import { NOTHING_PRUNED } from "../control/retention/pruned_counts.ts";
import { fileError, KymoError, quote, quotePath, reason } from "../errors.ts";
import type { LoopWatch, Runtime } from "../runtime.ts";
import { blockedLoopSampler } from "../sampling/blocked_loop_sampler.ts";
import { BackgroundSampler } from "../sampling/background_sampler.ts";
import { DurationSampler } from "../sampling/duration_sampler.ts";
import { eventLoopSampler } from "../sampling/event_loop_sampler.ts";
import { gcSampler } from "../sampling/gc_sampler.ts";
import { processSampler } from "../sampling/process_sampler.ts";
import type { ObservationSink, Sampler } from "../sampling/sampler.ts";
import { CHANNELS } from "../series.ts";
import type { ChannelInput } from "./switching/channel_input.ts";
import { type CheckedOptions, differingOptions, ignoreErrors } from "./options.ts";
import { Profiles } from "./profiles.ts";
import { capabilitiesOf, type RecordingStatus, STOPPED, sumCounts } from "./status.ts";
import { Store } from "./store.ts";

/**
 * An exit calls its hook several times within this time, ns; only the first of them takes samples.
 */
const EXIT_DURATION = 500_000_000;

/** What a monitor does when its recording needs it. */
export interface SessionHooks {
  /** Called before the rows are flushed at exit, with whether the program will probably not go on. */
  readonly beforeExitFlush: (isEnd: boolean) => void;
  /** Flushes as the program would. */
  readonly flush: () => Promise<void>;
  /** Called before recording is switched off, and after it is switched on. */
  readonly switched: (on: boolean) => void;
}

/** One recording, from `start` to `stop`. */
export class Session {
  /** Measures durations. */
  readonly durations: DurationSampler;
  /** The runtime that it records on. */
  readonly runtime: Runtime;
  #options: CheckedOptions;
  readonly #store: Store;
  #runtimeSampling: BackgroundSampler;
  /** The samplers of the program, and what calls them. */
  #samplers: readonly Sampler[];
  #ownSampling: BackgroundSampler;
  /** Resolves when the samplers that were replaced have ended. */
  #replaced: Promise<unknown> = Promise.resolve();
  readonly #profiles: Profiles;
  /** Whether samplers and the profiler run: while it records. */
  #isOn = false;
  /** Whether they have not run yet. */
  #isFresh = true;
  #otherRequests = 0;
  #otherHosts = 0;
  /** Measures outgoing requests: made with the first of them, `null` if that failed. */
  #outgoing: DurationSampler | null | undefined;
  #isClosed = false;

  /**
   * Creates the directory and the first buffers.
   *
   * @throws {KymoError} if the directory cannot be created, or the disk refuses a spool.
   * @throws {RangeError} if there is no memory for the buffers.
   */
  constructor(runtime: Runtime, options: CheckedOptions) {
    this.runtime = runtime;
    this.#options = options;
    this.#store = new Store(runtime, options, options.record);
    const { channels, directory, failures, isolate } = this.#store;
    this.#samplers = options.samplers;
    this.#profiles = new Profiles({
      runtime,
      directory,
      owner: { pid: runtime.pid, isolate },
      report: (error) => failures.report(error),
    });
    try {
      this.durations = new DurationSampler(runtime.clock.now, channels.get(CHANNELS.duration));
      this.#runtimeSampling = this.#sampling(options.withRuntime ? this.#runtimeSamplers() : []);
      this.#ownSampling = this.#sampling(options.samplers);
    } catch (error) {
      channels.abandon();
      throw error;
    }
  }

  /**
   * Begins to record, unless it is switched off. `hooks.beforeExitFlush` is called when the program
   * ends, or may end, while samples can still be stopped; `hooks.flush` when a flush is asked for
   * from outside; `hooks.switched` when recording is switched on or off. The CPU profile begins after
   * `before`: there may be only one profiler, and a recording that is being closed still has it.
   */
  begin(hooks: SessionHooks, before?: Promise<void>): void {
    const { clock } = this.runtime;
    let sampledAt = -Infinity;
    this.#store.begin({
      beforeExitFlush: (isEnd) => {
        hooks.beforeExitFlush(isEnd);
        const now = clock.now();
        if (now - sampledAt > EXIT_DURATION) {
          this.#runtimeSampling.sampleAtExit();
          this.#ownSampling.sampleAtExit();
        }
        sampledAt = now;
      },
      otherCounts: () => ({
        invalidSamples: this.#invalidSamples,
        otherRequests: this.#otherRequests + this.#otherHosts,
      }),
      flush: hooks.flush,
      profile: (kind, duration) => this.#profiles.take(kind, duration),
      ruled: () => {
        this.durations.giveTo(this.#store.channels.input(CHANNELS.duration));
        this.#outgoing?.giveTo(this.#store.channels.input(CHANNELS.client));
      },
      switched: (on) => {
        this.#switch(on, before);
        hooks.switched(on);
      },
    });
    if (this.#store.recording.on) this.#switch(true, before);
  }

  /** Records nothing from now on, until {@linkcode Session.resume}. */
  pause(): void {
    this.#store.pause();
  }

  /** Records again, unless it is switched off from outside. */
  resume(): void {
    this.#store.resume();
  }

  /** Starts or ends what records by itself: samplers, and the CPU profile. */
  #switch(on: boolean, before?: Promise<void>): void {
    if (on === this.#isOn || this.#isClosed) return;
    this.#isOn = on;
    if (!on) {
      this.#replaced = Promise.all([this.#replaced, this.#runtimeSampling.stop(), this.#ownSampling.stop()]);
      this.#profiles.pause();
      return;
    }
    if (!this.#isFresh) {
      this.#runtimeSampling = this.#sampling(this.#options.withRuntime ? this.#runtimeSamplers() : []);
      this.#ownSampling = this.#sampling(this.#samplers);
    }
    this.#isFresh = false;
    this.#runtimeSampling.start();
    // A sampler may have stopped the recording.
    if (!this.#isClosed) this.#ownSampling.start();
    const profile = (): void => {
      if (this.#options.withProfiler && !this.#isClosed && this.#isOn) this.#profiles.begin();
    };
    if (before === undefined) profile();
    else void before.then(profile);
  }

  /**
   * Takes over `onError` and the samplers of a later `start` with the same options, whose functions
   * may be those of a newer version of the program's modules.
   *
   * @throws {KymoError} `"invalid-state"` if another option differs.
   */
  adopt(options: CheckedOptions): void {
    const { directory, failures } = this.#store;
    const differing = this.#differing(options);
    if (differing.length > 0) {
      const others = differing.join(", ");
      throw new KymoError(
        "invalid-state",
        `Cannot start: already recording: ${quotePath(directory.path)}, with another ${others}`,
      );
    }
    if (options.onError !== ignoreErrors) failures.deliverTo(options.onError);
    if (options.samplers.length === 0) return;
    this.#samplers = options.samplers;
    this.#isFresh = false;
    if (!this.#isOn) return;
    const sampling = this.#sampling(options.samplers);
    this.#replaced = Promise.all([this.#replaced, this.#ownSampling.stop()]);
    this.#ownSampling = sampling;
    sampling.start();
  }

  /**
   * Becomes what a program gets that starts with these options, if it is that but for `optional`, and
   * nothing has failed, which would have been thrown. Returns whether it is.
   */
  become(options: CheckedOptions): boolean {
    const { optional } = this.#store.failures.count === 0 ? options : this.#options;
    if (this.#differing({ ...options, optional: this.#options.optional }).length > 0) return false;
    if (optional !== options.optional) return false;
    this.#options = { ...this.#options, optional };
    return true;
  }

  #differing(options: CheckedOptions): string[] {
    const differing = differingOptions(this.#options, options);
    const isElsewhere = this.runtime.files.resolve(options.monitoringDir) !== this.#store.directory.path;
    return isElsewhere ? [...differing, "monitoringDir"] : differing;
  }

  /**
   * What takes the observations of a channel; `undefined`, and a reported failure, if there is no
   * memory for its buffer. Does not throw.
   */
  channel(channel: string): ChannelInput | undefined {
    try {
      return this.#store.channels.input(channel);
    } catch (error) {
      this.#store.failures.report(
        new KymoError("out-of-memory", `Cannot make the channel: ${quote(channel)}: ${reason(error)}`, {
          cause: error,
        }),
      );
      return undefined;
    }
  }

  /**
   * Measures outgoing requests; `undefined`, and a reported failure, if there is no memory for their
   * buffer. Does not throw.
   */
  get outgoing(): DurationSampler | undefined {
    if (this.#outgoing === undefined) {
      const input = this.channel(CHANNELS.client);
      this.#outgoing = input === undefined ? null : new DurationSampler(this.runtime.clock.now, input);
    }
    return this.#outgoing ?? undefined;
  }

  /** Counts a failure, and delivers it to the program. */
  report(error: KymoError): void {
    this.#store.failures.report(error);
  }

  /** Counts a request without a label of its own, and reports the first. */
  countOther(limit: number): void {
    if (this.#otherRequests++ > 0) return;
    this.report(
      new KymoError(
        "limit-exceeded",
        `Cannot label the request by its path: recorded as other: there are ${limit} labels, or too many of paths`,
      ),
    );
  }

  /** Counts an outgoing request without a label for its host, and reports the first. */
  countOtherHost(limit: number): void {
    if (this.#otherHosts++ > 0) return;
    this.report(
      new KymoError(
        "limit-exceeded",
        `Cannot label the outgoing request by its host: recorded as other: there are ${limit} hosts`,
      ),
    );
  }

  /** Flushes what is recorded until now. Never rejects. */
  flush(): Promise<void> {
    return this.#store.channels.flush();
  }

  /** Takes last samples, flushes all rows and ends. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const sampled = Promise.all([this.#runtimeSampling.stop(), this.#ownSampling.stop(), this.#replaced]);
    try {
      await Promise.all([this.#profiles.end(), sampled.then(() => this.#store.close())]);
    } catch (error) {
      // Nothing should be thrown here; but `stop` must settle whatever is.
      this.report(fileError("Cannot end the recording as it should", this.#store.directory.path, error));
    }
  }

  /** The state of the recording. */
  status(running: boolean): RecordingStatus {
    const { channels: all, directory, durability, failures, recovery, retention, whyNotSpool } = this.#store;
    const channels = all.counts();
    const { name, version, clock } = this.runtime;
    return {
      running,
      recording: running ? this.#store.recording : STOPPED,
      runtime: `${name} ${version}`,
      name: this.#store.name,
      isolate: this.#store.isolate,
      clock: clock.name,
      monitoringDir: directory.path,
      capabilities: capabilitiesOf(this.runtime, {
        spool: whyNotSpool,
        locks: directory.can("append") ? undefined : directory.whyNot("append"),
        append: this.runtime.unavailable.locks ?? directory.whyNot("append"),
      }),
      layout: this.#options.layout,
      durability,
      ...sumCounts(Object.values(channels)),
      channels,
      invalidSamples: this.#invalidSamples,
      invalidObservations: all.sum(({ invalid }) => invalid),
      otherRequests: this.#otherRequests + this.#otherHosts,
      labelsCut: all.sum(({ labelsCut }) => labelsCut),
      recovered: recovery.rows,
      damaged: recovery.damaged,
      pruned: retention?.pruned ?? NOTHING_PRUNED,
      errors: failures.count,
      lastError: failures.last,
    };
  }

  get #invalidSamples(): number {
    return this.durations.invalid + (this.#outgoing?.invalid ?? 0);
  }

  #sampling(samplers: readonly Sampler[]): BackgroundSampler {
    const { channels, failures } = this.#store;
    return new BackgroundSampler(
      samplers.map((sampler) => ({ sampler, sink: channels.sink(sampler.channel) })),
      {
        timers: this.runtime.timers,
        interval: this.#options.samplingInterval,
        report: (error) => failures.report(error),
      },
    );
  }

  #runtimeSamplers(): Sampler[] {
    const { memory, resources, gc } = this.runtime;
    const { withRuntime } = this.#options;
    const sink = this.#store.channels.sink(CHANNELS.runtime);
    const whileBlocked = typeof withRuntime === "object" && withRuntime.whileBlocked === true;
    return [
      ...gc === undefined ? [] : [gcSampler(gc)],
      processSampler(memory, resources),
      ...whileBlocked ? [this.#blockedLoopSampler(sink)] : [],
      eventLoopSampler(this.runtime, sink),
    ];
  }

  #blockedLoopSampler(sink: ObservationSink): Sampler {
    const { timers, watchLoop, unavailable } = this.runtime;
    const fail = (why: string): void =>
      this.report(new KymoError("unsupported", `Cannot sample while the event loop is blocked: ${why}`));
    const watch = (): LoopWatch | undefined => {
      try {
        if (watchLoop !== undefined) return watchLoop(this.#options.samplingInterval, fail);
        fail(unavailable.threads ?? "the runtime has no threads");
      } catch (error) {
        fail(reason(error));
      }
      return undefined;
    };
    return blockedLoopSampler({ timers, watch, report: (error) => this.report(error) }, sink);
  }
}
