import type { CsvEncoder } from "../csv/encode.ts";
import { fileErrorCode, KymoError, quotePath, reason } from "../errors.ts";
import { JOURNAL_AT, OTHER_VERSION } from "../segment/format.ts";
import type { FoundSegment } from "../segment/reader.ts";
import { FileError, type FileHandle } from "../runtime.ts";
import { CANNOT_APPEND } from "./append_file.ts";
import { type MonitoringDirectory, release, spoolOwner, unless, writeAll } from "./directory.ts";
import { type FlushStep, SegmentFlush } from "./flush.ts";
import { FlushJournal } from "./flush_journal.ts";
import { removeTemporaries, settleInterrupted } from "./interrupted_flush.ts";
import { readSpoolFile } from "./spool_reader.ts";
import { UNFINISHED } from "./spool.ts";

/** Ends the name of a spool that could not be read to its end: it stays for somebody to look at. */
export const DAMAGED = ".damaged";

/** How soon the lock of a file that is appended to is tried again, ms. */
const LOCK_RETRY = 5;

/** How long a recovery waits for such locks altogether, ms; then it writes files of their own. */
const LOCK_PATIENCE = 1_000;

/** How far a recovery has come. */
export interface RecoveryProgress {
  /** Spools there are. */
  readonly spools: number;
  /** Spools that were looked at. */
  readonly settled: number;
  /** Rows that were published. */
  readonly rows: number;
}

/** What a recovery has done. */
export interface RecoverySummary {
  /** Spools of dead programs all of whose whole rows are published now. */
  readonly spools: number;
  /** Rows that were published; not those of which it turned out that they were before. */
  readonly rows: number;
  /** Rows that were damaged, and so could not be published; their spools were renamed to `….spool.damaged`. */
  readonly damaged: number;
  /** Spools that somebody holds: their owner, which lives, or another recovery. */
  readonly alive: number;
  /** What went wrong. The spools are still there. */
  readonly failures: readonly KymoError[];
}

/** What a recovery needs. */
export interface RecoveryDeps {
  /** Where the spools are, and files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes. */
  readonly encoder: CsvEncoder;
}

/**
 * Flushes the spools in a monitoring directory whose owner is dead, as the owner would have done. It may be interrupted at any point, and be
 * done by several programs at once: each row is published once.
 */
export class Recovery {
  readonly #deps: RecoveryDeps;
  readonly #summary = { spools: 0, rows: 0, damaged: 0, alive: 0, failures: [] as KymoError[] };
  #found = 0;
  #settled = 0;
  #patience = LOCK_PATIENCE;

  /** Begins nothing yet. */
  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** How far it has come. */
  get progress(): RecoveryProgress {
    return { spools: this.#found, settled: this.#settled, rows: this.#summary.rows };
  }

  /** What it has done. */
  get summary(): RecoverySummary {
    return this.#summary;
  }

  /** Does it, piece by piece: after each it yields how many ms to wait before the next one. Does not throw. */
  *run(): Generator<number, void> {
    const names = this.#list();
    const spools = names.filter(isSpool);
    this.#found = spools.length;
    for (const name of names) if (!isSpool(name)) this.#removeUnfinished(name);
    for (const name of spools) {
      try {
        yield* this.#recover(name);
      } catch (error) {
        this.#failed(name, error);
      }
      this.#settled++;
      yield 0;
    }
    this.#deps.directory.removeSpools();
  }

  /** The names of spools, finished or not. */
  #list(): string[] {
    const { files, path, spools } = this.#deps.directory;
    try {
      const denied = files.denied(path);
      if (denied !== undefined) throw new FileError("DENIED", denied);
      return files.list(spools).filter((name) => isSpool(name) || isUnfinished(name)).sort();
    } catch (error) {
      if (!(error instanceof FileError && error.code === "ENOENT")) this.#failed("", error);
      return [];
    }
  }

