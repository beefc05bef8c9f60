import { type CsvEncoder, HEADER_BYTES } from "../csv/encode.ts";
import { quote, reason, StorageError } from "../errors.ts";
import { Bucket, type BucketOptions, type SegmentSink } from "../observation/bucket.ts";
import type { Segment } from "../observation/segment.ts";
import { type Clock, FileError, type Timers } from "../runtime.ts";
import { AppendedFile } from "./append.ts";
import type { Destination } from "./destination.ts";
import { type MonitoringDirectory, uniquePart } from "./directory.ts";
import { SegmentFlush } from "./flush.ts";
import { PublishedFile } from "./publish.ts";

/** How CSV files are laid out: a new file for each flush, or one growing file per prefix. */
export type Layout = "segments" | "append";

/** What the flushers of a monitor share. */
export interface FlushSettings {
  /** Where files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes for all of them, one slice at a time. */
  readonly encoder: CsvEncoder;
  /** Tells when a retry is due. */
  readonly clock: Clock;
  /** Runs the flush beside the program. */
  readonly timers: Timers;
  /** How files are laid out. */
  readonly layout: Layout;
  /** ms after which a segment that is not full is flushed; 0 for never. */
  readonly flushInterval: number;
  /** Is told each failure. Does not throw. */
  readonly report: (error: Error) => void;
}

/** How long one turn of a live event loop may be used, ns. */
const TURN_BUDGET = 300_000;

/** The pause after a first failure, ms; it doubles with each further one up to the longest. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 5_000;

/** How soon a lock held by another program is tried again, ms. */
const LOCK_RETRY = 5;

/** How long a program that cannot go on without it waits for a lock, ms; then it writes a file of its own. */
const LOCK_PATIENCE = 50;

/** For how long nobody waits again after that was in vain, ms. */
const IMPATIENCE = 1_000;

/** How long `close` waits for a lock, ms. */
const CLOSE_LOCK_PATIENCE = 1_000;

/** How often a directory that fails is tried at the end, when there is no later. */
const LAST_ATTEMPTS = 3;

/** What `flock(2)` says where locks do not work, and what we say of a name that is not a file. */
const CANNOT_APPEND = new Set(["ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EINVAL"]);

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Owns a bucket and sees that what it seals is published: beside the program while its event loop turns, at once if the bucket fills
 * meanwhile or the program ends. A segment is let go only after its rows are out; while that fails, it is kept and tried again with
 * growing pauses.
 */
export class Flusher implements SegmentSink {
  /** The bucket it serves. */
  readonly bucket: Bucket;
  readonly #settings: FlushSettings;
  #flush: SegmentFlush | undefined;
  #failures = 0;
  #retryAt = 0;
  #impatientUntil = 0;
  #ownFiles: boolean;
  #cancelStep = (): void => {};
  #cancelDue = (): void => {};

  /** Makes the bucket. */
  constructor(settings: FlushSettings, options: BucketOptions) {
    this.#settings = settings;
    this.#ownFiles = !settings.directory.files.locks;
    this.bucket = new Bucket(options, this);
    this.#awaitDue();
  }

  /** See {@linkcode SegmentSink}. */
  take(segment: Segment): void {
    const destination = this.#ownFiles || this.#settings.layout === "segments"
      ? this.#ownFile(segment)
      : new AppendedFile(this.#settings.directory, `${segment.owner.prefix}.csv`, uniqueOf(segment));
    this.#flush = new SegmentFlush(this.#settings.encoder, segment, destination);
    this.#schedule(0);
    this.#awaitDue();
  }

  /** See {@linkcode SegmentSink}. */
  finish(): boolean {
    const now = this.#settings.clock.now();
    return now >= this.#retryAt && this.#runToEnd(now < this.#impatientUntil ? now : lockDeadline(now));
  }

  /**
   * Publishes all there is before it returns, if that is possible at all. For the ends of a program, which cannot wait: for no lock after
   * `deadline`, a reading of the clock.
   */
  flushNow(deadline: number = lockDeadline(this.#settings.clock.now())): void {
    if (!this.#insist(deadline)) return;
    this.bucket.seal();
    this.#insist(deadline);
  }

  #insist(deadline: number): boolean {
    for (let attempt = 0; attempt < LAST_ATTEMPTS; attempt++) if (this.#runToEnd(deadline)) return true;
    return false;
  }

  /** Publishes all there is without holding up the event loop, and ends. What cannot be written after some attempts is dropped. */
  async close(): Promise<void> {
    const deadline = this.#settings.clock.now() + CLOSE_LOCK_PATIENCE * NANOSECONDS_PER_MS;
    await this.#drain(deadline);
    this.bucket.seal();
    await this.#drain(deadline);
    this.cancel();
  }

  /** Forgets its timers. */
  cancel(): void {
    this.#cancelStep();
    this.#cancelDue();
  }

  async #drain(deadline: number): Promise<void> {
    const { clock, timers } = this.#settings;
    this.#failures = 0;
    for (;;) {
      const delay = this.#runForATurn();
      const flush = this.#flush;
      if (delay === undefined || flush === undefined) return;
      if (this.#failures >= LAST_ATTEMPTS) {
        this.#flush = undefined;
        this.bucket.release(flush.segment.count - flush.published);
        return;
      }
      if (delay === LOCK_RETRY && clock.now() > deadline) flush.redirect(this.#ownFile(flush.segment));
      await timers.sleep(delay);
    }
  }

  #awaitDue(): void {
    this.#cancelDue();
    const { timers, flushInterval } = this.#settings;
    if (flushInterval === 0) return;
    this.#cancelDue = timers.after(flushInterval, () => {
      this.#awaitDue();
      this.bucket.seal();
    });
  }

