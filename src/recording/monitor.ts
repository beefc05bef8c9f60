import { KymoError, quote } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { NOT_RECORDING } from "../sampling/duration.ts";
import type { ObservationSink } from "../sampling/sampler.ts";
import { checkOptions, checkOwnChannelName, type StartOptions } from "./options.ts";
import { Session } from "./session.ts";
import type { MonitorStatus } from "./status.ts";
import { type TimeIt, timeItWith } from "./time_it.ts";
import { CHANNELS } from "../series.ts";

/** How many channels a program may make up: each costs a memory threshold. */
const MAX_CHANNELS = 64;

/** {@linkcode NOT_RECORDING} as a double: where an id may be a small integer as well, V8 keeps every one in a box. */
const NO_ID = new Float64Array([NOT_RECORDING]);

const UNTIMED: Disposable = { [Symbol.dispose]: () => {} };

const NOT_STARTED: MonitorStatus = {
  running: false,
  runtime: "",
  clock: "",
  monitoringDir: "",
  capabilities: {},
  layout: undefined,
  durability: undefined,
  recorded: 0,
  flushed: 0,
  buffered: 0,
  dropped: 0,
  channels: {},
  invalidSamples: 0,
  invalidObservations: 0,
  labelsCut: 0,
  recovered: 0,
  damaged: 0,
  errors: 0,
  lastError: undefined,
};

/**
 * Records one isolate. Between `start` and `stop` every observation is kept; before and after, every sampling call does nothing and costs
 * next to nothing, so that a library may stay instrumented for ever. Apart from `start`, which throws what its caller got wrong, no method
 * throws because of what happens while recording.
 */
export class Monitor {
  readonly #detect: () => Runtime;
  #session: Session | undefined;
  #closing: { readonly session: Session; readonly done: Promise<void> } | undefined;
  // Of what has ended only the counts are kept, not the buffers.
  #ended: MonitorStatus = NOT_STARTED;
  readonly #channels = new Set<string>();
  readonly #looks = new Set<() => void>();

  /** `detect` is called with each `start`; the runtime is not touched before. */
  constructor(detect: () => Runtime) {
    this.#detect = detect;
  }

  /**
   * Begins to record.
   *
   * @throws {KymoError} while recording, or if an option is wrong; nothing has changed.
   * @throws {KymoError} if the monitoring directory cannot be created or written.
   */
  start(options?: StartOptions): void {
    const checked = checkOptions(options);
    if (this.#session !== undefined) {
      throw new KymoError(
        "invalid-state",
        `Cannot start: already recording: ${quote(this.#session.status(true).monitoringDir)}`,
      );
    }
    if (this.#closing !== undefined) {
      throw new KymoError("invalid-state", "Cannot start: still stopping: await stop() first");
    }
    this.#session = new Session(this.#detect(), checked);
    this.#session.begin(() => this.#lookForEnds());
  }

  /** Ends recording, and resolves once everything is in files. Resolves at once if nothing is recorded; never rejects. */
  stop(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return this.#closing?.done ?? Promise.resolve();
    this.#lookForEnds();
    this.#session = undefined;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#closing = { session, done };
    session.close().then(() => {
      this.#ended = session.status(false);
      this.#closing = undefined;
      resolve();
    });
    return done;
  }

  /** Starts a duration sample and returns its id: the monotonic time in ns; 0 if nothing is recorded. */
  startDurationSample(): number {
    return this.#session === undefined ? NO_ID[0]! : this.#session.durations.start();
  }

  /** Ends the sample `id`, and keeps how long it took, in seconds, under `label`. */
  stopDurationSample(label: string, id: number): void {
    if (this.#session !== undefined) this.#session.durations.stop(label, id);
  }

  /** Makes a timer for functions and methods; see {@linkcode TimeIt}. */
  timeIt(label: string): TimeIt {
    return timeItWith(this, label);
  }

  /** Times from here to the end of the block: `using _ = time("my block")`. */
  time(label: string): Disposable {
    const id = this.startDurationSample();
    if (id === NOT_RECORDING) return UNTIMED;
    return { [Symbol.dispose]: () => this.stopDurationSample(label, id) };
  }

  /**
   * Has `look` called before samples are written out for the last time, by `stop` or at the end of the program: for those who learn late that
   * something has ended, and then end its sample. It must not throw. Returns how to take it off.
   */
  beforeEnd(look: () => void): () => void {
    this.#looks.add(look);
    return () => void this.#looks.delete(look);
  }

  /** Keeps one measurement of your own, in the unit you like. */
  observe(label: string, value: number): void {
    this.#session?.channel(CHANNELS.custom)?.observe(label, value);
  }

  /** Keeps several measurements of one moment. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>): void {
    this.#session?.channel(CHANNELS.custom)?.observeMany(observations);
  }

  /**
   * Where observations go to files of their own. It may be kept for ever: while nothing is recorded it does nothing.
   *
   * @throws {KymoError} if the channel is no part of a file name, one of the monitor's own, or the 65th.
   */
  channel(channel: string): ObservationSink {
    checkOwnChannelName("Cannot make the channel", channel);
    if (this.#channels.size >= MAX_CHANNELS && !this.#channels.has(channel)) {
      throw new KymoError(
        "limit-exceeded",
        `Cannot make the channel: there are ${MAX_CHANNELS} already, each with buffers: ${quote(channel)}`,
      );
    }
    this.#channels.add(channel);
    return {
      observe: (label, value) => this.#session?.channel(channel)?.observe(label, value),
      observeMany: (observations) => this.#session?.channel(channel)?.observeMany(observations),
    };
  }

  /** What is going on; cheap, and safe to call at any time. */
  status(): MonitorStatus {
    if (this.#session !== undefined) return this.#session.status(true);
    return this.#closing?.session.status(false) ?? this.#ended;
  }

  #lookForEnds(): void {
    for (const look of this.#looks) look();
  }
}
