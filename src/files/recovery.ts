/**
 * Recovery: flushes the spools of a monitoring directory whose owner is dead, as the owner would
 * have done.
 *
 * Whoever gets the lock of a spool knows that its owner is dead (see `spool.ts`), and is the only
 * one who may change the spool. The spools of one process are recovered by whoever has the lock of
 * the first of them, which is removed last. Before anything is changed, the end of the process is
 * written to its program record (see `dead_program.ts`). Then, for each spool:
 *
 * 1. Read the header. A spool of another version of Kymo is left alone. A spool whose owner does
 *    not match its name, or whose header cannot be read, is set aside as `….damaged`.
 * 2. Finish the step of the flush that was under way: find out whether it was taken, as described
 *    in `interrupted_flush.ts`, and write that to the journal.
 * 3. Flush the rows that are not published, with the same code and to the same names as the owner.
 * 4. Remove the spool; or set it aside if some of its rows are damaged.
 *
 * **Spools of other users.** What this user may not read or write is left alone, and counted. Where
 * it may write to a spool but not remove it, since only owners may remove files from the directory,
 * its rows are published and the spool stays: its journal says that they are. The files get the
 * permission bits of the spool, and its owner if possible.
 *
 * Each step leaves a state from which another recovery can go on, so a recovery may be killed at
 * any point, and several programs may recover at once: each row is published once.
 *
 * @module
 */

import type { CsvEncoder } from "../csv/encode.ts";
import { fileError, KymoError, quotePath } from "../errors.ts";
import { type Clock, FileError } from "../runtime.ts";
import type { FoundSegment } from "../segment/reader.ts";
import { cannotAppend, FileClosed, LOCK_PATIENCE, LOCK_RETRY } from "./append_file.ts";
import { recordKilled, settleDeadPrograms } from "./dead_program.ts";
import { accessLike, diskBytes, isRefused, type MonitoringDirectory, unlessGone } from "./directory.ts";
import { type FlushProgress, SegmentFlush } from "./flush.ts";
import { FlushJournal } from "./flush_journal.ts";
import { removeTemporaries, settleStep } from "./interrupted_flush.ts";
import { processKey, programFileName, spoolFileName } from "./names.ts";
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
  /** Spools that this user may not read or write, whose owner may be dead. */
  readonly refused: number;
  /** Failures. Their spools are still there. */
  readonly failures: readonly KymoError[];
}

/** What a recovery needs. */
export interface RecoveryDeps {
  /** Where the spools are, and files go. */
  readonly directory: MonitoringDirectory;
  /** Encodes rows. */
  readonly encoder: CsvEncoder;
  /** Tells the time, which no program that is dead now has seen. */
  readonly clock: Clock;
  /**
   * Paths of spools that earlier recoveries have dealt with and could not remove, to be left alone.
   * Those that this one has to leave are added.
   */
  readonly left?: Set<string>;
}

/** Flushes the spools of a monitoring directory whose owner is dead. */
export class Recovery {
  readonly #deps: RecoveryDeps;
  readonly #summary = { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0, failures: [] as KymoError[] };
  readonly #left: Set<string>;
  #found = 0;
  #settled = 0;
  /** ms that it may still wait for locks, all spools taken together. */
  #patience = LOCK_PATIENCE;

  /** Does nothing until {@linkcode Recovery.run}. */
  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
    this.#left = deps.left ?? new Set();
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
    const spools = this.#withoutLeft(found.filter(({ name }) => name.state === "complete"));
    this.#found = spools.length;
    for (const spool of found) if (spool.name.state === "unfinished") this.#removeUnfinished(spool);
    for (const ofProcess of Map.groupBy(spools, ({ name: { owner } }) => processKey(owner)).values()) {
      yield* this.#recoverProcess(ofProcess);
    }
    this.#deps.directory.removeSpools();
    settleDeadPrograms(this.#deps.directory);
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

  /** Also forgets those that are gone. */
  #withoutLeft(spools: readonly FoundSpool[]): FoundSpool[] {
    const there = new Set(spools.map(({ path }) => path));
    for (const path of this.#left) if (!there.has(path)) this.#left.delete(path);
    return spools.filter(({ path }) => !this.#left.has(path));
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
      if (!isRefused(error)) this.#failed(found.path, error);
    }
  }

  /** Recovers the spools of one process, if the first that exists is not locked. */
  *#recoverProcess(spools: readonly FoundSpool[]): Generator<number, void> {
    const [first, ...others] = spools;
    if (first === undefined) return;
    const opened = this.#open(first);
    if (opened === "locked") {
      this.#summary.alive += spools.length;
      this.#settled += spools.length;
      yield 0;
    } else if (opened === undefined) {
      this.#settled++;
      yield 0;
      yield* this.#recoverProcess(others);
    } else {
      try {
        yield* this.#recordKilled(first, opened, others);
        for (const other of others) yield* this.#recoverOther(other);
        yield* this.#recover(first, opened);
      } finally {
        opened.close();
      }
    }
  }

