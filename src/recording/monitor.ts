import { defaultRuntime } from "../default_runtime.ts";
import { KymoError, quote, reason } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { NOT_RECORDING } from "../sampling/duration_sampler.ts";
import type { ObservationSink } from "../sampling/sampler.ts";
import type { ObserveOptions } from "../sampling/timepoint.ts";
import { CHANNELS } from "../series.ts";
import { IDENTITY, readEnvironment, throwErrors } from "./environment.ts";
import { Failures } from "./failures.ts";
import {
  type CheckedOptions,
  checkOwnChannelName,
  checkStartOptions,
  type PlainOption,
  type StartOptions,
} from "./options.ts";
import { Session } from "./session.ts";
import { type Capability, type MonitorStatus, NOT_STARTED, type RecordingStatus } from "./status.ts";
import { type TimeIt, timeItWith } from "../sampling/time_it.ts";

/** Channels a program can make: each takes a memory threshold. */
const MAX_CHANNELS = 64;

/**
 * {@linkcode NOT_RECORDING} as a double. If ids could also be small integers, V8 would allocate a
 * box for each id.
 */
const NO_ID = new Float64Array([NOT_RECORDING]);

const NOT_TIMED: Disposable = { [Symbol.dispose]: () => {} };

/** What a monitor is made for. */
export interface MonitorOptions {
  /**
   * Whether it takes all its options from the environment: that is for the default monitor. Any
   * other takes what says who records.
   */
  readonly isDefault?: boolean;
}

/** A monitor that calls `detect` for its runtime at each start; tests give it a fake one. */
export let createMonitor: (detect: () => Runtime, options?: MonitorOptions) => Monitor;

/**
 * A recording of its own, beside the default one that the functions of this module use. Several
 * monitors can record at the same time, in different directories or in one.
 *
 * Between `start` and `stop` every observation is recorded; before and after, each sampling call
 * does nothing, so that a library can stay instrumented. Only `start`, `timeIt` and `channel`
 * throw, if an argument is wrong.
 *
 * @example
 * ```ts
 * import { Monitor } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { rmSync } from "node:fs";
 *
 * const audit = new Monitor();
 * audit.start({ monitoringDir: "_audit" });
 * audit.observe("logins", 1);
 * await audit.stop();
 * assertEquals(audit.status().flushed, 1);
 * rmSync("_audit", { recursive: true });
 * ```
 */
export class Monitor {
  #detect: () => Runtime = defaultRuntime;
  /** What it takes from the environment; `undefined` for all. */
  #fromEnvironment: readonly PlainOption[] | undefined = IDENTITY;
  /** Whether variables that are ignored were reported. */
  #hasToldEnvironment = false;
  /** The recording, from `start` to `stop`. */
  #session: Session | undefined;
  /**
   * The same, while observations are recorded. So what is switched off costs no more than what was
   * never started.
   */
  #active: Session | undefined;
  /** The latest recording that was stopped, while its last rows are written. */
  #closing: Session | undefined;
  /** Resolves when all recordings that were stopped have written their rows. */
  #closed: Promise<void> = Promise.resolve();
  /** Of a recording that has ended only the status is kept, not the buffers. */
  #ended: RecordingStatus = NOT_STARTED;
  /** What was replaced so that it records by itself. */
  #automatic: MonitorStatus["automatic"] = {};
  /** Options that neither the program nor the environment gives, if others than the defaults. */
  #defaults: StartOptions = {};
  /** The recording that was started before the program could. */
  #provisional: Session | undefined;
  readonly #channels = new Set<string>();
  readonly #flushListeners = new Set<(isEnd: boolean) => void>();

  static {
    createMonitor = (detect, { isDefault = false } = {}) => {
      const monitor = new Monitor();
      monitor.#detect = detect;
      if (isDefault) monitor.#fromEnvironment = undefined;
      return monitor;
    };
  }

