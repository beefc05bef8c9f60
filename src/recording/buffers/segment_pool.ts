import { fileError, type KymoError, quotePath, reason } from "../../errors.ts";
import { isRefused, type MonitoringDirectory, showsLackOf } from "../../files/directory.ts";
import type { Layout } from "../../files/names.ts";
import { Spool } from "../../files/spool.ts";
import type { SegmentOwner } from "../../segment/format.ts";
import { Segment } from "../../segment/segment.ts";

/** Why a segment is not a spool although the disk has not refused one. */
const FILE_GONE = "the file of the spool was removed or renamed";
const RETIRED = "the program is ending, and leaves no empty spool behind";

/** How a {@linkcode SegmentPool} makes segments. */
export interface SegmentPoolOptions {
  /** Where its spools are. */
  readonly directory: MonitoringDirectory;
  /** Written to the header of each segment. */
  readonly owner: SegmentOwner;
  /** Noted in each spool, for whoever recovers it. */
  readonly layout: Layout;
  /** Size of a segment, bytes. */
  readonly bytes: number;
  /** Whether the segments are to be spools. */
  readonly spools: boolean;
  /**
   * Whether a disk that refuses the first spool is an exception: in `start`, that is, and not in a
   * running program. Without permission to make spools, where other files may be created, the
   * segments are on the heap.
   */
  readonly strict: boolean;
  /**
   * Called at the first failure to make a spool, and not again until one could be made. Must not
   * throw.
   */
  readonly report: (error: KymoError) => void;
}

/**
 * Where the segments of a channel come from: spools if they are wanted and possible, the heap
 * otherwise. After a disk has refused a spool, the channel goes on in heap memory, and the pool
 * tries to make a spool each time it is asked for a segment.
 */
export class SegmentPool {
  readonly #options: SegmentPoolOptions;
  readonly #spools = new Map<Segment, Spool>();
  /** Spools in use although their files are gone. */
  readonly #orphans = new Set<Segment>();
  #lastFailure: string | undefined;
  #isRetired = false;
  #created = 0;

  /** Makes nothing before the first call of {@linkcode SegmentPool.next}. */
  constructor(options: SegmentPoolOptions) {
    this.#options = options;
  }

  /**
   * Returns a segment without rows: `free`, unless a spool can be had in place of a segment that is
   * not one or whose file is gone.
   *
   * @throws {KymoError} if the disk refuses the first spool, in strict mode.
   * @throws {RangeError} if there is no memory for a segment. Given `free`, it does not throw.
   */
  next(free?: Segment): Segment {
    const spool = free && this.#spools.get(free);
    if (this.#isRetired) return free === undefined ? this.#onHeap() : this.#replaceSpool(free, spool);
    if (free !== undefined && spool?.isInPlace()) {
      this.#orphans.delete(free);
      return free;
    }
    const next = this.#wantsSpools ? this.#tryCreate() : undefined;
    if (next === undefined) {
      if (free === undefined) return this.#onHeap();
      // Memory whose file is gone serves as well as heap memory.
      if (spool !== undefined) this.#orphans.add(free);
      return free;
    }
    if (free !== undefined && spool !== undefined) this.#release(free, spool);
    return next;
  }

  /**
   * Whether a segment was a spool with its file in place when {@linkcode SegmentPool.next} returned
   * it.
   */
  isSpool(segment: Segment): boolean {
    return this.#spools.has(segment) && !this.#orphans.has(segment);
  }

  /** Why a segment is not a spool; `undefined` if it is one. */
  whyNotSpool(segment: Segment): string | undefined {
    if (this.isSpool(segment)) return undefined;
    return this.#options.directory.whyNot("spool") ?? this.#lastFailure ??
      (this.#orphans.has(segment) ? FILE_GONE : RETIRED);
  }

  /** Whether others find the rows of a segment when this process is gone. Looks at the disk. */
  isKept(segment: Segment): boolean {
    return this.#spools.get(segment)?.isInPlace() === true;
  }

  /**
   * From now on gives out heap memory, also in place of spools that it is given as free, and
   * removes those.
   */
  retire(): void {
    this.#isRetired = true;
  }

  /** From now on gives out spools again. */
  resume(): void {
    this.#isRetired = false;
  }

  /** Releases all spools. The files of those with rows stay, for whoever recovers them. */
  close(): void {
    this.retire();
    for (const [segment, spool] of this.#spools) {
      if (segment.count === 0) spool.unlink();
      this.#release(segment, spool);
    }
  }

  get #wantsSpools(): boolean {
    const { spools, directory } = this.#options;
    return spools && directory.files.map !== undefined && directory.can("spool");
  }

  #onHeap(): Segment {
    const { bytes, owner } = this.#options;
    return new Segment(new ArrayBuffer(bytes), owner);
  }

  /**
   * Heap memory in place of a spool, which leaves no file behind; the same segment if there is no
   * memory.
   */
  #replaceSpool(free: Segment, spool: Spool | undefined): Segment {
    if (spool === undefined) return free;
    try {
      const segment = this.#onHeap();
      spool.unlink();
      this.#release(free, spool);
      return segment;
    } catch {
      return free;
    }
  }

  #release(segment: Segment, spool: Spool): void {
    this.#spools.delete(segment);
    this.#orphans.delete(segment);
    spool.release();
  }

  #tryCreate(): Segment | undefined {
    const { directory, owner, layout, bytes, strict } = this.#options;
    try {
      const number = ++this.#created;
      const sync = directory.syncs && strict && number === 1;
      const spool = Spool.create(directory, owner, { number, bytes, layout, sync });
      this.#spools.set(spool.segment, spool);
      this.#lastFailure = undefined;
      directory.forgetRefusalOf("spool");
      return spool.segment;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    const { directory, strict, report } = this.#options;
    const why = reason(error);
    const isForGood = showsLackOf("spool", error);
    const isForbidden = isRefused(error);
    if (strict && this.#created === 1 && !isForGood) {
      if (!isForbidden) throw fileError("Cannot make a spool", directory.path, error);
      directory.check();
    }
    const isNew = isForGood
      ? directory.noteLackOf("spool", why)
      : isForbidden
      ? directory.noteRefusalOf("spool", `${quotePath(directory.spools)}: ${why}`)
      : this.#lastFailure === undefined;
    this.#lastFailure = why;
    if (!isNew) return;
    const path = isForbidden ? directory.spools : directory.path;
    report(fileError("Cannot make a spool, so observations may be in memory only", path, error));
  }
}
