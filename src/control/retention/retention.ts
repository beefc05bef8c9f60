/**
 * Retention: keeps a monitoring directory below the limits of {@linkcode RetentionOptions}.
 *
 * **Who publishes makes room.** After each file that a program publishes it takes the lock of the
 * ledger (see `ledger.ts`), adds what it has written, and, if that is beyond `maxBytes` or leaves
 * less than `minFree`, removes the oldest files of the list, but at most twice what it has added: so
 * a directory never grows beyond its limit, and no flush takes long. What is still too much, as when
 * the limit is new, goes in the background, 0.2 ms at a time. The next file is not begun before the
 * one before is settled. So all files together take at most `maxBytes`, and for each program what it
 * has not settled: one segment.
 *
 * **One program counts.** Once a minute one of the programs, which has taken a lease in the ledger,
 * counts the whole directory in the background, and replaces the list and the sum: others may remove
 * and move files at any time. It also removes what is older than `maxAge`, and rotates files that are
 * appended to. A program that is killed while it counts is followed by another when its lease has
 * run out. If a list runs out sooner, whoever finds it empty counts anew; in a program whose event
 * loop does not turn, before it goes on.
 *
 * @module
 */

import { fileError, KymoError, quotePath } from "../../errors.ts";
import { isRefused, type MonitoringDirectory } from "../../files/directory.ts";
import type { Clock } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { DirectoryCount } from "./directory_count.ts";
import type { Ledger, LedgerState } from "./ledger.ts";
import { LedgerFile } from "./ledger_file.ts";
import { removeFile } from "./remove_file.ts";
import type { PrunedCounts } from "./pruned_counts.ts";
import { Rotation } from "./rotation.ts";
import type { RetentionOptions } from "../retention_options.ts";
import type { Room } from "./room.ts";

/** ms between counts, and for which a program that counts is given time. */
const COUNT_INTERVAL = 60_000;
const LEASE = 30_000;

/** A part of `maxBytes` that is worth a count although the one before has found nothing. */
const WORTH_COUNTING = 16;

/** ms between counts that are made because the list has run out. */
const SHORTEST_INTERVAL = 1_000;

/** Files that are listed in the ledger. */
const LISTED = 512;

/** ns for which files are removed at once in the background. */
const SLICE = 200_000;

/**
 * ms that flushes wait for the lock of the ledger, or for a count, before they go on without, until
 * that is to be had again.
 */
const PATIENCE = 1_000;

/** What a {@linkcode Retention} needs. */
export interface RetentionDeps {
  readonly directory: MonitoringDirectory;
  readonly clock: Clock;
  readonly limits: RetentionOptions;
  /** Called with each failure. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** Where the ledger was when a count began. */
type CountStart = Pick<LedgerState, "generation" | "position" | "added"> & { readonly began: number };

/** A count that is under way. */
interface Counting extends CountStart {
  readonly count: DirectoryCount;
  readonly steps: Generator<void, void>;
}

/** Keeps one directory below its limits. No method throws. */
export class Retention implements Room {
  readonly #deps: RetentionDeps;
  readonly #told = new Set<string>();
  readonly #ledger: LedgerFile;
  #files = 0;
  #bytes = 0;
  #unshippedRows = 0;
  /** Whether the last look has found more than the limits allow. */
  #isOver = false;
  /** Whether files are older than they may be. */
  #isAged = false;
  #counting: Counting | undefined;
  #isListing = false;
  readonly #rotation: Rotation;
  #wantsCount = false;
  #waitsSince: number | undefined;
  /** Bytes that settling has still to remove, if there is too much. */
  #debt = 0;

