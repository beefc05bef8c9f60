import type { KymoError } from "../errors.ts";
import { checkChannelName } from "../files/names.ts";
import type { Runtime } from "../runtime.ts";
import type { ObservationSink } from "../sampling/sampler.ts";
import type { ObserveOptions } from "../sampling/timepoint.ts";
import type { ChannelCounts, DoubleBuffer } from "./buffers/double_buffer.ts";
import { IDENTITY, readEnvironment, throwErrors } from "./environment.ts";
import type { ChannelInput } from "./switching/channel_input.ts";
import { checkWriteOptions, type WriteOptions } from "./options.ts";
import { Store } from "./store.ts";

/** The state of a channel, safe to pass to `JSON.stringify`. */
export interface ChannelStatus extends ChannelCounts {
  /** Observations refused because an argument was invalid. Not part of the counts. */
  readonly invalid: number;
  /** Labels that were cut for their length, counted once per buffer. */
  readonly labelsCut: number;
  /** Failures so far. */
  readonly errors: number;
  /** The latest failure. */
  readonly lastError: KymoError | undefined;
}

/** A channel that writes to a directory without a monitor. Methods do nothing once it is closed. */
export interface Channel extends ObservationSink, AsyncDisposable {
  /** Begins the names of its files. */
  readonly name: string;
  /**
   * Records `value` at `timepoint`, a reading of the runtime's monotonic clock in ns. The arguments
   * are not checked: the caller guarantees a string, a number, and a positive whole number that is
   * not less than in the call before.
   */
  add(label: string, value: number, timepoint: number): void;
  /**
   * Resolves when all that was recorded until this call is in files, or cannot be written. Never
   * rejects.
   */
  flush(): Promise<void>;
  /** Flushes all rows and ends. Never rejects. */
  close(): Promise<void>;
  /** What became of the observations, and failures. */
  status(): ChannelStatus;
}

/** A channel with a store of its own, which no monitor opens or closes. */
export class StandaloneChannel implements Channel {
  /** Begins the names of its files. */
  readonly name: string;
  readonly #store: Store;
  readonly #buffer: DoubleBuffer;
  #input: ChannelInput;
  #closing: Promise<void> | undefined;

  /**
   * Opens the channel.
   *
   * @throws {KymoError} if the name or an option is wrong, or the directory cannot be created or
   * written.
   * @throws {RangeError} if there is no memory for its buffers.
   */
  constructor(runtime: Runtime, name: string, options?: WriteOptions) {
    const action = "Cannot open the channel";
    checkChannelName(action, name);
    this.name = name;
    const read = readEnvironment(runtime.environment, action, { only: IDENTITY, given: options });
    throwErrors(read);
    this.#store = new Store(runtime, checkWriteOptions(action, options, read.options));
    this.#input = this.#buffer = this.#store.channels.get(name);
    this.#store.begin({ ruled: () => this.#input = this.#store.channels.input(name) });
    for (const error of read.ignored) this.#store.failures.report(error);
  }

  /** Records one measurement. Does nothing once the channel is closed, as all methods below. */
  observe(label: string, value: number, options?: ObserveOptions): void {
    if (this.#closing === undefined) this.#input.observe(label, value, options);
  }

  /** Records several measurements with the same timepoint. */
  observeMany(observations: Iterable<readonly [label: string, value: number]>, options?: ObserveOptions): void {
    if (this.#closing === undefined) this.#input.observeMany(observations, options);
  }

  /**
   * Records `value` at `timepoint`, a reading of the clock in ns. The caller guarantees that all
   * three are valid.
   */
  add(label: string, value: number, timepoint: number): void {
    if (this.#closing === undefined) this.#input.add(label, value, timepoint);
  }

  /**
   * Resolves when all that was recorded until this call is in files, or cannot be written. Never
   * rejects.
   */
  flush(): Promise<void> {
    return this.#closing ?? this.#store.channels.flush();
  }

  /** Flushes all rows and ends. Never rejects. */
  close(): Promise<void> {
    return this.#closing ??= this.#store.close();
  }

  /** Closes the channel. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What became of the observations, and failures. */
  status(): ChannelStatus {
    const { counts, invalid, labelsCut } = this.#buffer;
    const { count, last } = this.#store.failures;
    return { ...counts, invalid, labelsCut, errors: count, lastError: last };
  }
}