  /** Removes a spool whose maker died before it was finished. */
  #removeUnfinished(name: string): void {
    const { directory } = this.#deps;
    try {
      const handle = this.#openLocked(name);
      try {
        if (handle !== undefined) unlessGone(() => directory.files.remove(directory.spoolPathOf(name)));
      } finally {
        if (handle !== undefined) release(handle);
      }
    } catch (error) {
      this.#failed(name, error);
    }
  }

  *#recover(name: string): Generator<number, void> {
    const { directory } = this.#deps;
    const handle = this.#openLocked(name);
    if (handle === undefined) return;
    try {
      // So a spool comes back if the power went before any of it had reached the disk.
      if (handle.status().size === 0) return directory.files.remove(directory.spoolPathOf(name));
      const found = readSpoolFile(handle);
      if (found === OTHER_VERSION) throw new FileError("ENOTSUP", found);
      if (typeof found === "string") this.#setAside(name, found, 0);
      else if (!isOwner(found, name)) this.#setAside(name, "it says that it is another's", found.segment.count);
      else yield* this.#publish(name, handle, found);
    } finally {
      release(handle);
    }
  }

  /** Opens a spool under its lock, which tells that its owner is dead; `undefined` if it is alive, or the spool is gone. */
  #openLocked(name: string): FileHandle | undefined {
    const { files } = this.#deps.directory;
    const path = this.#deps.directory.spoolPathOf(name);
    if (files.status(path)?.kind !== "file") return undefined;
    const handle = unlessGone(() => files.open(path));
    if (handle === undefined) return undefined;
    try {
      if (handle.tryLock?.() !== true) {
        if (isSpool(name)) this.#summary.alive++;
      } else if (files.status(path)?.identity === handle.status().identity) {
        return handle; // otherwise whoever had the lock before us has done it all
      }
    } catch (error) {
      release(handle);
      throw error;
    }
    release(handle);
    return undefined;
  }

  *#publish(name: string, handle: FileHandle, { segment, damaged }: FoundSegment): Generator<number, void> {
    const { directory, encoder } = this.#deps;
    const journal = new FlushJournal(segment, (bytes) => writeAllAt(handle, bytes, JOURNAL_AT));
    const rows = segment.count + damaged;
    // Whoever empties a segment takes its rows first, and only then what is noted of them: it may have died in between.
    if (rows > 0 && journal.published > rows) {
      return this.#setAside(name, "its flush journal is damaged", segment.count);
    }
    while (!settleInterrupted(directory, encoder, segment, journal)) {
      if (this.#patience <= 0) {
        throw new FileError("EAGAIN", "another program holds the lock of the file it appended to");
      }
      yield this.#wait();
    }
    removeTemporaries(directory, segment, journal);
    const flush = new SegmentFlush({ directory, encoder, layout: journal.layout }, segment, journal);
    try {
      yield* this.#flush(flush);
    } finally {
      if (flush.published < segment.count) flush.abort(); // an error, or nobody goes on with us
    }
    if (segment.count > 0) this.#summary.spools++;
    if (damaged > 0) this.#setAside(name, "some of its rows are damaged", damaged);
    else directory.files.remove(directory.spoolPathOf(name));
  }

  *#flush(flush: SegmentFlush): Generator<number, void> {
    for (;;) {
      const before = flush.published;
      const step = stepOf(flush);
      this.#summary.rows += flush.published - before;
      if (step === "done") return;
      if (step === "more") {
        yield 0;
      } else if (this.#patience > 0) {
        yield this.#wait();
      } else {
        flush.useOwnFile();
      }
    }
  }

  #wait(): number {
    this.#patience -= LOCK_RETRY;
    return LOCK_RETRY;
  }

  /** Renames a spool of which there is no more to be had. */
  #setAside(name: string, why: string, rows: number): void {
    const { directory } = this.#deps;
    const path = directory.spoolPathOf(name);
    directory.files.rename(path, `${path}${DAMAGED}`);
    this.#summary.damaged += rows;
    this.#failed(`${name}${DAMAGED}`, new FileError("EILSEQ", why));
  }

  #failed(name: string, error: unknown): void {
    const place = quotePath(this.#deps.directory.spoolPathOf(name));
    this.#summary.failures.push(
      new KymoError(fileErrorCode(error), `Cannot recover: ${place}: ${reason(error)}`, { cause: error }),
    );
  }
}

/** Between the listing and now its owner, or the maker of an unfinished one, may have taken the file away. */
function unlessGone<T>(operation: () => T): T | undefined {
  return unless("ENOENT", operation);
}

function isSpool(name: string): boolean {
  return spoolOwner(name) !== undefined;
}

function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED) && isSpool(name.slice(0, -UNFINISHED.length));
}

/** Whether a spool says that it is whose its name says. */
function isOwner({ segment: { owner } }: FoundSegment, name: string): boolean {
  const named = spoolOwner(name);
  return named?.pid === owner.pid && named.isolate === owner.isolate && named.channel === owner.channel;
}

/** A step of a flush, which turns to a file of its own where there can be no appending. */
function stepOf(flush: SegmentFlush): FlushStep {
  try {
    return flush.step();
  } catch (error) {
    if (!(error instanceof FileError && CANNOT_APPEND.has(error.code))) throw error;
    flush.useOwnFile();
    return flush.step();
  }
}

function writeAllAt(handle: FileHandle, bytes: Uint8Array, position: number): void {
  let written = 0;
  writeAll({
    write: (rest) => {
      const taken = handle.writeAt(rest, position + written);
      written += taken;
      return taken;
    },
  }, bytes);
}
