import type { Room } from "../../control/retention/room.ts";
import { fileError, type KymoError, quotePath, reason } from "../../errors.ts";
import { cannotAppend, FileClosed, LOCK_PATIENCE, LOCK_RETRY, WRONG_FILE } from "../../files/append_file.ts";
import { type FlushDeps, type FlushProgress, SegmentFlush } from "../../files/flush.ts";
import type { FileError } from "../../runtime.ts";
import type { SegmentOwner } from "../../segment/format.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { type BufferNeed, DoubleBuffer } from "./double_buffer.ts";
import { LateFile } from "../../files/late_file.ts";
import { exitLockDeadline, pause, waitForRoom } from "./patience.ts";
import { SegmentPool } from "./segment_pool.ts";
import { TimeSlicer, type TimeSlicerDeps } from "./time_slicer.ts";

/** What the flushers of a recording share. */
export interface FlusherOptions extends FlushDeps, TimeSlicerDeps {
  /** ms after which a segment that is not full is flushed; 0 for never. */
  readonly flushInterval: number;
  /** Bytes that the two segments of a channel may take together. */
  readonly memoryThreshold: number;
  /** Whether the segments are to be spools. */
  readonly spools: boolean;
  /** Called with each failure. Must not throw, nor use the buffer. */
  readonly report: (error: KymoError) => void;
  /** Called when a buffer is sealed, within the call that fills it. Must not throw. */
  readonly onSeal?: () => void;
  /** Asked before and after each file. */
  readonly room: Room;
}

/** Pause after a first failure, ms. It doubles with each further failure, up to the longest. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 5_000;

/** How long a call that finds both segments full waits for a lock, ms. */
const FULL_LOCK_PATIENCE = 2;

/**
 * How long calls that find both segments full do not wait for locks after such a wait has failed,
 * ms.
 */
const NO_WAIT_AFTER_FAILURE = 1_000;

/** Attempts of `flush`, `flushNow` and `close` to write a segment. */
const ATTEMPTS = 3;

/**
 * Decides when a channel is flushed; how one segment becomes CSV is in `files/flush.ts`. Owns the
 * {@linkcode DoubleBuffer} and the {@linkcode SegmentPool} of the channel, and flushes the segments
 * that the buffer seals: in slices while the event loop turns, or before it returns if both
 * segments are full or the program ends. A segment is released only when its rows are in files. If
 * a write fails, the segment is kept and the write is repeated after growing pauses.
 */
export class Flusher {
  /** The buffer that it flushes. */
  readonly buffer: DoubleBuffer;
  readonly #options: FlusherOptions;
  readonly #pool: SegmentPool;
  readonly #slicer: TimeSlicer;
  /** The flush of the sealed segment. */
  #flush: SegmentFlush | undefined;
  /** Whether there is room for what the flush writes. */
  #hasRoom = false;
  /** Failures since the last success, which tell how long to wait. */
  #failures = 0;
  #allFailures = 0;
  #retryAt = 0;
  #noWaitUntil = 0;
  /** Whether appending turned out to be impossible. */
  #usesOwnFiles = false;
  #waitsForLock = false;
  /** Where rows go since it was retired. */
  #lateFile: LateFile | undefined;
  /** Rows since then, and until `#flushed` is called. */
  #lateRows = 0;
  #rowsToTell = 0;
  #flushed = (): void => {};
  #isClosing = false;
  #isClosed = false;
  #cancelInterval = (): void => {};

  /**
   * Makes the first segment. In strict mode, a disk that refuses the first spool is an exception.
   *
   * @throws {KymoError} if the disk refuses the first spool, in strict mode.
   * @throws {RangeError} if there is no memory for the segment.
   */
  constructor(options: FlusherOptions, owner: SegmentOwner, strict: boolean) {
    const { directory, layout, spools, report, memoryThreshold, clock } = options;
    this.#options = options;
    // Half the threshold, rounded down to a multiple of 8 as the columns need.
    const bytes = (memoryThreshold >> 1) & ~7;
    this.#pool = new SegmentPool({ directory, owner, layout, bytes, spools, strict, report });
    this.#slicer = new TimeSlicer(options, () => this.#slice());
    this.buffer = new DoubleBuffer({
      clock,
      nextSegment: (free) => this.#pool.next(free),
      onNeed: (need) => this.#meet(need),
    });
    this.#startInterval();
  }

  /** Why rows recorded now would not outlive the process; `undefined` if they would. */
  get whyNotSpool(): string | undefined {
    return this.#pool.whyNotSpool(this.buffer.filling);
  }

