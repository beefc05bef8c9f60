import type { ChannelCounts, DoubleBuffer } from "./double_buffer.ts";
import type { SegmentOwner } from "../segment/format.ts";
import type { ValueKind } from "../series.ts";
import type { ObservationSink } from "../sampling/sampler.ts";
import { Flusher, type FlusherOptions, lockDeadline } from "./flusher.ts";

/** The channels of one recording, by name, each with the flusher that empties it. */
export class Channels {
  readonly #options: FlusherOptions;
  readonly #owner: Pick<SegmentOwner, "pid" | "isolate">;
  readonly #flushers = new Map<string, Flusher>();
  #open = true;
  #started = false;

  /** There is none yet. */
  constructor(options: FlusherOptions, owner: Pick<SegmentOwner, "pid" | "isolate">) {
    this.#options = options;
    this.#owner = owner;
  }

  /** From now on the program runs, and a disk that refuses a spool is no reason to throw. */
  started(): void {
    this.#started = true;
  }

  /** Whether what is recorded now outlives the process. */
  get outlive(): boolean {
    return this.#flushers.values().every(({ outlives }) => outlives);
  }

  /**
   * The buffer of a channel, made when it is first asked for.
   *
   * @throws {KymoError} before the program runs, if it is to be in a spool and the disk refuses that.
   * @throws {RangeError} if there is no memory for another.
   */
  get(channel: string, kind: ValueKind): DoubleBuffer {
    let flusher = this.#flushers.get(channel);
    if (flusher === undefined) {
      flusher = new Flusher(this.#options, { ...this.#owner, channel, kind }, !this.#started);
      this.#flushers.set(channel, flusher);
    }
    return flusher.buffer;
  }

  /** A buffer for others to keep: once all are closed it does nothing. */
  sink(channel: string, kind: ValueKind): ObservationSink {
    const buffer = this.get(channel, kind);
    return {
      observe: (label, value) => this.#open ? buffer.observe(label, value) : undefined,
      observeMany: (observations) => this.#open ? buffer.observeMany(observations) : undefined,
    };
  }

  /** Publishes everything before it returns, if that is possible at all. If it is the `last` time, no empty spool is left behind. */
  flushNow(last: boolean): void {
    const deadline = lockDeadline(this.#options.clock.now());
    for (const flusher of this.#flushers.values()) flusher.flushNow(deadline, last);
  }

  /** Publishes everything without holding up the event loop, and takes nothing more. */
  async close(): Promise<void> {
    this.#open = false;
    await Promise.all(Array.from(this.#flushers.values(), (flusher) => flusher.close()));
  }

  /** Lets everything go as it is. */
  abandon(): void {
    for (const flusher of this.#flushers.values()) flusher.abandon();
  }

  /** The counts of each buffer, by channel. */
  counts(): Record<string, ChannelCounts> {
    return Object.fromEntries(Array.from(this.#flushers, ([channel, { buffer }]) => [channel, buffer.counts]));
  }

  /** The sum of something over all channels. */
  sum(of: (buffer: DoubleBuffer) => number): number {
    let sum = 0;
    for (const { buffer } of this.#flushers.values()) sum += of(buffer);
    return sum;
  }
}
