import { fileErrorCode, KymoError, quotePath, reason } from "../errors.ts";
import type { SegmentOwner } from "../segment/format.ts";
import { Segment, type SegmentContent } from "../segment/segment.ts";
import { FileError } from "../runtime.ts";
import type { MonitoringDirectory } from "../files/directory.ts";
import type { Layout } from "../files/names.ts";
import { Spool } from "../files/spool.ts";

/** What a file system says where files cannot be locked, or not be mapped. */
const CANNOT_SPOOL = new Set(["ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EINVAL", "ENODEV"]);

/** How the segments of a channel are made. */
export interface SegmentPoolOptions {
  /** Where its spools are. */
  readonly directory: MonitoringDirectory;
  /** Whose segments they are. */
  readonly owner: SegmentOwner;
  /** Noted in spools. */
  readonly layout: Layout;
  /** Whether they are to be spools. */
  readonly spools: boolean;
  /** Whether a disk that refuses the first is told by an exception: at the door, that is, and not in a running program. */
  readonly strict: boolean;
  /** Is told if they cannot be, once until they can again. Does not throw. */
  readonly report: (error: Error) => void;
}

/**
 * Where the segments of a channel come from: spools if they are wanted and can be had, private memory otherwise. While the disk refuses, the
 * channel goes on in private memory, and it is tried again whenever a segment is due.
 */
export class SegmentPool {
  readonly #options: SegmentPoolOptions;
  readonly #spools = new Map<SegmentContent, Spool>();
  readonly #lost = new Set<SegmentContent>(); // spools in use though their files are gone
  #failing = false;
  #closed = false;
  #created = 0;

  /** Makes nothing yet. */
  constructor(options: SegmentPoolOptions) {
    this.#options = options;
  }

  get #isWanted(): boolean {
    const { spools, directory } = this.#options;
    return spools && directory.files.map !== undefined && directory.can("spool");
  }

  /**
   * A segment of so many bytes, `free` if there is no better.
   *
   * @throws {KymoError} if the disk refuses the first one, and that is to be told.
   */
  allocate(bytes: number, free: Segment | undefined): Segment {
    const spool = free && this.#spools.get(free);
    if (free !== undefined && spool?.isInPlace()) {
      this.#lost.delete(free);
      return free;
    }
    const next = this.#isWanted && !this.#closed ? this.#tryCreate(bytes) : undefined;
    if (next === undefined) {
      if (free === undefined) return new Segment(new ArrayBuffer(bytes), this.#options.owner);
      // Memory whose file is gone is as good as private memory, until there is better.
      if (spool !== undefined) this.#lost.add(free);
      return free;
    }
    if (free !== undefined && spool !== undefined) this.#drop(free, spool);
    return next;
  }

  /** Whether a segment is a spool, and was in its place when it was last given out. */
  outlives(segment: SegmentContent): boolean {
    return this.#spools.has(segment) && !this.#lost.has(segment);
  }

  /** Whether the rows of a segment are still there when the process is gone. */
  isKept(segment: SegmentContent): boolean {
    return this.#spools.get(segment)?.isInPlace() === true;
  }

  /** From now on segments are private: nothing is to be left behind. */
  retire(): void {
    this.#closed = true;
  }

  /** Lets go of segments without rows, which nobody may use any more, and removes their files. */
  releaseEmpty(): void {
    for (const [segment, spool] of this.#spools) {
      if (segment.count > 0) continue;
      spool.unlink();
      this.#drop(segment, spool);
    }
  }

  /** Lets go of all; the files of segments with rows stay for whoever recovers them. */
  close(): void {
    this.retire();
    this.releaseEmpty();
    for (const [segment, spool] of this.#spools) this.#drop(segment, spool);
  }

  #drop(segment: SegmentContent, spool: Spool): void {
    this.#spools.delete(segment);
    this.#lost.delete(segment);
    spool.release();
  }

  #tryCreate(bytes: number): Segment | undefined {
    const { directory, owner, layout, strict } = this.#options;
    try {
      const number = ++this.#created;
      const isAtTheDoor = strict && number === 1;
      const spool = Spool.create(directory, owner, { number, bytes, layout, sync: directory.syncs && isAtTheDoor });
      this.#spools.set(spool.segment, spool);
      this.#failing = false;
      return spool.segment;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    const { directory, strict, report } = this.#options;
    const place = `${quotePath(directory.path)}: ${reason(error)}`;
    const isKnown = error instanceof FileError && CANNOT_SPOOL.has(error.code)
      ? !directory.cannot("spool")
      : this.#failing;
    if (directory.can("spool") && strict && this.#created === 1) {
      throw new KymoError(fileErrorCode(error), `Cannot make a spool: ${place}`, { cause: error });
    }
    this.#failing = true;
    if (isKnown) return;
    report(
      new KymoError(
        fileErrorCode(error),
        `Cannot make another spool, so observations may be in memory only: ${place}`,
        { cause: error },
      ),
    );
  }
}