  /**
   * Begins to record; see {@linkcode StartOptions}. While it records already, a call with the same
   * options changes nothing but `onError` and the functions of the samplers, which are replaced by
   * those given: development servers evaluate a module again.
   *
   * @returns what stops this recording when it is disposed of, unless it was stopped before.
   * @throws {KymoError} `"invalid-state"` while recording with other options, `"invalid-argument"`
   * if an option is wrong, `"unsupported"` on an unknown runtime, or the code of what the disk
   * refused: `"permission-denied"` or `"io"`. Nothing has changed then. Nothing is thrown if
   * `optional` is set.
   * @throws {RangeError} if there is no memory for the buffers.
   */
  start(options?: StartOptions): AsyncDisposable {
    let optional = options?.optional;
    try {
      const runtime = this.#session?.runtime ?? this.#detect();
      const read = readEnvironment(runtime.environment, "Cannot start", {
        given: options,
        ...this.#fromEnvironment && { only: this.#fromEnvironment },
      });
      optional ??= read.options.optional;
      const checked = checkStartOptions(options, { ...this.#defaults, ...read.options });
      throwErrors(read);
      const recording = this.#start(runtime, checked);
      if (!this.#hasToldEnvironment) { for (const error of read.ignored) this.report(error); }
      this.#hasToldEnvironment = true;
      return recording;
    } catch (error) {
      if (optional !== true) throw error;
      this.#reportNotStarted(error, options?.onError);
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    }
  }

  /**
   * Begins to record for a program that may not know of it, unless it records already. What the
   * environment does not give is as in `defaults`, and the recording is optional. If the program
   * calls `start`, its options count: this recording goes on if it is what they ask for, otherwise it
   * ends and the program's begins. Does not throw.
   */
  startBefore(
    defaults: StartOptions,
    { onError, automatic }: Required<Pick<StartOptions, "onError">> & {
      /** What records by itself, for `status()`. */
      readonly automatic: Readonly<Record<string, Capability>>;
    },
  ): void {
    this.#automatic = automatic;
    this.#defaults = defaults;
    if (this.#session !== undefined) return;
    this.start({ optional: true, onError });
    this.#provisional = this.#session;
  }

  /** Ends recording; resolves when all rows are in files, or counted as dropped. Never rejects. */
  stop(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return this.#closed;
    this.#callFlushListeners(true);
    this.#session = this.#active = undefined;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const before = this.#closed;
    this.#closing = session;
    this.#closed = closed;
    session.close().then(async () => {
      if (this.#closing === session) {
        this.#ended = session.status(false);
        this.#closing = undefined;
      }
      await before;
      resolve();
    });
    return closed;
  }

  /**
   * Resolves when all that was recorded until this call is in files; running samples go on. What
   * cannot be written in some attempts stays buffered, and the failure is reported. Never rejects;
   * resolves at once when nothing is recorded.
   */
  async flush(): Promise<void> {
    this.#callFlushListeners(false);
    await Promise.all([this.#session?.flush(), this.#closed]);
  }

  /**
   * Records nothing from now on, until {@linkcode Monitor.resume}: sampling calls do nothing and cost
   * as little as before `start`, and samplers rest. What was recorded stays. Does nothing unless it
   * is started.
   */
  pause(): void {
    this.#session?.pause();
  }

  /**
   * Records again after {@linkcode Monitor.pause}, unless the recording is switched off from outside
   * (`kymo off`) or by the option `record`.
   */
  resume(): void {
    this.#session?.resume();
  }

  /**
   * Starts a duration sample and returns its id: the monotonic time in ns; 0 if nothing is
   * recorded.
   */
  startDurationSample(): number {
    return this.#active === undefined ? NO_ID[0]! : this.#active.durations.start();
  }

  /** Stops the duration sample `id`, and records its duration under `label`. */
  stopDurationSample(label: string, id: number): void {
    if (this.#active !== undefined) this.#active.durations.stop(label, id);
  }

  /**
   * Starts to time an outgoing request, as {@linkcode Monitor.startDurationSample}. Its duration goes
   * to the channel `client`.
   */
  startOutgoingSample(): number {
    return this.#active?.outgoing?.start() ?? NOT_RECORDING;
  }

  /** Stops the sample `id` of an outgoing request, and records its duration under `label`. */
  stopOutgoingSample(label: string, id: number): void {
    this.#active?.outgoing?.stop(label, id);
  }

  /**
   * Makes a timer for functions and methods; see {@linkcode TimeIt}.
   *
   * @throws {KymoError} if the label is not a string.
   */
  timeIt(label: string): TimeIt {
    return timeItWith(this, label);
  }

  /** Times from here to the end of the block: `using _ = monitor.time("my block")`. */
  time(label: string): Disposable {
    const id = this.startDurationSample();
    if (id === NOT_RECORDING) return NOT_TIMED;
    return { [Symbol.dispose]: () => this.stopDurationSample(label, id) };
  }

  /**
   * Calls `listener`, which must not throw, before `flush`, `stop` and the end of the program write
   * rows, with `isEnd` for the latter two: for whoever polls for the ends of samples. Returns a
   * function that removes the listener.
   */
  beforeFlush(listener: (isEnd: boolean) => void): () => void {
    this.#flushListeners.add(listener);
    return () => void this.#flushListeners.delete(listener);
  }

  /**
   * Reports a failure of whoever records with this monitor, as those of the recording itself: to
   * `onError`, and in `status()`. Does nothing while nothing is recorded.
   */
  report(error: KymoError): void {
    this.#session?.report(error);
  }

  /**
   * Counts an HTTP request that is recorded as `other [VERB]`, because there were `limit` labels
   * already. The first of a recording is reported, too.
   */
  countOther(limit: number): void {
    this.#active?.countOther(limit);
  }

  /**
   * Counts an outgoing request that is recorded as `other [VERB]`, because there were `limit` hosts
   * already. The first of a recording is reported, too.
   */
  countOtherHost(limit: number): void {
    this.#active?.countOtherHost(limit);
  }

  /** Records one measurement, in a unit of your choice, in the channel `custom`. */
  observe(label: string, value: number, options?: ObserveOptions): void {
    this.#active?.channel(CHANNELS.custom)?.observe(label, value, options);
  }

  /** Marks a moment, such as `deploy 1.4.2`: a row in the channel `mark`, with the text as label. */
  mark(text: string, options?: ObserveOptions): void {
    this.#active?.channel(CHANNELS.mark)?.observe(text, 1, options);
  }

  /** Records several measurements with the same timepoint. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>, options?: ObserveOptions): void {
    this.#active?.channel(CHANNELS.custom)?.observeMany(observations, options);
  }

  /**
   * A channel of your own, whose name begins the names of its files. It stays valid: while nothing
   * is recorded, it does nothing.
   *
   * @throws {KymoError} if the name is not 1 to 64 letters, digits, `_` or `-`, is reserved, or is
   * the 65th.
   */
  channel(name: string): ObservationSink {
    checkOwnChannelName("Cannot make the channel", name);
    if (this.#channels.size >= MAX_CHANNELS && !this.#channels.has(name)) {
      throw new KymoError(
        "limit-exceeded",
        `Cannot make the channel: there are ${MAX_CHANNELS} already, each with buffers: ${quote(name)}`,
      );
    }
    this.#channels.add(name);
    return {
      observe: (label, value, options) => this.#active?.channel(name)?.observe(label, value, options),
      observeMany: (observations, options) => this.#active?.channel(name)?.observeMany(observations, options),
    };
  }

  /** Counts, capabilities and failures. Cheap, and safe to pass to `JSON.stringify`. */
  status(): MonitorStatus {
    const status = this.#session?.status(true) ?? this.#closing?.status(false) ?? this.#ended;
    return { ...status, automatic: { ...this.#automatic } };
  }

  #start(runtime: Runtime, options: CheckedOptions): AsyncDisposable {
    const session = this.#sessionFor(runtime, options);
    this.#provisional = undefined;
    if (session === this.#session) session.adopt(options);
    else {
      // The one that was started before the program could ends; it holds what was recorded until now.
      void this.stop();
      this.#session = this.#active = session;
      session.begin({
        beforeExitFlush: (isEnd) => this.#callFlushListeners(isEnd),
        flush: () => this.flush(),
        switched: (on) => {
          if (this.#session === session) this.#active = on ? session : undefined;
        },
      }, this.#closing && this.#closed);
    }
    return { [Symbol.asyncDispose]: () => this.#session === session ? this.stop() : this.#closed };
  }

  /** The recording that a program gets which starts with these options: the current one, or a new one. */
  #sessionFor(runtime: Runtime, options: CheckedOptions): Session {
    const current = this.#session;
    if (current !== undefined && (current !== this.#provisional || current.become(options))) return current;
    return new Session(runtime, options);
  }

  /** Tells of a start that failed although it was optional. */
  #reportNotStarted(thrown: unknown, onError: unknown): void {
    const error = thrown instanceof KymoError
      ? thrown
      : new KymoError("unsupported", reason(thrown), { cause: thrown });
    if (this.#session !== undefined) return this.report(error);
    new Failures(typeof onError === "function" ? (failure) => onError(failure) : () => {}, () => 0).report(error);
    this.#ended = { ...NOT_STARTED, errors: this.#ended.errors + 1, lastError: error };
  }

  #callFlushListeners(isEnd: boolean): void {
    for (const listener of this.#flushListeners) listener(isEnd);
  }
}
