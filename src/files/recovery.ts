/**
 * Recovery: flushes the spools of a monitoring directory whose owner is dead, as the owner would
 * have done.
 *
 * A spool is locked by its owner while that lives, so whoever gets the lock knows that it is dead,
 * and is the only one who may change the spool. For each spool:
 *
 * 1. Read the header. A spool of another version of Kymo is left alone; one whose owner does not
 *    match its name, or whose header cannot be read, is set aside as `….damaged`.
 * 2. Finish the step of the flush that was under way: find out whether it was taken, as described
 *    in `flush_journal.ts`, and write that to the journal.
 * 3. Flush the rows that are not published, with the same code and to the same names as the owner.
 * 4. Remove the spool; or set it aside if some of its rows are damaged.
 *
 * Each step leaves a state from which another recovery can go on, so a recovery may be killed at
 * any point, and several programs may recover at once: each row is published once.
 *
 * @module
 */

import { type CsvEncoder, HEADER_BYTES } from "../csv/encode.ts";
import { fileError, KymoError, quotePath } from "../errors.ts";
import { FileError } from "../runtime.ts";
import type { FoundSegment } from "../segment/reader.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { CANNOT_APPEND } from "./append_file.ts";
import { type MonitoringDirectory, readFully, unlessGone } from "./directory.ts";
import { type FlushProgress, SegmentFlush } from "./flush.ts";
import { appendedPart, type AppendingStep, findAppendTarget, FlushJournal, wasRenamed } from "./flush_journal.ts";
import { segmentFileName, spoolFileName, temporaryAppendFileName } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** Pause before the lock of a file is tried again, ms. */
const LOCK_RETRY = 5;

/** ms that a recovery waits for locks in total; then it writes files of the segments' own. */
const LOCK_PATIENCE = 1_000;

/**
 * Temporary names of each kind to look for: a flush uses another one only if it could not remove
 * the one before.
 */
const MAX_TEMPORARIES = 8;

/** Progress of a recovery. */
export interface RecoveryProgress {
  /** Spools in the directory. */
  readonly spools: number;
  /** Spools that are done with. */
  readonly settled: number;
  /** Rows that were published. */
  readonly rows: number;
}

/** Result of a recovery. */
export interface RecoverySummary {
  /** Spools of dead programs whose whole rows are all published now. */
  readonly spools: number;
  /** Rows that this recovery published; not those that the owner had published already. */
  readonly rows: number;
  /**
   * Rows that were damaged and could not be published. Their spools were renamed to
   * `….spool.damaged`.
   */
  readonly damaged: number;
  /** Spools that are locked: by their owner, which lives, or by another recovery. */
  readonly alive: number;
  /** Failures. Their spools are still there. */
  readonly failures: readonly KymoError[];
}

/** What a recovery needs. */
export interface RecoveryDeps {
  /** Where the spools are, and files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes rows. */
  readonly encoder: CsvEncoder;
}

/** Flushes the spools of a monitoring directory whose owner is dead. */
export class Recovery {
  readonly #deps: RecoveryDeps;
  readonly #summary = { spools: 0, rows: 0, damaged: 0, alive: 0, failures: [] as KymoError[] };
  #found = 0;
  #settled = 0;
  #patience = LOCK_PATIENCE;

  /** Does nothing until {@linkcode Recovery.run}. */
  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** Progress so far. */
  get progress(): RecoveryProgress {
    return { spools: this.#found, settled: this.#settled, rows: this.#summary.rows };
  }

  /** Result so far. */
  get summary(): RecoverySummary {
    return this.#summary;
  }

  /** Recovers in pieces. Yields after each one the ms to wait before the next. Does not throw. */
  *run(): Generator<number, void> {
    const found = this.#list();
    const spools = found.filter(({ name }) => name.state === "complete");
    this.#found = spools.length;
    for (const spool of found) if (spool.name.state === "unfinished") this.#removeUnfinished(spool);
    for (const spool of spools) {
      try {
        yield* this.#recover(spool);
      } catch (error) {
        this.#failed(spool.path, error);
      }
      this.#settled++;
      yield 0;
    }
    this.#deps.directory.removeSpools();
  }

  #list(): FoundSpool[] {
    const { directory } = this.#deps;
    try {
      const denied = directory.files.denied(directory.path);
      if (denied !== undefined) throw new FileError("DENIED", denied);
      return listSpools(directory);
    } catch (error) {
      this.#failed(directory.spools, error);
      return [];
    }
  }