  /** Does nothing yet. */
  constructor(deps: RetentionDeps) {
    this.#deps = deps;
    this.#ledger = new LedgerFile(deps.directory, (error) => {
      this.#failOnce(
        "ledger",
        "Cannot use the ledger of retention, so others are not heard of",
        deps.directory.path,
        error,
      );
    });
    this.#rotation = new Rotation(deps.directory, deps.limits, (error, path) => {
      this.#failOnce("rotate", "Cannot rotate the file", path, error);
    });
  }

  /** What was removed. */
  get pruned(): PrunedCounts {
    return { files: this.#files, bytes: this.#bytes, unshippedRows: this.#unshippedRows };
  }

  /**
   * {@linkcode Room.settle}. The next file waits while another program holds the lock of the ledger,
   * and if the list has run out. With `mayCount`, the directory is counted at once then.
   */
  settle(mayCount = false): boolean {
    const { directory, clock } = this.#deps;
    const { added, removed } = directory.growth;
    if (added === 0 && removed === 0 && this.#debt === 0) return true;
    const outcome = this.#useLedger((ledger) => {
      this.#addGrowth(ledger);
      this.#debt += 2 * added;
      const remove = (): void => this.#removeOver(ledger, () => this.#debt > 0, (bytes) => this.#debt -= bytes);
      remove();
      if (mayCount && this.#debt > 0 && this.#needsCount(ledger)) {
        this.#countNow(ledger);
        remove();
      }
      if (this.#debt <= 0 || !this.#needsCount(ledger)) this.#debt = 0;
      return this.#debt === 0;
    });
    if (outcome === true || outcome === undefined) {
      this.#waitsSince = undefined;
      return true;
    }
    const now = clock.now();
    this.#waitsSince ??= now;
    return now - this.#waitsSince > PATIENCE * NANOSECONDS_PER_MS;
  }

  /** Whether the directory is to be counted soon, because the list has run out. */
  get wantsCount(): boolean {
    return this.#wantsCount;
  }

  /** Whether there is something to do in the background. */
  get isBusy(): boolean {
    const { growth } = this.#deps.directory;
    return this.#counting !== undefined || this.#isOver || this.#isAged || growth.added > 0 || growth.removed > 0;
  }

  /** A piece of work in the background; `false` if another program holds the lock of the ledger. */
  work(): boolean {
    if (this.#counting !== undefined) {
      this.#countOn(this.#counting);
      return true;
    }
    const { clock } = this.#deps;
    const end = clock.now() + SLICE;
    return this.#useLedger((ledger) => {
      this.#addGrowth(ledger);
      this.#removeAged(ledger, () => clock.now() < end);
      this.#removeOver(ledger, () => clock.now() < end);
      // Nothing more can be done before the next count.
      if (ledger.first() === undefined) this.#isOver = this.#isAged = false;
      return true;
    }) !== "busy";
  }

  /**
   * Begins to count the directory, if it is time and no other program does. Resolves when the files
   * are listed; then {@linkcode Retention.work} goes on. Never rejects.
   */
  async beginCount(): Promise<void> {
    if (this.#counting !== undefined || this.#isListing) return;
    const { directory } = this.#deps;
    const start = this.#useLedger((ledger): CountStart | undefined => {
      const { state } = ledger;
      const now = this.#now();
      const isFresh = isBetween(state.counted, now - COUNT_INTERVAL, now);
      if (!this.#wantsCount && isFresh || !this.#wantsCount && isBetween(now, state.lease - LEASE, state.lease)) {
        return undefined;
      }
      state.lease = now + LEASE;
      const { generation, position, added } = state;
      return { generation, position, added, began: now };
    });
    if (start === undefined || start === "busy") return;
    this.#isListing = true;
    this.#wantsCount = false;
    try {
      const names = await directory.files.listBeside(directory.path);
      this.#counting = this.#countFrom(start, names);
    } catch (error) {
      this.#fail("Cannot count the files", directory.path, error);
    } finally {
      this.#isListing = false;
    }
  }

  #countFrom(start: CountStart, names: readonly string[]): Counting {
    const { directory, limits: { maxAge, dropUnshipped } } = this.#deps;
    const options = { now: start.began, maxAge, most: LISTED, dropsUnshipped: dropUnshipped };
    const count = new DirectoryCount(directory, options);
    return { ...start, count, steps: count.run(names) };
  }

  #countOn(counting: Counting): void {
    try {
      if (counting.steps.next().done !== true) return;
      const outcome = this.#useLedger((ledger) => this.#install(ledger, counting));
      if (outcome === "busy") return; // the next step ends at once, and tries again
      this.#counting = undefined;
    } catch (error) {
      this.#counting = undefined;
      this.#fail("Cannot count the files", this.#deps.directory.path, error);
    }
  }

  /** Counts the directory at once, which takes some 5 ms for 1,000 files. */
  #countNow(ledger: Ledger): void {
    const { directory } = this.#deps;
    const { generation, position, added } = ledger.state;
    const start = { generation, position, added, began: this.#now() };
    const counting = this.#countFrom(start, directory.files.list(directory.path));
    while (counting.steps.next().done !== true);
    this.#install(ledger, counting);
  }

  /**
   * Replaces the list. Programs have added and removed files since the count began: what they have
   * added counts, even if the count has it too; of what they have removed, what the count has.
   */
  #install(ledger: Ledger, { count, generation, position, added, began }: Counting): void {
    const { state } = ledger;
    if (state.generation !== generation) return; // another program has counted
    const removed = new Set(ledger.between(position, state.position).map(({ name }) => name));
    const files = count.oldest.filter(({ name }) => !removed.has(name));
    const gone = count.oldest.reduce((sum, { name, size }) => removed.has(name) ? sum + size : sum, 0);
    state.bytes = count.bytes - gone + Math.max(0, state.added - added);
    state.counted = began;
    state.lease = 0;
    ledger.replaceList(files, count.isCut);
    this.#rotation.found(count.growing, began);
    this.#isOver = this.#excess(ledger) > 0;
    const { maxAge } = this.#deps.limits;
    this.#isAged = maxAge !== undefined && files[0] !== undefined && files[0].time + maxAge < began;
    if (this.#isOver && files.length === 0) this.#nothingLeft(ledger, count.unshipped);
  }

  #addGrowth({ state }: Ledger): void {
    const { directory } = this.#deps;
    const { added, removed } = directory.growth;
    state.bytes += added - removed;
    state.added += added;
    directory.growth.added = directory.growth.removed = 0;
  }

  /** Bytes that are too many; not positive if there are none. */
  #excess({ state }: Ledger): number {
    const { limits: { maxBytes, minFree }, directory: { files, path } } = this.#deps;
    const tooMany = maxBytes === undefined || state.counted === 0 ? 0 : state.bytes - maxBytes;
    if (minFree === undefined || files.freeBytes === undefined) return tooMany;
    return Math.max(tooMany, minFree - files.freeBytes(path));
  }

  /** Removes the oldest files while there is too much. */
  #removeOver(ledger: Ledger, goOn: () => boolean, note: (bytes: number) => void = () => {}): void {
    let excess = this.#excess(ledger);
    while (excess > 0 && goOn()) {
      const removed = this.#removeFirst(ledger);
      if (removed === undefined) break;
      note(removed);
      excess -= removed;
    }
    this.#isOver = excess > 0;
    if (this.#needsCount(ledger)) this.#wantsCount = true;
  }

  #removeAged(ledger: Ledger, goOn: () => boolean): void {
    const { maxAge } = this.#deps.limits;
    if (maxAge === undefined) return;
    const latest = this.#now() - maxAge;
    for (;;) {
      this.#isAged = (ledger.first()?.file.time ?? Infinity) < latest;
      if (!this.#isAged || !goOn()) return;
      this.#removeFirst(ledger);
    }
  }

  /** Removes the first file of the list. Returns the bytes that are gone; `undefined` if there is none. */
  #removeFirst(ledger: Ledger): number | undefined {
    const first = ledger.first();
    if (first === undefined) return undefined;
    const { directory } = this.#deps;
    const { state } = ledger;
    state.position = first.next;
    const { name, size } = first.file;
    const { dropUnshipped: dropsUnshipped } = this.#deps.limits;
    const removal = removeFile(directory, name, { counted: state.counted, dropsUnshipped });
    if (removal.kind === "failed") {
      // One failure for all files that this user may not remove.
      const kind = isRefused(removal.error) ? "refused" : `remove ${name}`;
      this.#failOnce(
        kind,
        "Cannot remove a file that is beyond the limits of retention",
        directory.pathOf(name),
        removal.error,
      );
      return 0;
    }
    if (removal.kind === "changed") return 0;
    state.bytes = Math.max(0, state.bytes - size);
    if (removal.kind === "gone") return size;
    this.#files++;
    this.#bytes += size;
    if (removal.unshippedRows > 0) this.#droppedUnshipped(name, removal.unshippedRows);
    return size;
  }

  #droppedUnshipped(name: string, rows: number): void {
    this.#unshippedRows += rows;
    const action = `Cannot keep the limits of retention without losses: ${
      quotePath(this.#deps.directory.pathOf(name))
    }`;
    this.#reportOnce("unshipped", new KymoError("limit-exceeded", `${action}: ${rows} rows were not shipped yet`));
  }

  /**
   * Whether it is not known what may be removed: nobody has counted yet, or there is too much, and
   * files may be removed that the list does not have.
   */
  #needsCount(ledger: Ledger): boolean {
    const { state } = ledger;
    if (state.counted === 0) return this.#deps.limits.maxBytes !== undefined;
    if (!this.#isOver || ledger.first() !== undefined) return false;
    if (state.isCut) return true;
    // A count that has found nothing is not worth another one before much was added, or some time passed.
    const added = state.added - state.addedBefore;
    const { maxBytes = Infinity } = this.#deps.limits;
    const now = this.#now();
    return added > 0 &&
      (state.end > 0 || added > maxBytes / WORTH_COUNTING || !isBetween(state.counted, now - SHORTEST_INTERVAL, now));
  }

  /** Only what is in use is left: files that are appended to are rotated; else it is told. */
  #nothingLeft(ledger: Ledger, unshipped: number): void {
    if (this.#rotation.rotateAll()) {
      this.#wantsCount = true;
      return;
    }
    const { limits: { maxBytes }, directory } = this.#deps;
    const { bytes, counted } = ledger.state;
    const limit = maxBytes !== undefined && counted > 0 && bytes > maxBytes ? "maxBytes" : "minFree";
    const waiting = unshipped === 0 ? "" : `, ${unshipped} of them what kymo ship or kymo serve has not read yet`;
    const why = `nothing is left that may be removed: what is in use takes ${bytes} bytes${waiting}`;
    const action = `Cannot keep the limit ${limit} of retention: ${quotePath(directory.path)}`;
    this.#reportOnce(limit, new KymoError("limit-exceeded", `${action}: ${why}`));
  }

  /** Uses the ledger under its lock; `undefined` if something fails, which is reported. */
  #useLedger<T>(use: (ledger: Ledger) => T): T | "busy" | undefined {
    try {
      return this.#ledger.use(use);
    } catch (error) {
      this.#fail("Cannot keep the limits of retention", this.#deps.directory.path, error);
      return undefined;
    }
  }

  /** ms since 1970. */
  #now(): number {
    return Number(this.#deps.clock.epoch() / BigInt(NANOSECONDS_PER_MS));
  }

  #fail(action: string, path: string, error: unknown): void {
    this.#deps.report(fileError(action, path, error));
  }

  /** Reports the first failure of its kind. */
  #failOnce(kind: string, action: string, path: string, error: unknown): void {
    this.#reportOnce(kind, fileError(action, path, error));
  }

  #reportOnce(kind: string, error: KymoError): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#deps.report(error);
  }
}

function isBetween(time: number, from: number, to: number): boolean {
  return time >= from && time <= to;
}
