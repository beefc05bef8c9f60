import { fileError, type KymoError } from "../../errors.ts";
import { LOCK_PATIENCE, LOCK_RETRY, rotateAppendFile } from "../../files/append_file.ts";
import { MonitoringDirectory, release } from "../../files/directory.ts";
import { appendFileName, RETENTION_LEDGER } from "../../files/names.ts";
import { FileError, type Runtime } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { DirectoryCount } from "./directory_count.ts";
import { Ledger, type Removable } from "./ledger.ts";
import { type Removal, removeFile } from "./remove_file.ts";
import type { RetentionOptions } from "../retention_options.ts";

/** How long the event loop is held up at once, ns. */
const SLICE = 10_000_000;

/** Files, and the bytes that they take on the disk. */
export interface FileCounts {
  readonly files: number;
  readonly bytes: number;
}

/** Most files that are named. */
const MOST_NAMED = 1_000;

/** Result of a pruning. */
export interface PruneSummary {
  /** What was removed, or would be. */
  readonly removed: FileCounts;
  /** The names of these files, the oldest first; the first 1,000. */
  readonly names: readonly string[];
  /** Rows in what was removed that `kymo ship` had not shipped yet; those that would be are not counted. */
  readonly unshippedRows: number;
  /** What is left of Kymo's files, or would be. */
  readonly left: FileCounts;
  /** Whether all limits are kept. If not, what is left is in use, or may not be removed. */
  readonly isWithin: boolean;
  /** Failures. Their files are still there. */
  readonly failures: readonly KymoError[];
}

/** How to prune. */
export interface PruneOptions {
  /** Whether nothing is removed. */
  readonly dryRun?: boolean;
}

/**
 * Removes the files of a monitoring directory that are beyond the limits, the oldest first. Programs
 * may record into it meanwhile.
 *
 * @throws {KymoError} if the directory cannot be read, or it cannot be told how much is free and
 * `minFree` is given. Failures with single files are in the summary.
 */
export async function pruneOn(
  runtime: Pick<Runtime, "files" | "clock" | "timers" | "unavailable">,
  monitoringDir: string,
  limits: RetentionOptions,
  { dryRun = false }: PruneOptions = {},
): Promise<PruneSummary> {
  const { files } = runtime;
  try {
    const path = files.resolve(monitoringDir);
    const denied = files.denied(path) ?? (limits.minFree === undefined ? undefined : whyUnknown(runtime));
    if (denied !== undefined) throw new FileError("DENIED", denied);
    return await new Pruning(runtime, new MonitoringDirectory(files, path), limits, dryRun).run();
  } catch (error) {
    throw fileError("Cannot prune", monitoringDir, error);
  }
}

function whyUnknown({ files, unavailable }: Pick<Runtime, "files" | "unavailable">): string | undefined {
  return files.freeBytes === undefined ? unavailable.freeSpace ?? "it cannot be told how much is free" : undefined;
}

/** A count, from which what is removed is taken off. */
interface Counted {
  bytes: number;
  files: number;
  readonly of: DirectoryCount;
  /** ms since 1970. */
  readonly began: number;
}

class Pruning {
  readonly #runtime: Pick<Runtime, "clock" | "timers">;
  readonly #directory: MonitoringDirectory;
  readonly #limits: RetentionOptions;
  readonly #isDry: boolean;
  readonly #removed = { files: 0, bytes: 0 };
  readonly #names: string[] = [];
  #unshippedRows = 0;
  readonly #failures: KymoError[] = [];
  /** Channels whose file could not be rotated. */
  readonly #unrotatable = new Set<string>();
  #sliceEnd = 0;

  constructor(
    runtime: Pick<Runtime, "clock" | "timers">,
    directory: MonitoringDirectory,
    limits: RetentionOptions,
    isDry: boolean,
  ) {
    this.#runtime = runtime;
    this.#directory = directory;
    this.#limits = limits;
    this.#isDry = isDry;
  }

