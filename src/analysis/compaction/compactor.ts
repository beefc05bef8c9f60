/**
 * Compaction: makes one Parquet file of many files of a monitoring directory.
 *
 * Files of one channel and one hour of UTC become one, which names them (see `compacted/format.ts`).
 * Those that come later make it anew, together with it. Each step leaves a state in which readers
 * find each row once, and from which another compaction goes on:
 *
 * 1. Check all bytes of the inputs, and note their digests. What is not sound is left alone.
 * 2. Write `.compact.tmp`, read it back, and compare all rows. Killed until here, a temporary file is
 *    left, which the next compaction removes.
 * 3. See that the inputs are unchanged. Sync the file, and rename it to its name, which has its digest:
 *    from now on readers take the rows from it, and leave out the inputs. Sync the directory.
 * 4. Remove the inputs, each only while both it and the compacted file are what they were. Killed until
 *    here, inputs are left, which no reader counts. The next compaction removes them, once it has found
 *    all of their rows in the compacted file.
 *
 * So what is removed is in another file, on the disk. If somebody moves or deletes the compacted file
 * between steps 3 and 4, the inputs that are still there stay, and count again.
 *
 * @module
 */

import type { DuckDBConnection } from "@duckdb/node-api";
import { shippedBefore, unshippedIfCompactedBefore } from "../../control/retention/shipped_mark.ts";
import { fileError, KymoError, quotePath, reason } from "../../errors.ts";
import { accessLike, MonitoringDirectory, release, unlessGone } from "../../files/directory.ts";
import { compactedFileName, COMPACTION_TEMPORARY, parseCompactedFileName } from "../../files/names.ts";
import { FileError, type FileHandle, type Runtime } from "../../runtime.ts";
import { type CompactedFile, readCompactedFiles } from "../compacted/compacted_files.ts";
import { digestOfFile } from "../compacted/format.ts";
import { DuckDB } from "../duckdb/duckdb.ts";
import { ChannelEvidence } from "../source/channel_evidence.ts";
import { CheckedFile } from "../source/checked_file.ts";
import { Problems, type Reading } from "../source/reading_report.ts";
import { findCandidates, type Group, groupKey } from "./candidates.ts";
import {
  checkCandidate,
  chunksOf,
  type Input,
  isUnchanged,
  names,
  relationOfInputs,
  segmentRowsOf,
  toInput,
} from "./inputs.ts";
import { lockCompaction } from "./lock.ts";
import { isContained, writeCompacted } from "./writer.ts";

/** How to compact. */
export interface CompactOptions {
  /** Only files that ended so long ago, ms. */
  readonly older: number;
  /** Whether an hour is left alone until all of it is that old, so that it is written once. */
  readonly wholeHours?: boolean;
  /** Called after each hour of a channel. */
  readonly onProgress?: (progress: CompactionProgress) => void;
  /** Ends the compaction after the file that is being made. */
  readonly signal?: AbortSignal;
}

/** How far a compaction has come. */
export interface CompactionProgress {
  /** Files that are done. */
  readonly done: number;
  /** Files to compact. */
  readonly files: number;
}

/** What a compaction has done. */
export interface CompactionSummary {
  /** Files that were replaced. */
  readonly inputs: number;
  /** Compacted files that were made. */
  readonly outputs: number;
  /** Rows in these. */
  readonly rows: number;
  /** Bytes of the files that were replaced. */
  readonly bytesBefore: number;
  /** Bytes of the compacted files that were made. */
  readonly bytesAfter: number;
  /** Files removed that an interrupted compaction had replaced. */
  readonly finished: number;
  /** Files that are not old enough. */
  readonly young: number;
  /** What was left alone, and why; the first 100. */
  readonly problems: Reading["problems"];
}

const HOUR_MS = 3_600_000;
const NANOSECONDS_PER_MS = 1_000_000n;

/** A group, and the compacted files that belong to it. */
interface Task {
  readonly group: Group;
  readonly compacted: readonly string[];
}

/** Compacts one monitoring directory, whose lock it holds until it is closed. */
export class Compactor {
  readonly #runtime: Runtime;
  readonly #directory: MonitoringDirectory;
  readonly #lock: FileHandle;
  readonly #database: DuckDB;

  private constructor(runtime: Runtime, directory: MonitoringDirectory, lock: FileHandle, database: DuckDB) {
    this.#runtime = runtime;
    this.#directory = directory;
    this.#lock = lock;
    this.#database = database;
  }

