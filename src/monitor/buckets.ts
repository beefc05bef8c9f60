import type { Bucket, BucketCounts } from "../observation/bucket.ts";
import type { SegmentOwner, ValueKind } from "../observation/segment.ts";
import type { Observer } from "../sampling/sampler.ts";
import { Flusher, type FlushSettings, lockDeadline } from "../storage/flusher.ts";

/** The buckets of one recording, by prefix, each with the flusher that empties it. */
export class Buckets {
  readonly #settings: FlushSettings;
  readonly #owner: Pick<SegmentOwner, "pid" | "isolate">;
  readonly #flushers = new Map<string, Flusher>();
  #open = true;
  #started = false;

  /** There is none yet. */
  constructor(settings: FlushSettings, owner: Pick<SegmentOwner, "pid" | "isolate">) {
    this.#settings = settings;
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
   * The bucket with a prefix, made when it is first asked for.
   *
   * @throws {StorageError} before the program runs, if it is to be in a spool and the disk refuses that.
   * @throws {RangeError} if there is no memory for another.
   */
  get(prefix: string, kind: ValueKind): Bucket {
    let flusher = this.#flushers.get(prefix);
    if (flusher === undefined) {
      flusher = new Flusher(this.#settings, { ...this.#owner, prefix, kind }, !this.#started);
      this.#flushers.set(prefix, flusher);
    }
    return flusher.bucket;
  }

  /** A bucket for others to keep: once all are closed it does nothing. */
  observer(prefix: string, kind: ValueKind): Observer {
    const bucket = this.get(prefix, kind);
    return {
      observe: (label, value) => this.#open ? bucket.observe(label, value) : undefined,
      observeMany: (observations) => this.#open ? bucket.observeMany(observations) : undefined,
    };
  }

  /** Publishes everything before it returns, if that is possible at all. If it is the `last` time, no empty spool is left behind. */
  flushNow(last: boolean): void {
    const deadline = lockDeadline(this.#settings.clock.now());
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

  /** The counts of each bucket, by prefix. */
  counts(): Record<string, BucketCounts> {
    return Object.fromEntries(Array.from(this.#flushers, ([prefix, { bucket }]) => [prefix, bucket.counts]));
  }

  /** The sum of something over all buckets. */
  sum(of: (bucket: Bucket) => number): number {
    let sum = 0;
    for (const { bucket } of this.#flushers.values()) sum += of(bucket);
    return sum;
  }
}