  /** Removes a spool whose owner died before it was complete. */
  #removeUnfinished(found: FoundSpool): void {
    const { files } = this.#deps.directory;
    try {
      const spool = SpoolReader.openLocked(files, found);
      if (!spool.ok) return;
      try {
        unlessGone(() => files.remove(found.path));
      } finally {
        spool.value.close();
      }
    } catch (error) {
      this.#failed(found.path, error);
    }
  }

  *#recover(found: FoundSpool): Generator<number, void> {
    const { files } = this.#deps.directory;
    const opened = SpoolReader.openLocked(files, found);
    if (!opened.ok) {
      if (opened.kind === "locked") this.#summary.alive++;
      return;
    }
    const spool = opened.value;
    try {
      const header = spool.header();
      const rows = spool.read();
      if (header.ok && rows.ok) yield* this.#publish(found, spool, rows.value);
      else if (!header.ok && header.kind === "empty") files.remove(found.path);
      else if (!header.ok && header.kind === "other-version") this.#unsupported(found, header.reason);
      else if (!header.ok) this.#setAside(found, header.reason, rows.ok ? rows.value.segment.count : 0);
      else if (!rows.ok) this.#setAside(found, rows.reason, 0);
    } finally {
      spool.close();
    }
  }

  *#publish(found: FoundSpool, spool: SpoolReader, { segment, damaged }: FoundSegment): Generator<number, void> {
    const { directory, encoder } = this.#deps;
    const journal = new FlushJournal(segment, (bytes) => spool.saveJournal(bytes));
    const rows = segment.count + damaged;
    // A segment that is reused loses its rows first and then its journal: its owner may have died
    // in between.
    if (rows > 0 && journal.published > rows) {
      return this.#setAside(found, "its flush journal is damaged", segment.count);
    }
    while (!finishStep(this.#deps, segment, journal)) {
      if (this.#patience <= 0) {
        throw new FileError("EAGAIN", "another program holds the lock of the file it appended to");
      }
      yield this.#wait();
    }
    removeTemporaries(directory, segment);
    const flush = new SegmentFlush({ directory, encoder, layout: journal.layout }, segment, journal);
    try {
      yield* this.#flush(flush);
    } finally {
      if (flush.published < segment.count) flush.abort(); // it failed, or the caller abandoned the recovery
    }
    if (segment.count > 0) this.#summary.spools++;
    if (damaged > 0) this.#setAside(found, "some of its rows are damaged", damaged);
    else directory.files.remove(found.path);
  }

  *#flush(flush: SegmentFlush): Generator<number, void> {
    for (;;) {
      const before = flush.published;
      const progress = stepOf(flush);
      this.#summary.rows += flush.published - before;
      if (progress === "done") return;
      if (progress === "more") {
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

  /**
   * Renames a spool that cannot be read to its end: Kymo deletes no bytes that it does not
   * understand.
   */
  #setAside({ path, name }: FoundSpool, why: string, rows: number): void {
    const { directory } = this.#deps;
    const aside = directory.spoolPathOf(spoolFileName({ ...name, state: "damaged" }));
    directory.files.rename(path, aside);
    this.#summary.damaged += rows;
    this.#summary.failures.push(new KymoError("invalid-data", `Cannot recover: ${quotePath(aside)}: ${why}`));
  }

  #unsupported({ path }: FoundSpool, why: string): void {
    this.#summary.failures.push(new KymoError("unsupported", `Cannot recover: ${quotePath(path)}: ${why}`));
  }

  #failed(path: string, error: unknown): void {
    this.#summary.failures.push(fileError("Cannot recover", path, error));
  }
}