  /**
   * Opens a monitoring directory.
   *
   * @throws {KymoError} `"invalid-state"` if another program is compacting it; `"unsupported"` where
   * files cannot be locked; `"missing-package"` without DuckDB; the code of a failed operation on
   * files if it cannot be written to.
   */
  static async open(runtime: Runtime, path: string): Promise<Compactor> {
    const { files } = runtime;
    const directory = new MonitoringDirectory(files, files.resolve(path));
    const locked = attempt(path, () => {
      const denied = files.denied(directory.path);
      if (denied !== undefined) throw new FileError("DENIED", denied);
      return lockCompaction(files, directory.path);
    });
    if (!locked.ok) {
      const code = locked.kind === "locked" ? "invalid-state" : "unsupported";
      throw new KymoError(code, `Cannot compact: ${quotePath(path)}: ${locked.reason}`);
    }
    try {
      // One thread: programs record beside it.
      return new Compactor(runtime, directory, locked.value, await DuckDB.open({ threads: 1 }, runtime));
    } catch (error) {
      release(locked.value);
      throw error;
    }
  }

  /**
   * Compacts what is there.
   *
   * @throws {KymoError} if the directory cannot be listed.
   */
  async run({ older, wholeHours = false, onProgress, signal }: CompactOptions): Promise<CompactionSummary> {
    const now = Number(this.#runtime.clock.epoch() / NANOSECONDS_PER_MS);
    const end = now - older;
    const cutoff = wholeHours ? Math.floor(end / HOUR_MS) * HOUR_MS : end;
    const { tasks, young } = attempt(this.#directory.path, () => this.#findTasks(cutoff, now));
    const files = tasks.reduce((sum, { group }) => sum + group.candidates.length, 0);
    const summary = new Summary(young);
    let done = 0;
    for (const { group, compacted } of tasks) {
      if (signal?.aborted) break;
      await this.#compactGroup(group, compacted, summary, signal);
      done += group.candidates.length;
      onProgress?.({ done, files });
    }
    return summary.result;
  }

  /** Closes the database, and gives back the lock. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
    release(this.#lock);
  }

  /** Removes what an interrupted compaction was writing, and finds what is to be done. */
  #findTasks(cutoff: number, now: number): { readonly tasks: readonly Task[]; readonly young: number } {
    const { files, path } = this.#directory;
    unlessGone(() => files.remove(this.#directory.pathOf(COMPACTION_TEMPORARY)));
    const all = files.list(path).sort();
    const { groups, young } = findCandidates(this.#directory, all, { cutoff, now });
    const byKey = new Map(groups.map((group) => [keyOf(group), group]));
    const compacted = new Map<string, string[]>();
    for (const name of all) {
      const parts = parseCompactedFileName(name);
      const path = this.#directory.pathOf(name);
      const status = parts === undefined ? undefined : unlessGone(() => files.status(path));
      if (parts === undefined || status?.kind !== "file") continue;
      const group: Group = { channel: parts.channel, hour: parts.hour, access: status.access, candidates: [] };
      const key = keyOf(group);
      if (!byKey.has(key)) byKey.set(key, group);
      compacted.set(key, [...compacted.get(key) ?? [], path]);
    }
    const tasks = [...byKey].map(([key, group]): Task => ({ group, compacted: compacted.get(key) ?? [] }))
      .filter(({ group, compacted }) => group.candidates.length > 0 || compacted.length > 1)
      .sort(({ group: one }, { group: other }) => one.hour - other.hour);
    return { tasks, young };
  }

  async #compactGroup(
    group: Group,
    paths: readonly string[],
    summary: Summary,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { files, path } = this.#directory;
    const { problems } = summary;
    try {
      await this.#database.exclusively(async (connection) => {
        const report = (path: string, why: string): void => problems.add(path, 0, 0, why);
        const compacted = await readCompactedFiles(paths, { connection, files, report });
        const inputs: Input[] = [];
        const evidence = new ChannelEvidence(files);
        const present = compacted.flatMap((file) => {
          const status = unlessGone(() => files.status(file.path));
          return status?.identity === file.identity ? [toInput(file, status)] : [];
        });
        for (const candidate of group.candidates) {
          const input = await checkCandidate(candidate, files, evidence, problems);
          if (input !== undefined) present.push(input);
        }
        // Together with others they would pass for shipped, and shippers tell by name that they are not.
        const since = unshippedIfCompactedBefore(this.#directory);
        const isUnshipped = ({ content, status }: Input): boolean =>
          !(content instanceof CheckedFile) && status.modified < since;
        for (const input of present) {
          const owner = compacted.find((file) => names(file, input));
          if (owner !== undefined) await this.#finish(connection, input, owner, summary);
          else if (!isUnshipped(input)) inputs.push(input);
        }
        for (const chunk of chunksOf(inputs)) {
          if (signal?.aborted) return;
          await this.#compact(connection, group, chunk, summary);
        }
      });
    } catch (error) {
      problems.add(path, 0, 0, reason(error).split("\n", 1)[0]!);
    }
  }

  /** Removes a file that an interrupted compaction had replaced. */
  async #finish(connection: DuckDBConnection, input: Input, owner: CompactedFile, summary: Summary): Promise<void> {
    const { files, path } = this.#directory;
    const status = unlessGone(() => files.status(owner.path));
    if (status?.identity !== owner.identity) return;
    const replacement = toInput(owner, status);
    if (!await isContained(connection, relationOfInputs([input]), relationOfInputs([replacement]))) {
      summary.problems.add(owner.path, 0, 0, `it names ${input.name}, and does not have all of its rows`);
      return;
    }
    summary.finished += this.#remove([input], replacement, summary.problems);
    files.syncDirectory(path);
  }

  /** Makes one file of some inputs. */
  async #compact(
    connection: DuckDBConnection,
    { channel, hour, access }: Group,
    inputs: readonly Input[],
    summary: Summary,
  ): Promise<void> {
    const { files, path } = this.#directory;
    const temporary = this.#directory.pathOf(COMPACTION_TEMPORARY);
    try {
      release(files.create(temporary, accessLike({ access })));
      const made = files.status(temporary)!;
      if (!mayReplace(made.access, access)) {
        throw new FileError("EPERM", "its files are another user's, who could not read what replaces them");
      }
      const segments = inputs.flatMap((input) => input.segments);
      const { rows } = await writeCompacted(connection, segmentRowsOf(inputs), temporary, channel, {
        inputs,
        segments,
      });
      const handle = files.open(temporary);
      try {
        handle.sync();
      } finally {
        release(handle);
      }
      const status = files.status(temporary)!;
      const sha256 = await digestOfFile(files, temporary, status.size);
      if (sha256 === undefined || status.identity !== made.identity) throw new FileError("EIO", "it was replaced");
      if (!inputs.every((input) => isUnchanged(files, input))) throw new FileError("EIO", "its files have changed");
      const shipped = shippedBefore(this.#directory);
      if (inputs.some(({ content, status }) => content instanceof CheckedFile && status.modified >= shipped)) {
        throw new FileError("EBUSY", "somebody has begun to ship them");
      }
      const name = compactedFileName(channel, hour, sha256);
      const target = this.#directory.pathOf(name);
      if (files.status(target) !== undefined) throw new FileError("EEXIST", `${name} exists already`);
      files.rename(temporary, target);
      files.syncDirectory(path);
      summary.add(inputs, rows, status.size);
      const replacement = { path: target, status };
      this.#remove(inputs, replacement, summary.problems);
      files.syncDirectory(path);
    } catch (error) {
      unlessGone(() => files.remove(temporary));
      const [why] = reason(error).split("\n", 1);
      summary.problems.add(path, 0, 0, `${inputs.length} of its files are left as they are: ${why}`);
    }
  }

  /** Removes inputs of a compacted file as long as that is there; returns how many were removed. */
  #remove(
    inputs: readonly Input[],
    { path, status }: Pick<Input, "path" | "status">,
    problems: Problems,
  ): number {
    const { files } = this.#directory;
    let removed = 0;
    for (const input of inputs) {
      if (files.status(path)?.identity !== status.identity) return removed;
      if (!isUnchanged(files, input)) continue;
      try {
        files.remove(input.path);
        removed++;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        // No reader counts it. The next compaction tries again.
        if (error.code !== "ENOENT") problems.add(input.path, 0, 0, `it was replaced, and stays: ${error.message}`);
      }
    }
    return removed;
  }
}