  *#recoverOther(found: FoundSpool): Generator<number, void> {
    const opened = this.#open(found);
    if (opened === "locked") this.#summary.alive++;
    if (opened instanceof SpoolReader) {
      try {
        yield* this.#recover(found, opened);
      } finally {
        opened.close();
      }
    } else {
      this.#settled++;
      yield 0;
    }
  }

  /** Opens a spool whose owner is dead; `undefined` if there is none, or that fails. */
  #open(found: FoundSpool): SpoolReader | "locked" | undefined {
    try {
      const opened = SpoolReader.openIfOwnerDead(this.#deps.directory.files, found);
      if (opened.ok) return opened.value;
      if (opened.kind === "refused") this.#refused(opened.reason);
      return opened.kind === "locked" ? "locked" : undefined;
    } catch (error) {
      this.#failed(found.path, error);
      return undefined;
    }
  }

  /** The rows matter more: without a record, or if it cannot be written, they are recovered too. */
  *#recordKilled(
    { name: { owner } }: FoundSpool,
    held: SpoolReader,
    others: readonly FoundSpool[],
  ): Generator<number, void> {
    const { directory, clock } = this.#deps;
    try {
      yield* recordKilled(directory, owner, held, others, clock.epoch());
    } catch (error) {
      // One failure for all programs of other users.
      const path = isRefused(error) ? directory.path : directory.pathOf(programFileName(owner));
      this.#failOnce(fileError("Cannot write the end of a program", path, error));
    }
  }

  *#recover(found: FoundSpool, spool: SpoolReader): Generator<number, void> {
    try {
      yield* this.#recoverOpened(found, spool);
    } catch (error) {
      this.#failed(found.path, error);
    }
    this.#settled++;
    yield 0;
  }

  *#recoverOpened(found: FoundSpool, spool: SpoolReader): Generator<number, void> {
    const header = spool.header();
    const rows = spool.read();
    if (header.ok && rows.ok) yield* this.#publish(found, spool, rows.value);
    else if (!header.ok && header.kind === "empty") this.#remove(found, spool);
    else if (!header.ok && header.kind === "other-version") this.#unsupported(found, header.reason);
    else if (!header.ok) this.#setAside(found, header.reason, rows.ok ? rows.value.segment.count : 0);
    else if (!rows.ok) this.#setAside(found, rows.reason, 0);
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
    const { published } = journal;
    const deps = { directory, encoder, layout: journal.layout, access: accessLike(spool.status) };
    const flush = new SegmentFlush(deps, segment, journal);
    try {
      yield* this.#flush(flush);
    } finally {
      if (flush.published < segment.count) flush.abort(); // it failed, or the caller abandoned the recovery
    }
    const isNew = segment.count > published;
    let isGone = true;
    if (damaged > 0) this.#setAside(found, "some of its rows are damaged", damaged);
    else isGone = this.#remove(found, spool);
    if (segment.count > 0 && (isNew || isGone)) this.#summary.spools++;
  }

  /** Removes a spool that is of no more use; `false` if this user may not. */
  #remove({ path }: FoundSpool, spool: SpoolReader): boolean {
    const { directory } = this.#deps;
    try {
      directory.files.remove(path);
      directory.noteGrowth(-diskBytes(spool.status.size));
      return true;
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#left.add(path);
      return false;
    }
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
    let there = aside;
    try {
      directory.files.rename(path, aside);
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#left.add(path);
      there = path;
    }
    this.#summary.damaged += rows;
    this.#summary.failures.push(new KymoError("invalid-data", `Cannot recover: ${quotePath(there)}: ${why}`));
  }

  /** One failure for all spools of other users, however many there are. */
  #refused(why: string): void {
    this.#summary.refused++;
    const text = `Cannot recover the spools of other users: ${quotePath(this.#deps.directory.spools)}: ${why}`;
    this.#failOnce(new KymoError("permission-denied", text));
  }

  #failOnce(failure: KymoError): void {
    const { failures } = this.#summary;
    if (failures.every(({ message }) => message !== failure.message)) failures.push(failure);
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
    if (!cannotAppend(error) && !(error instanceof FileClosed)) throw error;
    flush.useOwnFile();
    return flush.step();
  }
}
