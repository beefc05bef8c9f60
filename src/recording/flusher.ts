import { fileErrorCode, KymoError, quotePath, reason } from "../errors.ts";
import { DoubleBuffer, type SegmentSink } from "./double_buffer.ts";
import type { SegmentOwner } from "../segment/format.ts";
import type { Segment } from "../segment/segment.ts";
import { FileError } from "../runtime.ts";
import { CANNOT_APPEND, WRONG_FILE } from "../files/append_file.ts";
import { type FlushDeps, SegmentFlush } from "../files/flush.ts";
import { SegmentPool } from "./segment_pool.ts";
import { TimeSlicer, type TimeSlicerDeps } from "./time_slicer.ts";

/** What the flushers of a monitor share. */
export interface FlusherOptions extends FlushDeps, TimeSlicerDeps {
  /** ms after which a segment that is not full is flushed; 0 for never. */
  readonly flushInterval: number;
  /** Bytes that all buffers of a channel may take together. */
  readonly memoryThreshold: number;
  /** Whether buffers are to outlive the process. */
  readonly spools: boolean;
  /** Is told each failure. Does not throw, nor use the buffer. */
  readonly report: (error: Error) => void;
}

/** The pause after a first failure, ms; it doubles with each further one up to the longest. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 5_000;

/** How soon a lock held by another program is tried again, ms. */
const LOCK_RETRY = 5;

/** How long a program that is to end waits for a lock, ms; then it writes a file of its own. */
const LOCK_PATIENCE = 50;

/** The same for one whose buffers are full while its event loop does not turn. */
const FULL_LOCK_PATIENCE = 2;

/** For how long nobody waits again after that was in vain, ms. */
const IMPATIENCE = 1_000;

/** How long `close` waits for a lock, ms. */
const CLOSE_LOCK_PATIENCE = 1_000;

/** How often a directory that fails is tried at the end, when there is no later. */
const LAST_ATTEMPTS = 3;

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * Owns a buffer and sees that what it seals is published: beside the program while its event loop turns, at once if the buffer fills
 * meanwhile or the program ends. A segment is let go only after its rows are out; while that fails, it is kept and tried again with
 * growing pauses.
 */
export class Flusher implements SegmentSink {
  /** The buffer it serves. */
  readonly buffer: DoubleBuffer;
  readonly #options: FlusherOptions;
  readonly #memory: SegmentPool;
  readonly #turns: TimeSlicer;
  #flush: SegmentFlush | undefined;
  #failures = 0;
  #retryAt = 0;
  #impatientUntil = 0;
  #ownFiles = false;
  #isWaiting = false; // for a lock
  #isHalfFull = false;
  #closed = false;
  #cancelDue = (): void => {};

  /**
   * Makes the buffer.
   *
   * @throws {KymoError} if its first buffer is to be a spool, the disk refuses that, and `strict` tells to say so.
   * @throws {RangeError} if there is no memory for it.
   */
  constructor(options: FlusherOptions, owner: SegmentOwner, strict: boolean) {
    const { directory, layout, spools, report, memoryThreshold, clock } = options;
    this.#options = options;
    this.#memory = new SegmentPool({ directory, owner, layout, spools, strict, report });
    this.#turns = new TimeSlicer(options, () => this.#piece());
    const allocate = this.#memory.allocate.bind(this.#memory);
    this.buffer = new DoubleBuffer({ owner, memoryThreshold, clock, allocate }, this);
    this.#awaitDue();
  }

  /** Whether what is recorded now outlives the process. */
  get outlives(): boolean {
    return this.#memory.outlives(this.buffer.filling);
  }

