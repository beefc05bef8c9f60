import { fileError } from "../errors.ts";
import type { SegmentOwner } from "../segment/format.ts";
import type { ObservationSink } from "../sampling/sampler.ts";
import { valueKindOf } from "../series.ts";
import type { ChannelRule } from "../control/recording_rules.ts";
import type { ChannelCounts, DoubleBuffer } from "./buffers/double_buffer.ts";
import { Flusher, type FlusherOptions } from "./buffers/flusher.ts";
import { exitLockDeadline } from "./buffers/patience.ts";
import { type ChannelInput, inputOf } from "./switching/channel_input.ts";

/** The channels of one recording by name, each with its flusher. */
export class Channels {
  readonly #options: FlusherOptions;
  readonly #owner: Pick<SegmentOwner, "pid" | "isolate">;
  readonly #flushers = new Map<string, Flusher>();
  readonly #inputs = new Map<string, ChannelInput>();
  #ruleOf: (channel: string) => ChannelRule = () => true;
  #isOpen = true;
  /** Whether a disk that refuses a spool is an exception. */
  #isStrict: boolean;
  /** What is called after each flush of late rows, while no other flush is sure to follow. */
  #flushedLate: (() => void) | undefined;

  /**
   * Makes no channel yet. If `strict`, a disk that refuses a spool is an exception until
   * {@linkcode Channels.begin}.
   */
  constructor(
    options: FlusherOptions,
    owner: Pick<SegmentOwner, "pid" | "isolate">,
    { strict }: { readonly strict: boolean },
  ) {
    this.#options = options;
    this.#owner = owner;
    this.#isStrict = strict;
  }

  /** From now on the program runs: a disk that refuses a spool is not an exception. */
  begin(): void {
    this.#isStrict = false;
  }

  /**
   * Makes timepoints follow the wall clock, if it was set, or has gone on while the machine slept.
   * To be called about once a second.
   */
  followWallClock(): void {
    for (const { buffer } of this.#flushers.values()) buffer.followWallClock();
  }

  /** From now on the channels take what a function says of each. */
  follow(ruleOf: (channel: string) => ChannelRule): void {
    this.#ruleOf = ruleOf;
    for (const channel of this.#inputs.keys()) this.#inputs.set(channel, this.#inputUnderRule(channel));
  }

  /**
   * What takes the observations of a channel, until rules change: its buffer, while it takes all.
   *
   * @throws as {@linkcode Channels.get}.
   */
  input(channel: string): ChannelInput {
    let input = this.#inputs.get(channel);
    if (input === undefined) this.#inputs.set(channel, input = this.#inputUnderRule(channel));
    return input;
  }

  /**
   * Why rows recorded now would not outlive the process; `undefined` if those of all channels
   * would.
   */
  get whyNotSpool(): string | undefined {
    for (const { whyNotSpool } of this.#flushers.values()) if (whyNotSpool !== undefined) return whyNotSpool;
    return undefined;
  }

  /**
   * The buffer of a channel, made when it is first asked for.
   *
   * @throws {KymoError} if the disk refuses its spool, in strict mode before
   * {@linkcode Channels.begin} was called.
   * @throws {RangeError} if there is no memory for it.
   */
  get(channel: string): DoubleBuffer {
    let flusher = this.#flushers.get(channel);
    if (flusher === undefined) {
      const owner = { ...this.#owner, channel, kind: valueKindOf(channel) };
      flusher = new Flusher(this.#options, owner, this.#isStrict);
      this.#flushers.set(channel, flusher);
      if (this.#flushedLate !== undefined) flusher.retire(this.#flushedLate);
    }
    return flusher.buffer;
  }

  /**
   * A channel as a sink, which does nothing once the channels are closed.
   *
   * @throws as {@linkcode Channels.get}.
   */
  sink(channel: string): ObservationSink {
    this.get(channel);
    return {
      observe: (label, value, options) => this.#isOpen ? this.input(channel).observe(label, value, options) : undefined,
      observeMany: (observations, options) =>
        this.#isOpen ? this.input(channel).observeMany(observations, options) : undefined,
    };
  }

  /** Flushes what is recorded until now without blocking the event loop. Never rejects. */
  async flush(): Promise<void> {
    await this.#each((flusher) => flusher.flush());
  }

  /**
   * Flushes all rows before it returns, then calls `flushed`. After the `last` call, no empty spool
   * is left behind, and rows that come all the same are flushed at once, with a call of `flushed`.
   */
  flushNow(last: boolean, flushed: () => void = () => {}): void {
    this.#flushedLate = last ? flushed : undefined;
    const deadline = exitLockDeadline(this.#options.clock.now());
    this.#eachNow((flusher) => flusher.flushNow(deadline, last));
    flushed();
    if (last) this.#eachNow((flusher) => flusher.retire(flushed));
  }

  /** Goes on as before {@linkcode Channels.flushNow}: the program has not ended. */
  resume(): void {
    this.#flushedLate = undefined;
    this.#eachNow((flusher) => flusher.resume());
  }

  /**
   * Flushes all rows without blocking the event loop, calls `flushed` when the counts are final, and
   * ends. Never rejects.
   */
  async close(flushed: () => void = () => {}): Promise<void> {
    this.#end();
    await this.#each((flusher) => flusher.finish());
    flushed();
    this.abandon();
  }

  /** Ends without flushing. */
  abandon(): void {
    this.#end();
    this.#eachNow((flusher) => flusher.abandon());
  }

  /** The counts of each channel, by name. */
  counts(): Record<string, ChannelCounts> {
    return Object.fromEntries(Array.from(this.#flushers, ([channel, { buffer }]) => [channel, buffer.counts]));
  }

  /** The sum of a number over all channels. */
  sum(of: (buffer: DoubleBuffer) => number): number {
    let sum = 0;
    for (const { buffer } of this.#flushers.values()) sum += of(buffer);
    return sum;
  }

  #end(): void {
    this.#isOpen = false;
  }

  #inputUnderRule(channel: string): ChannelInput {
    return inputOf(() => this.get(channel), this.#ruleOf(channel));
  }

  // What one flusher throws, which none should, must not keep the others from their rows.

  async #each(task: (flusher: Flusher) => Promise<void>): Promise<void> {
    await Promise.all(
      Array.from(this.#flushers.values(), (flusher) => task(flusher).catch((error) => this.#fail(error))),
    );
  }

  #eachNow(task: (flusher: Flusher) => void): void {
    for (const flusher of this.#flushers.values()) {
      try {
        task(flusher);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #fail(error: unknown): void {
    const { report, directory } = this.#options;
    report(fileError("Cannot flush the observations of a channel", directory.path, error));
  }
}