  /**
   * Flushes the rows recorded until now without blocking the event loop. Never rejects: after some
   * failed attempts it resolves, and the rows are kept for later attempts.
   */
  async flush(): Promise<void> {
    // Those rows are in this segment, and in the one that is sealed already.
    const { sequence } = this.buffer.filling;
    await this.#drain();
    if (!this.#isClosed && !this.#hasGivenUp) {
      if (this.buffer.filling.sequence === sequence) this.buffer.seal();
      this.#reportUnsealed(sequence);
      await this.#drain();
    }
    // The drain has cancelled the retry, also after a failure that followed some progress.
    if (!this.#isClosed && this.#flush !== undefined) this.#slicer.schedule(this.#retryDelay());
  }

  /**
   * Flushes all rows before it returns, as an exit hook must. It waits for locks until `deadline`,
   * a reading of the clock. If {@linkcode Flusher.retire} follows, no spool is made any more.
   */
  flushNow(deadline: number, last: boolean): void {
    this.#endLateRows();
    if (last) this.#pool.retire();
    this.#flushAll(deadline);
  }

  /**
   * From now on no flush is sure to follow, as after the last exit hook. Further rows go to heap
   * memory, so that no empty spool is left behind, and each is flushed before the call that records
   * it returns. Calls `flushed` when the counts are another sixteenth larger.
   */
  retire(flushed: () => void): void {
    if (this.#isClosed) return;
    this.#pool.retire();
    this.buffer.renew();
    this.#lateFile ??= new LateFile(this.#options.directory);
    this.#lateRows = 0;
    this.#rowsToTell = 1;
    this.#flushed = flushed;
    this.buffer.reportRows(true);
  }

  /** Goes on as before {@linkcode Flusher.retire}. */
  resume(): void {
    if (this.#isClosed) return;
    this.#pool.resume();
    this.#endLateRows();
  }

  /**
   * Flushes all rows without blocking the event loop, and takes no more: the counts are final. Rows
   * that cannot be written in some attempts stay in their spool, for whoever recovers it, or are
   * dropped if they are in heap memory. The spools stay locked until {@linkcode Flusher.abandon}.
   */
  async finish(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosing = true;
    this.#pool.retire();
    do {
      await this.#drain();
      if (this.#isClosed) return;
      if (this.#hasGivenUp) this.#giveUp();
      this.buffer.seal();
    } while (this.#flush !== undefined);
    this.buffer.close(this.#pool.isKept(this.buffer.filling));
  }

  /** Ends without flushing. */
  abandon(): void {
    this.#isClosed = true;
    this.#endLateRows();
    this.#slicer.cancel();
    this.#cancelInterval();
    this.#pool.close();
  }

  #meet(need: BufferNeed): void {
    switch (need) {
      case "next":
        // A spool takes a millisecond to make: not in the call that records a row.
        return this.#slicer.schedule(0);
      case "flush":
        this.#startFlush();
        return this.#options.onSeal?.();
      case "room":
        return this.#makeRoom();
      case "row":
        return this.#flushLateRow();
    }
  }

  #flushLateRow(): void {
    const now = this.#options.clock.now();
    this.#flushAll(now < this.#noWaitUntil ? now : exitLockDeadline(now));
    this.#lateRows++;
    if (--this.#rowsToTell > 0) return;
    this.#rowsToTell = 1 + (this.#lateRows >> 4);
    this.#flushed();
  }

  /** Ends what {@linkcode Flusher.retire} began, but for the heap memory. */
  #endLateRows(): void {
    this.buffer.reportRows(false);
    this.#lateFile?.close();
    this.#lateFile = undefined;
  }

  #flushAll(deadline: number): void {
    if (this.#isClosed || !this.#runWithRetries(deadline)) return;
    this.buffer.seal();
    this.#runWithRetries(deadline);
  }

  #startFlush(): void {
    const { sealed } = this.buffer;
    if (sealed === undefined) return;
    this.#flush = new SegmentFlush(this.#options, sealed);
    this.#hasRoom = false;
    const { directory, layout } = this.#options;
    const appends = layout === "append" && !this.#usesOwnFiles && directory.files.locks && directory.can("append");
    if (!appends && this.#lateFile !== undefined) this.#flush.useLateFile(this.#lateFile);
    else if (!appends) this.#flush.useOwnFile();
    this.#slicer.schedule(0);
    this.#startInterval();
  }

  #makeRoom(): void {
    const now = this.#options.clock.now();
    const patience = now < this.#noWaitUntil ? 0 : FULL_LOCK_PATIENCE * NANOSECONDS_PER_MS;
    if (!this.#isClosed && now >= this.#retryAt) this.#runToEnd(now + patience);
  }

  #startInterval(): void {
    this.#cancelInterval();
    const { timers, flushInterval } = this.#options;
    if (flushInterval === 0) return;
    this.#cancelInterval = timers.after(flushInterval, () => {
      this.#startInterval();
      this.buffer.seal();
    });
  }

  /** Runs the flush until it is done or a number of attempts has failed. */
  async #drain(): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.now() + LOCK_PATIENCE * NANOSECONDS_PER_MS;
    const mostFailures = this.#allFailures + ATTEMPTS;
    this.#failures = 0; // the pauses begin with the shortest
    await this.#slicer.finish(() => {
      if (this.#waitsForLock && clock.now() > deadline) this.#flush?.useOwnFile();
      return this.#allFailures < mostFailures;
    });
  }