  /** See {@linkcode SegmentSink}. */
  take(segment: Segment): void {
    this.#flush = new SegmentFlush(this.#options, segment);
    const { directory } = this.#options;
    if (this.#ownFiles || !directory.files.locks || !directory.can("append")) this.#flush.useOwnFile();
    this.#turns.schedule(0);
    this.#awaitDue();
  }

  /** See {@linkcode SegmentSink}. */
  finish(): boolean {
    const now = this.#options.clock.now();
    const patience = now < this.#impatientUntil ? 0 : FULL_LOCK_PATIENCE * NANOSECONDS_PER_MS;
    return !this.#closed && now >= this.#retryAt && this.#runToEnd(now + patience);
  }

  /** See {@linkcode SegmentSink}. A spool takes a millisecond to make, so that is done beside the program. */
  halfFull(): void {
    this.#isHalfFull = true;
    this.#turns.schedule(0);
  }

  /**
   * Publishes all there is before it returns, if that is possible at all. For the ends of a program, which cannot wait: for no lock after
   * `deadline`, a reading of the clock. After the `last` there is, rows that come all the same are in private memory, so that no empty spool is
   * left behind.
   */
  flushNow(deadline: number, last: boolean): void {
    if (this.#closed) return;
    if (this.#insist(deadline)) {
      this.buffer.seal();
      this.#insist(deadline);
    }
    if (!last) return;
    this.#memory.retire();
    if (this.buffer.renew()) this.#memory.releaseEmpty();
  }

  #insist(deadline: number): boolean {
    for (let attempt = 0; attempt < LAST_ATTEMPTS; attempt++) if (this.#runToEnd(deadline)) return true;
    return false;
  }

  /**
   * Publishes all there is without holding up the event loop, and ends. What cannot be written after some attempts stays in its spool for
   * whoever recovers next, or is dropped if it is not in one.
   */
  async close(): Promise<void> {
    const deadline = this.#options.clock.now() + CLOSE_LOCK_PATIENCE * NANOSECONDS_PER_MS;
    do {
      await this.#drain(deadline);
      this.buffer.seal();
    } while (this.#flush !== undefined);
    this.buffer.close((segment) => this.#memory.isKept(segment));
    this.abandon();
  }

  /** Lets everything go as it is. */
  abandon(): void {
    this.#closed = true;
    this.#turns.cancel();
    this.#cancelDue();
    this.#memory.close();
  }

  async #drain(deadline: number): Promise<void> {
    const { clock } = this.#options;
    this.#failures = 0;
    this.#isHalfFull = false; // nothing more comes
    await this.#turns.finish(() => {
      if (this.#isWaiting && clock.now() > deadline) this.#flush?.useOwnFile();
      return this.#failures < LAST_ATTEMPTS;
    });
    const flush = this.#flush;
    // Another may have been sealed since: that has its attempts before it.
    if (flush === undefined || this.#failures < LAST_ATTEMPTS) return;
    this.#flush = undefined;
    if (this.#memory.isKept(flush.segment)) return;
    this.buffer.release(flush.segment.count - flush.published);
  }

  #awaitDue(): void {
    this.#cancelDue();
    const { timers, flushInterval } = this.#options;
    if (flushInterval === 0) return;
    this.#cancelDue = timers.after(flushInterval, () => {
      this.#awaitDue();
      this.buffer.seal();
    });
  }

  /** A step of the flush, and how many ms to wait before the next; `undefined` if there is nothing to flush. */
  #piece(): number | undefined {
    if (this.#flush === undefined) {
      if (this.#isHalfFull) this.buffer.prepare();
      this.#isHalfFull = false;
      return undefined;
    }
    const step = this.#step(this.#flush);
    this.#isWaiting = step === "busy";
    if (step === "failed") return this.#retryDelay();
    return step === "busy" ? LOCK_RETRY : 0;
  }

  #runToEnd(deadline: number): boolean {
    const { clock } = this.#options;
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
      flush.useOwnFile();
    }
    this.#turns.cancel();
    return true;
  }

  #step(flush: SegmentFlush): "more" | "done" | "busy" | "failed" {
    const before = flush.published;
    try {
      const step = flush.step();
      // That some of a file was written is no success: on a full disk the next slice may fail for ever.
      if (step === "done" || flush.published > before) this.#failures = this.#retryAt = 0;
      this.buffer.flushed(flush.published - before);
      if (step === "done") {
        this.#flush = undefined;
        this.buffer.release(0);
      }
      return step;
    } catch (error) {
      this.buffer.flushed(flush.published - before);
      return this.#failed(flush, error);
    }
  }

  #failed(flush: SegmentFlush, error: unknown): "more" | "failed" {
    const { report, layout, directory, clock } = this.#options;
    if (layout === "append" && !this.#ownFiles && error instanceof FileError && CANNOT_APPEND.has(error.code)) {
      flush.useOwnFile();
      this.#ownFiles = true;
      // Of locks it is enough to hear once.
      if (error.code !== WRONG_FILE && !directory.cannot("append")) return "more";
      report(
        new KymoError(
          "unsupported",
          `Cannot append, so files of their own are written: ${quotePath(directory.path)}: ${reason(error)}`,
          { cause: error },
        ),
      );
      return "more";
    }
    this.#failures++;
    this.#retryAt = clock.now() + this.#retryDelay() * NANOSECONDS_PER_MS;
    report(
      new KymoError(
        fileErrorCode(error),
        `Cannot write the observations, which are kept for another attempt: ${quotePath(directory.path)}: ${
          reason(error)
        }`,
        { cause: error },
      ),
    );
    this.#turns.schedule(this.#retryDelay());
    return "failed";
  }

  #retryDelay(): number {
    const longest = Math.max(FIRST_RETRY, Math.min(LONGEST_RETRY, this.#options.flushInterval || LONGEST_RETRY));
    return Math.min(longest, FIRST_RETRY * 2 ** (this.#failures - 1));
  }
}

/** The reading of the clock after which a program that began to wait for a lock at `now` does so no more. */
export function lockDeadline(now: number): number {
  return now + LOCK_PATIENCE * NANOSECONDS_PER_MS;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps with all of the thread, ms. */
function pause(duration: number): void {
  Atomics.wait(sleeper, 0, 0, duration);
}