  #schedule(delay: number): void {
    this.#cancelStep();
    this.#cancelStep = this.#settings.timers.after(delay, () => {
      const again = this.#runForATurn();
      if (again !== undefined) this.#schedule(again);
    });
  }

  /** Works for a short while, and returns after how many ms to go on; `undefined` when there is nothing left to do. */
  #runForATurn(): number | undefined {
    const { clock } = this.#settings;
    const end = clock.now() + TURN_BUDGET;
    while (this.#flush !== undefined) {
      const step = this.#step(this.#flush);
      if (step === "failed") return this.#retryDelay();
      if (step === "busy") return LOCK_RETRY;
      if (step === "more" && clock.now() >= end) return 0;
    }
    return undefined;
  }

  #runToEnd(deadline: number): boolean {
    const { clock } = this.#settings;
    while (this.#flush !== undefined) {
      const flush = this.#flush;
      const step = this.#step(flush);
      if (step === "failed") return false;
      if (step !== "busy") continue;
      if (clock.now() < deadline) {
        pause(1);
        continue;
      }
      // Who holds it for so long may hold it for longer: the next full buffers are not to wait again.
      this.#impatientUntil = clock.now() + IMPATIENCE * NANOSECONDS_PER_MS;
      flush.redirect(this.#ownFile(flush.segment));
    }
    this.#cancelStep();
    return true;
  }

  #step(flush: SegmentFlush): "more" | "done" | "busy" | "failed" {
    const before = flush.published;
    try {
      const step = flush.step();
      this.#failures = 0;
      this.#retryAt = 0;
      this.bucket.flushed(flush.published - before);
      if (step === "done") {
        this.#flush = undefined;
        this.bucket.release(0);
      }
      return step;
    } catch (error) {
      this.bucket.flushed(flush.published - before);
      return this.#failed(flush, error);
    }
  }

  #failed(flush: SegmentFlush, error: unknown): "more" | "failed" {
    const { report, layout, directory, clock } = this.#settings;
    if (layout === "append" && !this.#ownFiles && error instanceof FileError && CANNOT_APPEND.has(error.code)) {
      this.#ownFiles = true;
      flush.redirect(this.#ownFile(flush.segment));
      report(
        new StorageError(
          `Cannot append, so files of their own are written: ${quote(directory.path)}: ${reason(error)}`,
          { cause: error },
        ),
      );
      return "more";
    }
    this.#failures++;
    this.#retryAt = clock.now() + this.#retryDelay() * NANOSECONDS_PER_MS;
    report(
      new StorageError(
        `Cannot write the observations, which are kept for another attempt: ${quote(directory.path)}: ${reason(error)}`,
        { cause: error },
      ),
    );
    this.#schedule(this.#retryDelay());
    return "failed";
  }

  #retryDelay(): number {
    const longest = Math.max(FIRST_RETRY, Math.min(LONGEST_RETRY, this.#settings.flushInterval || LONGEST_RETRY));
    return Math.min(longest, FIRST_RETRY * 2 ** (this.#failures - 1));
  }

  #ownFile(segment: Segment): Destination {
    return new PublishedFile(
      this.#settings.directory,
      `${segment.owner.prefix}.${uniqueOf(segment)}`,
      ".csv",
      HEADER_BYTES,
    );
  }
}

/** The reading of the clock after which a program that began to wait for a lock at `now` does so no more. */
export function lockDeadline(now: number): number {
  return now + LOCK_PATIENCE * NANOSECONDS_PER_MS;
}

function uniqueOf({ owner, sequence }: Segment): string {
  return uniquePart(owner.pid, owner.isolate, sequence);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps with all of the thread, ms. */
function pause(duration: number): void {
  Atomics.wait(sleeper, 0, 0, duration);
}
