import { KymoError } from "../../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../../src/recording/options.ts";
import type { MonitorStatus } from "../../../../src/recording/status.ts";
import type { ChannelCounts } from "../../../../src/recording/buffers/double_buffer.ts";
import { EPOCH, type FakeRuntime } from "../../../support/fake/runtime.ts";
import { DIRECTORY } from "../../../support/fake/published_files.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

/** What a program's own error handler does. */
export type ErrorHandler = "nothing" | "throw" | "reject" | "observe" | "stop";

/** What a sampler of the program's own does. */
export type OwnSampler = "none" | "observe" | "observe and throw" | "reject";

/** How a recording is begun. */
export interface Recording {
  readonly options: StartOptions;
  readonly onError: ErrorHandler;
  readonly sampler: OwnSampler;
}

/** Gives each observation a different value, by which it is found again. */
export interface Values {
  /** A value that was not given before, for an observation with `channel`. */
  next(channel: string): number;
  /** Whether a duration was not met before, ns; it is now. */
  isNewDuration(duration: number): boolean;
}

/** Where a {@linkcode WatchedMonitor} reports failures in places that cannot throw. */
export type Problems = (problem: unknown) => void;

/** What must be true of one recording. */
class Expected {
  /** By channel. */
  readonly recorded = new Map<string, number>();
  invalidObservations = 0;
  invalidSamples = 0;
  /** Running samples. */
  readonly samples: number[] = [];
  /** Whether nothing was ever in its way. */
  faultless: boolean;
  /** Whether its process has seemed to end for good: then it records in heap memory. */
  isRetired = false;
  isPaused = false;
  isClosing = false;
  isSettled = false;
  readonly recording: Recording;

  constructor(recording: Recording, faultless: boolean) {
    this.recording = recording;
    this.faultless = faultless;
  }

  count(channel: string, more: number): void {
    add(this.recorded, channel, more);
  }
}

const LABELS = [
  "x",
  'a "label",\r\nof two lines',
  "😀 \ud83d",
  "y".repeat(300),
  "",
] as const;

const NO_LABELS = [undefined, null, 5, Symbol("x"), {}, ["x"]] as const;
const NO_VALUES = [undefined, null, "1", 1n, Symbol("x"), {}] as const;
const NO_IDS = [undefined, null, "1", 1n, {}, NaN, Infinity, -1, 0, 0.5, 1e300] as const;

/** A channel of the program's own, or the monitor itself. */
export type Target = "custom" | "mine" | "other";

/** A monitor with the plain numbers that its status must show. */
export class WatchedMonitor {
  readonly runtime: FakeRuntime;
  readonly #monitor: Monitor;
  readonly #values: Values;
  readonly #problem: Problems;
  readonly #mine;
  readonly #other;
  readonly #channels = new Set(["mine", "other"]);
  /** Rows of ended recordings that were left in spools. */
  left = 0;
  readonly #flushedBefore = new Map<string, number>();
  #recoveredBefore = 0;
  #state: "idle" | "starting" | "recording" | "closing" = "idle";
  #expected: Expected | undefined;
  #stopping = false;
  #settled = Promise.resolve();
  #flushed = Promise.resolve();
  #oldIds: number[] = [];
  #lastStopped: number | undefined;

