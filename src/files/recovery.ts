/**
 * Recovery: flushes the spools of a monitoring directory whose owner is dead, as the owner would
 * have done.
 *
 * Whoever gets the lock of a spool knows that its owner is dead (see `spool.ts`), and is the only
 * one who may change the spool. For each spool:
 *
 * 1. Read the header. A spool of another version of Kymo is left alone. A spool whose owner does
 *    not match its name, or whose header cannot be read, is set aside as `….damaged`.
 * 2. Finish the step of the flush that was under way: find out whether it was taken, as described
 *    in `interrupted_flush.ts`, and write that to the journal.
 * 3. Flush the rows that are not published, with the same code and to the same names as the owner.
 * 4. Remove the spool; or set it aside if some of its rows are damaged.
 *
 * Each step leaves a state from which another recovery can go on, so a recovery may be killed at
 * any point, and several programs may recover at once: each row is published once.
 *
 * @module
 */

import type { CsvEncoder } from "../csv/encode.ts";
import { fileError, KymoError, quotePath } from "../errors.ts";
import { FileError } from "../runtime.ts";
import type { FoundSegment } from "../segment/reader.ts";
import { cannotAppend, LOCK_PATIENCE, LOCK_RETRY } from "./append_file.ts";
import { type MonitoringDirectory, unlessGone } from "./directory.ts";
import { type FlushProgress, SegmentFlush } from "./flush.ts";
import { FlushJournal } from "./flush_journal.ts";
import { removeTemporaries, settleStep } from "./interrupted_flush.ts";
import { spoolFileName } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** Progress of a recovery. */
export interface RecoveryProgress {
  /** Spools in the directory. */
  readonly spools: number;
  /** Spools that were tried: recovered, skipped or failed. */
  readonly settled: number;
  /** Rows that were published. */
  readonly rows: number;
}

/** Result of a recovery. */
export interface RecoverySummary {
  /** Spools of dead programs, all of whose undamaged rows are published now. */
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
  /** ms that it may still wait for locks, all spools taken together. */
  #patience = LOCK_PATIENCE;

  /** Does nothing until {@linkcode Recovery.run}. */
  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** Progress so far. */
  get progress(): RecoveryProgress {
    return { spools: this.#found, settled: this.#settled, rows: this.#summary.rows };
  }

  /** Summary so far. */
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
      const spool = SpoolReader.openIfOwnerDead(files, found);
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
    const opened = SpoolReader.openIfOwnerDead(files, found);
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
    while (!settleStep(this.#deps, segment, journal)) {
      if (this.#patience <= 0) {
        throw new FileError(
          "EAGAIN",
          "a running program holds the lock of the CSV file that the dead program was appending to",
        );
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

/** Runs a step of a flush, which writes a separate file if appending is impossible. */
function stepOf(flush: SegmentFlush): FlushProgress {
  try {
    return flush.step();
  } catch (error) {
    if (!cannotAppend(error)) throw error;
    flush.useOwnFile();
    return flush.step();
  }
}