/** A step of a flush, which uses a file of the segment's own where it cannot append. */
function stepOf(flush: SegmentFlush): FlushProgress {
  try {
    return flush.step();
  } catch (error) {
    if (!(error instanceof FileError && CANNOT_APPEND.has(error.code))) throw error;
    flush.useOwnFile();
    return flush.step();
  }
}

/**
 * Finds out whether the step was taken that the journal of a dead program says was under way, and
 * writes that to the journal. To be called by the holder of the spool's lock. `false` if another
 * program holds the lock of the file that was appended to; then nothing has changed.
 *
 * @throws {FileError}
 */
export function finishStep(deps: RecoveryDeps, segment: SegmentContent, journal: FlushJournal): boolean {
  const { step } = journal;
  switch (step.kind) {
    case "none":
      if (isPublished(deps, segment, journal)) journal.settled(segment.count);
      return true;
    case "renaming":
      journal.settled(wasRenamed(deps.directory, segment, step) ? segment.count : journal.published);
      return true;
    case "appending": {
      const appended = rowsAppended(deps, segment, journal.published, step);
      if (appended === "busy") return false;
      journal.settled(journal.published + appended);
      return true;
    }
  }
}

/** Removes the temporary files that the flush of a dead program left. Does not throw. */
export function removeTemporaries(directory: MonitoringDirectory, segment: SegmentContent): void {
  const { files } = directory;
  for (let number = 0; number < MAX_TEMPORARIES; number++) {
    const own = directory.temporaryPathOf(segmentFileName(segment, number));
    const appended = directory.pathOf(temporaryAppendFileName(segment, number));
    for (const path of [own, appended]) {
      try {
        if (files.status(path)?.kind === "file") files.remove(path);
      } catch {
        // It stays under a name that no reader takes.
      }
    }
  }
}

/**
 * Whether the segment's own file exists with its rows though the journal does not say so: after a
 * power cut the file may be on the disk, and the last state of the spool not.
 */
function isPublished({ directory, encoder }: RecoveryDeps, segment: SegmentContent, journal: FlushJournal): boolean {
  const { files } = directory;
  const path = directory.pathOf(segmentFileName(segment));
  if (segment.count === 0 || journal.published > 0 || files.status(path)?.kind !== "file") return false;
  const handle = files.open(path, "read");
  try {
    const { bytes } = encoder.encode(segment, 0);
    const there = new Uint8Array(bytes.length);
    return readFully(handle, there, HEADER_BYTES.length) === bytes.length &&
      there.every((byte, i) => byte === bytes[i]);
  } finally {
    handle.close();
  }
}

/**
 * How many of the rows from `first` on, which were being appended, are in the file. A torn row at
 * its end is cut off.
 */
function rowsAppended(
  { directory, encoder }: RecoveryDeps,
  segment: SegmentContent,
  first: number,
  step: AppendingStep,
): number | "busy" {
  const { identity, offset, next } = step;
  if (first >= next || first >= segment.count) return 0;
  const target = findAppendTarget(directory, segment.owner.channel, step);
  if (target === undefined) return 0;
  const handle = directory.files.open(target.path);
  try {
    if (handle.tryLock?.() !== true) return "busy";
    const { identity: opened, size } = handle.status();
    if (opened !== identity || !(offset >= 0 && offset <= size)) return 0;
    const slice = encoder.encode(segment, first).bytes;
    const { bytes, rows, end } = appendedPart(handle, size, slice, offset);
    // If nobody has appended since, it is certain where the torn row begins.
    if (offset + bytes === size && end < bytes) handle.truncate(offset + end);
    return rows;
  } finally {
    handle.close();
  }
}