  constructor(runtime: FakeRuntime, values: Values, problem: Problems) {
    this.runtime = runtime;
    this.#values = values;
    this.#problem = problem;
    this.#monitor = createMonitor(() => runtime);
    this.#mine = this.#monitor.channel("mine");
    this.#other = this.#monitor.channel("other");
    // Called by `stop` and at the end of the program, when samples still count.
    this.#monitor.beforeFlush(() => {
      this.observe("mine", 1, 0);
      if (this.#stopping) this.#state = "closing";
    });
  }

  /** What it says of itself. */
  get status(): MonitorStatus {
    return this.#monitor.status();
  }

  /** Whether it records. */
  get isRecording(): boolean {
    return this.#state === "recording";
  }

  /** Whether it neither records nor closes. */
  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /** How it was started last. */
  get recording(): Recording | undefined {
    return this.#expected?.recording;
  }

  /** Whether nothing has been in the way of this recording, or the one that ended last. */
  get faultless(): boolean {
    return this.#expected?.faultless ?? true;
  }

  /** Rows that it says are in files, of this recording and all before it, by channel. */
  get flushed(): Map<string, number> {
    const flushed = new Map(this.#flushedBefore);
    if (!this.#isLive) return flushed;
    for (const [channel, counts] of Object.entries(this.status.channels)) add(flushed, channel, counts.flushed);
    return flushed;
  }

  /** Rows of others that it says it published, of this recording and all before it. */
  get recovered(): number {
    return this.#recoveredBefore + (this.#isLive ? this.status.recovered : 0);
  }

  /** Whether a kill loses nothing of what it records now. */
  get survives(): boolean {
    const { durability = "spool" } = this.recording?.options ?? {};
    const isRetired = this.#expected?.isRetired ?? false;
    return this.faultless && !isRetired && durability !== "memory" && this.runtime.files.map !== undefined;
  }

  /** What a kill must not lose, by channel. */
  get kept(): Map<string, number> {
    const kept = this.flushed;
    if (!this.#isLive || !this.survives) return kept;
    for (const [channel, { buffered }] of Object.entries(this.status.channels)) add(kept, channel, buffered);
    return kept;
  }

  /** The process has seemed to end for good, so that a kill takes what is recorded from now on. */
  losesSpools(): void {
    if (this.#isLive && this.#expected !== undefined) this.#expected.isRetired = true;
  }

  /** From now on losses may happen. */
  meetsFault(): void {
    if (this.#expected !== undefined) this.#expected.faultless = false;
  }

  /** Begins to record, if it may; `healthy` if there is nothing in the way of that. */
  start(recording: Recording, healthy: boolean): void {
    const before = this.status;
    const state = this.#state;
    if (state === "recording") return this.#startAgain();
    // The counts of a recording that is being closed cannot be seen once another has begun.
    if (state === "closing") return;
    const expected = new Expected(recording, healthy);
    const previous = this.#expected;
    const oldIds = previous === undefined ? [] : [...this.#oldIds, ...previous.samples].slice(-20);
    this.#expected = expected;
    this.#state = "starting";
    try {
      this.#monitor.start({ ...recording.options, ...this.#callbacks(expected) });
    } catch (error) {
      this.#state = state;
      this.#expected = previous;
      if (expected.faultless || !(error instanceof KymoError)) this.#problem(error);
      if (this.status.recorded !== before.recorded || this.status.running) {
        this.#problem("a failed start left something");
      }
      return;
    }
    this.#oldIds = oldIds;
    this.#lastStopped = undefined;
    if (this.#state === "starting") this.#state = "recording";
  }

  /** Begins again while it records: with other options that is refused, with the same it goes on. */
  #startAgain(): void {
    const expected = this.#expected;
    if (expected === undefined) return;
    const { options } = expected.recording;
    this.#mustRefuse(() => this.#monitor.start({ ...options, samplingInterval: 86_400_000 }), KymoError);
    const { isolate } = this.status;
    this.#guard(() => void this.#monitor.start({ ...options, ...this.#callbacks(expected) }));
    if (this.status.isolate !== isolate) this.#problem("a second start with the same options began another recording");
  }

  /** Tries to begin with options that are wrong. */
  startWrongly(options: unknown): void {
    this.#mustRefuse(() => this.#monitor.start(options as StartOptions), KymoError);
  }

  /** Ends the recording; resolves when it has ended. */
  stop(): Promise<void> {
    const expected = this.#expected;
    this.#stopping = true;
    const stopped = this.#monitor.stop();
    this.#stopping = false;
    if (this.#state === "closing" && expected !== undefined && !expected.isClosing) {
      expected.isClosing = true;
      this.#settled = stopped.then(() => {
        if (expected.isSettled) return;
        this.#settle(expected, this.status);
        this.#state = "idle";
        this.check();
      }).catch(this.#problem);
    }
    return this.#settled;
  }

  /** Records nothing more, or does again. */
  pause(on: boolean): void {
    const expected = this.#expected;
    const isPaused = this.#state === "recording" && on;
    // Samplers take a last sample before the pause, and a first one after it.
    if (expected !== undefined && !isPaused) expected.isPaused = false;
    this.#guard(() => on ? this.#monitor.pause() : this.#monitor.resume());
    if (expected !== undefined && isPaused) expected.isPaused = true;
  }

  /** Resolves when the last flush has ended. */
  get flushEnded(): Promise<void> {
    return this.#flushed;
  }

  /** Flushes; if nothing was in the way, what was recorded until the call is in files when it resolves. */
  flush(): Promise<void> {
    const expected = this.#expected;
    const { recorded } = this.status;
    const wasLive = this.#isLive;
    return this.#flushed = this.#monitor.flush().then(() => {
      if (!wasLive || expected === undefined || expected !== this.#expected || !expected.faultless) return;
      const { flushed } = this.status;
      if (flushed < recorded) throw new Error(`${flushed} of ${recorded} rows are in files after flush`);
    }).catch(this.#problem);
  }

  /** Makes `count` observations, with a label, or labels of some kind. */
  observe(target: Target, count: number, label: number | string): void {
    const channel = target;
    for (let i = 0; i < count; i++) {
      const text = typeof label === "string" ? label : LABELS[label] ?? `label ${i % label}`;
      const value = this.#values.next(channel);
      this.#expectedNow()?.count(channel, 1);
      this.#guard(() => this.#target(target).observe(text, value));
    }
  }

  /** Makes `count` observations of another time, `distance` ns from the beginning of the test. */
  observeAt(target: Target, count: number, distance: bigint): void {
    for (let i = 0; i < count; i++) {
      const value = this.#values.next(target);
      this.#expectedNow()?.count(target, 1);
      this.#guard(() => this.#target(target).observe("at", value, { at: EPOCH + distance }));
    }
  }

  /** Gives what is no observation. */
  observeWrongly(target: Target, which: number): void {
    const label = NO_LABELS[which % NO_LABELS.length] as string;
    const value = NO_VALUES[which % NO_VALUES.length] as number;
    for (const [text, number] of [[label, this.#values.next("nowhere")], ["x", value]] as const) {
      const now = this.#expectedNow(); // the first may have made the channel, and an error of that have stopped the monitor
      if (now !== undefined) now.invalidObservations++;
      this.#guard(() => this.#target(target).observe(text, number));
    }
  }

  /** Gives several at once, some of them no observations, from an iterator that may throw. */
  observeMany(target: Target, good: number, bad: number, throws: boolean): void {
    const channel = target;
    const now = this.#expectedNow();
    now?.count(channel, good);
    if (now !== undefined) now.invalidObservations += bad + (throws ? 1 : 0);
    const values = this.#values;
    function* observations(): Generator<readonly [string, number]> {
      for (let i = 0; i < Math.max(good, bad); i++) {
        if (i < good) yield ["many", values.next(channel)];
        if (i < bad) yield [["x", "1"], ["x"], 5, null, [5, 5]][i % 5] as unknown as [string, number];
      }
      if (throws) throw new Error("an iterator of the program's own");
    }
    this.#guard(() => this.#target(target).observeMany(observations()));
  }

  /** Asks for channels, one too many among them. */
  makeBuckets(count: number): void {
    for (let i = 0; i < count; i++) {
      const channel = `p${i}`;
      const fits = this.#channels.has(channel) || this.#channels.size < 64;
      if (fits) {
        this.#guard(() => this.#monitor.channel(channel));
        this.#channels.add(channel);
      } else this.#mustRefuse(() => this.#monitor.channel(channel), KymoError);
    }
    for (const channel of ["", "../x", "custom", "duration", "a.b", 5, undefined, "x".repeat(65)]) {
      this.#mustRefuse(() => this.#monitor.channel(channel as string), KymoError);
    }
  }

  /** Starts a duration sample. */
  startSample(): void {
    const now = this.#expectedNow();
    const id = this.#monitor.startDurationSample();
    if (now === undefined ? id !== 0 : !(Number.isSafeInteger(id) && id > 0)) {
      this.#problem(`a sample got the id ${id}`);
    }
    now?.samples.push(id);
  }

  /** Ends one of the running duration samples. */
  stopSample(which: number): void {
    const now = this.#expectedNow();
    const [id] = now?.samples.splice(which % now.samples.length, 1) ?? [];
    if (now === undefined || id === undefined) return;
    const { clock } = this.runtime;
    // So that the duration is found again.
    while (!this.#values.isNewDuration(clock.time + clock.step - id)) clock.time++;
    now.count("duration", 1);
    this.#lastStopped = id;
    this.#guard(() => this.#monitor.stopDurationSample(LABELS[which % LABELS.length]!, id));
  }

  /** Ends what is no running sample, or with what is no label. */
  stopSampleWrongly(which: number): void {
    const now = this.#expectedNow();
    const ids = [...NO_IDS, ...this.#oldIds, ...this.#lastStopped === undefined ? [] : [this.#lastStopped]];
    const id = ids[which % ids.length] as number;
    const running = now?.samples[0] ?? 0;
    if (now !== undefined) now.invalidSamples += id === 0 ? 1 : 2;
    this.#guard(() => this.#monitor.stopDurationSample("x", id));
    this.#guard(() => this.#monitor.stopDurationSample(NO_LABELS[which % NO_LABELS.length] as string, running));
  }

  /** Throws unless the status shows what must be true at any moment. */
  check(): void {
    const { status } = this;
    const expected = this.#expected;
    mustBe("running", status.running, this.#state === "recording");
    mustBe("recording", status.recording.on, this.#state === "recording" && expected?.isPaused === false);
    if (expected === undefined) return;
    mustBe("invalid observations", status.invalidObservations, expected.invalidObservations);
    mustBe("damaged rows", status.damaged, 0);
    mustBe("invalid samples", status.invalidSamples, expected.invalidSamples);
    const sum = { recorded: 0, flushed: 0, buffered: 0, dropped: 0 };
    for (const [channel, counts] of Object.entries(status.channels)) {
      this.#checkChannel(channel, counts, expected);
      for (const key of ["recorded", "flushed", "buffered", "dropped"] as const) sum[key] += counts[key];
    }
    for (const [channel, recorded] of expected.recorded) {
      if (recorded > 0) mustBe(`recorded with ${channel}`, status.channels[channel]?.recorded, recorded);
    }
    const { recorded, flushed, buffered, dropped } = status;
    mustBe("the sums", [recorded, flushed, buffered, dropped].join(), Object.values(sum).join());
    if (expected.faultless) mustBe("dropped without a fault", dropped, 0);
  }

  #checkChannel(channel: string, { recorded, flushed, buffered, dropped }: ChannelCounts, expected: Expected): void {
    mustBe(`recorded with ${channel}`, recorded, flushed + buffered + dropped);
    if (Math.min(flushed, buffered, dropped) < 0) throw new Error(`Less than nothing: ${[flushed, buffered, dropped]}`);
    // What the runtime's own samplers observe is not known here.
    if (channel !== "runtime") mustBe(`recorded with ${channel}`, recorded, expected.recorded.get(channel) ?? 0);
    const threshold = expected.recording.options.memoryThreshold ?? 2 ** 20;
    if (buffered * 18 > threshold) throw new Error(`${buffered} rows are buffered in ${threshold} bytes`);
  }

  #settle(expected: Expected, { channels, buffered, recovered }: MonitorStatus): void {
    expected.isSettled = true;
    const mayLeaveSpools = !expected.faultless && expected.recording.options.durability !== "memory";
    if (buffered !== 0 && !mayLeaveSpools) this.#problem(`${buffered} rows are buffered after stop`);
    this.left += buffered;
    this.#recoveredBefore += recovered;
    for (const [channel, { flushed }] of Object.entries(channels)) add(this.#flushedBefore, channel, flushed);
  }

  /** Whether its status is of a recording that has not ended. */
  get #isLive(): boolean {
    return this.#state === "starting" ? this.status.running : this.#state !== "idle";
  }

  #target(target: Target): Pick<Monitor, "observe" | "observeMany"> {
    return target === "custom" ? this.#monitor : target === "mine" ? this.#mine : this.#other;
  }

  /** What an observation that is made now counts for. */
  #expectedNow(): Expected | undefined {
    const records = this.#state === "recording" || this.#state === "starting" && this.status.running;
    return records && !this.#expected?.isPaused ? this.#expected : undefined;
  }

  #callbacks(expected: Expected): StartOptions {
    const { onError, sampler } = expected.recording;
    const sample: NonNullable<StartOptions["samplers"]>[number]["sample"] = (sink) => {
      expected.count("sampled", 1);
      this.#guard(() => sink.observe("x", this.#values.next("sampled")));
      if (sampler === "observe and throw") throw new Error("a sampler of the program's own");
      if (sampler === "reject") return Promise.reject(new Error("a sampler of the program's own")) as unknown as void;
    };
    return {
      onError: () => this.#handleError(onError),
      ...sampler !== "none" && { samplers: [{ channel: "sampled", sample }] },
    };
  }

  #handleError(kind: ErrorHandler): void {
    if (kind === "observe") this.observe("mine", 1, 0);
    if (kind === "stop") void this.stop();
    if (kind === "throw") throw new Error("an error handler of the program's own");
    if (kind === "reject") return Promise.reject(new Error("an error handler of the program's own")) as unknown as void;
  }

  /** Calls what must not throw. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#problem(error);
    }
  }

  #mustRefuse(call: () => void, kind: typeof KymoError): void {
    try {
      call();
      this.#problem("what should be refused was accepted");
    } catch (error) {
      if (!(error instanceof kind)) this.#problem(error);
    }
  }
}

function add(counts: Map<string, number>, key: string, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

/** Throws unless both are the same. */
export function mustBe(what: string, is: unknown, should: unknown): void {
  if (!Object.is(is, should)) throw new Error(`${what}: is ${is}, should be ${should}`);
}

/** Options with which everything is to be found in one directory. */
export const COMMON: StartOptions = { monitoringDir: DIRECTORY, memoryThreshold: LEAST_THRESHOLD };