/** Counts what is done. */
class Summary {
  readonly problems = new Problems();
  finished = 0;
  readonly #young: number;
  #inputs = 0;
  #outputs = 0;
  #rows = 0;
  #before = 0;
  #after = 0;

  constructor(young: number) {
    this.#young = young;
  }

  add(inputs: readonly Input[], rows: number, bytes: number): void {
    this.#inputs += inputs.length;
    this.#outputs++;
    this.#rows += rows;
    this.#before += inputs.reduce((sum, { size }) => sum + size, 0);
    this.#after += bytes;
  }

  get result(): CompactionSummary {
    return {
      inputs: this.#inputs,
      outputs: this.#outputs,
      rows: this.#rows,
      bytesBefore: this.#before,
      bytesAfter: this.#after,
      finished: this.finished,
      young: this.#young,
      problems: this.problems.kept,
    };
  }
}

function keyOf({ channel, hour, access }: Group): string {
  return groupKey(channel, hour, access);
}

/** Permission bits of a group that may read and write. */
const GROUP_MODE = 0o060;

/**
 * Whether a file may take the place of others: those who could read and write them can do it with
 * that one, too.
 */
function mayReplace(made: Group["access"], { user, group, mode }: Group["access"]): boolean {
  const isShared = made.group === group && (mode & GROUP_MODE) === GROUP_MODE;
  return made.mode === accessLike({ access: { user, group, mode } }).mode && (made.user === user || isShared);
}

/** Runs an operation on a directory. It fails with a `KymoError` that names it. */
function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError("Cannot compact", path, error);
  }
}