  /**
   * Whether the flush has failed too often. A segment that is sealed later gets attempts of its
   * own.
   */
  get #hasGivenUp(): boolean {
    return this.#flush !== undefined && this.#failures >= ATTEMPTS;
  }

  /** Leaves the sealed segment in its spool, or drops its rows. */
  #giveUp(): void {
    const { sealed } = this.buffer;
    this.#flush = undefined;
    if (sealed !== undefined && !this.#pool.isKept(sealed)) this.buffer.release();
  }

  /**
   * A step of the flush; returns the ms to wait before the next step, `undefined` if there is no
   * flush.
   */
  #slice(): number | undefined {
    if (this.#isClosed) return undefined;
    if (this.#flush === undefined) {
      if (!this.#isClosing) this.buffer.prepare();
      return undefined;
    }
    this.#hasRoom ||= this.#lateFile !== undefined || this.#options.room.settle();
    if (!this.#hasRoom) return LOCK_RETRY;
    const step = this.#step(this.#flush);
    this.#waitsForLock = step === "busy";
    if (step === "failed") return this.#retryDelay();
    return step === "busy" ? LOCK_RETRY : 0;
  }

  #runWithRetries(deadline: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (this.#runToEnd(deadline)) return true;
    return false;
  }

  /**
   * Runs the flush to its end; `false` if it fails. After `deadline` it does not wait for locks.
   */
  #runToEnd(deadline: number): boolean {
    const { clock, room } = this.#options;
    // A row that is written by itself is settled with the next file.
    if (this.#flush !== undefined && !this.#hasRoom && this.#lateFile === undefined) waitForRoom(room, clock);
    this.#hasRoom = true;
    while (this.#flush !== undefined) {
      const flush = this.#flush;
      const step = this.#step(flush);
      if (step === "failed") return false;
      if (step !== "busy") continue;
      if (clock.now() < deadline) {
        pause(1);
        continue;
      }
      // A lock held for so long may be held for longer.
      this.#noWaitUntil = clock.now() + NO_WAIT_AFTER_FAILURE * NANOSECONDS_PER_MS;
      flush.useOwnFile();
    }
    this.#slicer.cancel();
    return true;
  }

  #step(flush: SegmentFlush): FlushProgress | "failed" {
    const before = flush.published;
    try {
      const step = flush.step();
      this.buffer.setPublished(flush.published);
      // Writing only part of a file does not reset the pause: on a full disk the next slice may
      // fail again.
      if (step === "done" || flush.published > before) this.#failures = this.#retryAt = 0;
      if (step === "done") {
        this.#flush = undefined;
        this.buffer.release();
        if (this.#lateFile === undefined) this.#options.room.settle();
      }
      return step;
    } catch (error) {
      this.buffer.setPublished(flush.published);
      return this.#fail(flush, error);
    }
  }

  #fail(flush: SegmentFlush, error: unknown): "more" | "failed" {
    const { report, directory, clock } = this.#options;
    if (this.#canUseOwnFile(error)) {
      flush.useOwnFile();
      this.#usesOwnFiles = true;
      // That locks do not work there is reported once for all channels.
      const isNew = error.code === WRONG_FILE
        ? (directory.noteRefusalOf("append", reason(error)), true)
        : directory.noteLackOf("append", reason(error));
      if (isNew) {
        const action = "Cannot append, so separate files are written";
        report(fileError(action, directory.path, error, { code: "unsupported" }));
      }
      return "more";
    }
    if (error instanceof FileClosed) {
      // The next flush tries again: somebody may have moved the file away.
      flush.useOwnFile();
      if (directory.noteRefusalOf("append", `${quotePath(error.path)}: ${reason(error)}`)) {
        report(fileError("Cannot append, so separate files are written", error.path, error));
      }
      return "more";
    }
    this.#failures++;
    this.#allFailures++;
    this.#retryAt = clock.now() + this.#retryDelay() * NANOSECONDS_PER_MS;
    const action = "Cannot write the observations, which are kept for another attempt";
    report(fileError(action, directory.path, error));
    this.#slicer.schedule(this.#retryDelay());
    return "failed";
  }

  #canUseOwnFile(error: unknown): error is FileError {
    return this.#options.layout === "append" && !this.#usesOwnFiles && cannotAppend(error);
  }

  #retryDelay(): number {
    const longest = Math.max(FIRST_RETRY, Math.min(LONGEST_RETRY, this.#options.flushInterval || LONGEST_RETRY));
    return Math.min(longest, FIRST_RETRY * 2 ** (this.#failures - 1));
  }

  /** Rows that could not be sealed for lack of memory stay where they are. */
  #reportUnsealed(sequence: number): void {
    const { filling, sealed } = this.buffer;
    // While another segment is sealed, that one is the reason, and its failure was reported.
    if (sealed !== undefined || filling.sequence !== sequence || filling.count === 0) return;
    const { report, directory } = this.#options;
    const error = new RangeError("there is no memory for another buffer");
    const action = "Cannot flush the observations, which are kept";
    report(fileError(action, directory.path, error, { code: "out-of-memory" }));
  }
}
