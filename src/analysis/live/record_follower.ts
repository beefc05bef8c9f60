import type { MonitoringDirectory } from "../../files/directory.ts";
import {
  channelKey,
  type ChannelOwner,
  parseAppendFileName,
  parseProgramFileName,
  parseSegmentFileName,
  type ProcessId,
  processKey,
  programFileName,
} from "../../files/names.ts";
import { type ProgramRecord, readProgramRecord } from "../../files/program_record.ts";
import { findRegularFile } from "../../files/regular_file.ts";
import { type Clock, unlessMissing } from "../../runtime.ts";
import type { UnreadableFiles } from "./unreadable_files.ts";

/** A monitoring directory may hold a million files: listing it may take this part of the time. */
const LISTING_SHARE = 0.02;

/** How long an end may be taken back, since the program has survived it, ns. */
const SURVIVAL = 60_000_000_000n;

interface FollowedRecord {
  readonly owner: ProcessId;
  /** The file that was read last, and its size; `undefined` before, and if it could not be examined. */
  identity?: string;
  record?: ProgramRecord;
  /** Why it cannot be read. */
  problem?: string;
}

/** Follows the program records of a monitoring directory: who records, and how each ended. */
export class RecordFollower {
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #followed = new Map<string, FollowedRecord>();
  readonly #published = new Map<string, number>();
  #listed = new Map<string, number>();
  #appended: Set<string> | undefined;
  #ofPid: Map<number, ProgramRecord[]> | undefined;
  #nextListing = -Infinity;

  /** Reads nothing yet. */
  constructor(directory: MonitoringDirectory, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** The record of a process; `undefined` if it has none that can be read. */
  get(owner: ProcessId): ProgramRecord | undefined {
    return this.#followed.get(processKey(owner))?.record;
  }

  /** All records. */
  get all(): ProgramRecord[] {
    return [...this.#followed.values()].flatMap(({ record }) => record ?? []);
  }

  /** The records of all programs with this PID, which repeats. */
  ofPid(pid: number): readonly ProgramRecord[] {
    this.#ofPid ??= Map.groupBy(this.all, (record) => record.pid);
    return this.#ofPid.get(pid) ?? [];
  }

  /**
   * The largest sequence number of the files that a channel had when the directory was first
   * listed; 0 if it had none.
   */
  publishedBefore(owner: ChannelOwner): number {
    return this.#published.get(channelKey(owner)) ?? 0;
  }

  /**
   * The largest sequence number of the files that a channel had when the directory was listed last; 0
   * if it had none.
   */
  publishedNow(owner: ChannelOwner): number {
    return this.#listed.get(channelKey(owner)) ?? 0;
  }

  /**
   * The channels that had a file to which all append when the directory was first listed;
   * `undefined` if it could not be.
   */
  get appendedBefore(): ReadonlySet<string> | undefined {
    return this.#appended;
  }

  /**
   * Reads new records, and those that were replaced. Finds the records of `holders` at once, and
   * others as soon as the directory is listed again. Notes those that cannot be read.
   */
  look(holders: Iterable<ProcessId>, unreadable: UnreadableFiles): void {
    for (const holder of holders) this.#follow(holder);
    if (this.#clock.now() >= this.#nextListing) this.#list(unreadable);
    for (const followed of this.#followed.values()) {
      if (this.#mayChange(followed.record)) this.#read(followed, unreadable);
      const { problem, owner } = followed;
      if (problem !== undefined) unreadable.add(this.#pathOf(owner), problem, owner);
    }
  }

  /** Nothing follows the end of a program, unless it has survived it. */
  #mayChange(record: ProgramRecord | undefined): boolean {
    return record?.end === undefined || this.#clock.epoch() - record.end.at < SURVIVAL;
  }

  #follow(owner: ProcessId): void {
    const key = processKey(owner);
    if (!this.#followed.has(key)) this.#followed.set(key, { owner });
  }

  #list(unreadable: UnreadableFiles): void {
    const { files, path } = this.#directory;
    const isFirst = this.#nextListing === -Infinity;
    const begin = this.#clock.now();
    try {
      this.#listed = new Map();
      const appended = new Set<string>();
      for (const name of unlessMissing(() => files.list(path)) ?? []) {
        const owner = parseProgramFileName(name);
        const channel = parseAppendFileName(name);
        if (owner !== undefined) this.#follow(owner);
        else if (channel !== undefined) appended.add(channel);
        else this.#notePublished(name);
      }
      if (isFirst) {
        for (const [key, sequence] of this.#listed) this.#published.set(key, sequence);
        this.#appended = appended;
      }
    } catch (error) {
      unreadable.note(error, path);
    }
    const end = this.#clock.now();
    this.#nextListing = end + (end - begin) / LISTING_SHARE;
  }

  #notePublished(name: string): void {
    const segment = parseSegmentFileName(name);
    if (segment === undefined) return;
    const key = channelKey(segment.owner);
    this.#listed.set(key, Math.max(segment.sequence, this.#listed.get(key) ?? 0));
  }

  #read(followed: FollowedRecord, unreadable: UnreadableFiles): void {
    const path = this.#pathOf(followed.owner);
    try {
      const found = findRegularFile(this.#directory.files, path);
      if (!found.ok) {
        if (found.kind === "not-a-file") followed.problem = found.reason;
        return;
      }
      // With its size: the file that replaces the replaced one may be given the number of the first.
      const { status } = found.value;
      const identity = `${status.identity} ${status.size}`;
      if (identity === followed.identity) return;
      followed.identity = identity;
      const read = readProgramRecord(this.#directory.files, path);
      if (!read.ok) {
        followed.problem = read.reason;
        return;
      }
      delete followed.problem;
      followed.record = read.value;
      this.#ofPid = undefined;
    } catch (error) {
      delete followed.identity;
      unreadable.note(error, path, followed.owner);
    }
  }

  #pathOf(owner: ProcessId): string {
    return this.#directory.pathOf(programFileName(owner));
  }
}