  async run(): Promise<PruneSummary> {
    const { clock, timers } = this.#runtime;
    const deadline = clock.now() + LOCK_PATIENCE * NANOSECONDS_PER_MS;
    let count = await this.#count();
    let excess = await this.#remove(count);
    while (!this.#isDry) {
      const due = this.#dueForRotation(count, excess > 0);
      if (due.length === 0) break;
      if (this.#rotate(due)) {
        count = await this.#count();
        excess = await this.#remove(count);
      }
      // A program holds the lock, or has written as much as was removed.
      if (clock.now() >= deadline) break;
      await timers.sleep(LOCK_RETRY);
    }
    if (this.#removed.files > 0 && !this.#isDry) forgetCount(this.#directory);
    const left = { files: count.files, bytes: count.bytes };
    return {
      removed: this.#removed,
      names: this.#names,
      unshippedRows: this.#unshippedRows,
      left,
      isWithin: excess <= 0,
      failures: this.#failures,
    };
  }

  async #count(): Promise<Counted> {
    const { files, path } = this.#directory;
    const began = this.#now();
    const { maxAge, dropUnshipped: dropsUnshipped } = this.#limits;
    const of = new DirectoryCount(this.#directory, { now: began, maxAge, most: Infinity, dropsUnshipped });
    for (const _ of of.run(files.list(path))) await this.#breathe();
    return { bytes: of.bytes, files: of.files, of, began };
  }

  /** Returns the bytes that are still too many. */
  async #remove(count: Counted): Promise<number> {
    const { maxAge = Infinity, maxBytes = Infinity, minFree = 0 } = this.#limits;
    const { files, path } = this.#directory;
    let missing = minFree > 0 ? minFree - files.freeBytes!(path) : 0;
    for (const file of count.of.oldest) {
      const isBeyond = file.time + maxAge < count.began || count.bytes > maxBytes || missing > 0;
      if (!isBeyond) break;
      await this.#breathe();
      if (!this.#removeOne(file, count.began)) continue;
      count.bytes -= file.size;
      count.files--;
      missing -= file.size;
    }
    return Math.max(count.bytes - maxBytes, missing);
  }

  /** `false` if the file is still there. */
  #removeOne({ name, size }: Removable, counted: number): boolean {
    const { dropUnshipped: dropsUnshipped } = this.#limits;
    const removal: Removal = this.#isDry
      ? { kind: "removed", unshippedRows: 0 }
      : removeFile(this.#directory, name, { counted, dropsUnshipped });
    if (removal.kind === "failed") {
      this.#failures.push(fileError("Cannot remove", this.#directory.pathOf(name), removal.error));
      return false;
    }
    if (removal.kind === "changed") return false;
    if (removal.kind === "gone") return true;
    this.#unshippedRows += removal.unshippedRows;
    this.#removed.files++;
    if (this.#names.length < MOST_NAMED) this.#names.push(name);
    this.#removed.bytes += size;
    return true;
  }

  /** The channels whose files are to be rotated: all if there is too much, else those with rows that are too old. */
  #dueForRotation({ of: { growing }, began }: Counted, isOver: boolean): string[] {
    const { maxAge = Infinity } = this.#limits;
    return growing.filter(({ first }) => first !== undefined && (isOver || first + maxAge < began))
      .map(({ channel }) => channel).filter((channel) => !this.#unrotatable.has(channel));
  }

  /** Whether one of the files was rotated: not if programs hold the locks of all. */
  #rotate(channels: readonly string[]): boolean {
    let isOne = false;
    for (const channel of channels) {
      try {
        if (rotateAppendFile(this.#directory, channel)) isOne = true;
      } catch (error) {
        const path = this.#directory.pathOf(appendFileName(channel));
        this.#failures.push(fileError("Cannot rotate the file", path, error));
        this.#unrotatable.add(channel);
      }
    }
    return isOne;
  }

  async #breathe(): Promise<void> {
    const { clock, timers } = this.#runtime;
    if (clock.now() < this.#sliceEnd) return;
    await timers.sleep(0);
    this.#sliceEnd = clock.now() + SLICE;
  }

  #now(): number {
    return Number(this.#runtime.clock.epoch() / BigInt(NANOSECONDS_PER_MS));
  }
}

/** Makes the programs that record count anew: their ledger has what is removed now. */
function forgetCount(directory: MonitoringDirectory): void {
  const { files } = directory;
  try {
    const path = directory.pathOf(RETENTION_LEDGER);
    if (files.status(path)?.kind !== "file") return;
    const handle = files.open(path);
    try {
      if (handle.tryLock?.() !== true) return;
      const ledger = new Ledger(handle);
      ledger.state.counted = 0;
      ledger.save();
    } finally {
      release(handle);
    }
  } catch {
    // They count once a minute all the same.
  }
}
