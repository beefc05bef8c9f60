/**
 * Which files of a monitoring directory are Kymo's, what they take, and which of them may be removed
 * first.
 *
 * | file                                       | counts | may be removed                                    |
 * | ------------------------------------------ | ------ | ------------------------------------------------- |
 * | segment                                    | yes    | yes, unless it is to be shipped yet               |
 * | profile, compacted file                    | yes    | yes                                               |
 * | file that is appended to                   | yes    | no; once it is rotated as a segment, but see `#noteAppending` |
 * | program record                             | yes    | if nothing is left of a program, and it is dead   |
 * | spool                                      | yes    | no: recovery publishes those of the dead          |
 * | spool that recovery set aside (`.damaged`) | yes    | yes: it was reported, and nobody can read the rest |
 * | temporary file, control, answer, ledger    | yes    | no                                                |
 * | any other name, directory, link            | no     | no                                                |
 *
 * **The order** is that of the last rows, as far as it is known without reading the files: a file was
 * changed last after its last row, so its modification time is a bound; a compacted file's name has
 * the hour of its last row; and no row of a program is later than its end, which its record has. The
 * latter orders the rows that a recovery publishes long after their program was killed.
 *
 * **What a shipper still needs** stays: files that were changed last after the mark of a target (see
 * `shipped_mark.ts`).
 *
 * @module
 */

import { beginsWithHeader } from "../../files/append_file.ts";
import { diskBytes, type MonitoringDirectory, release, unlessGone } from "../../files/directory.ts";
import { appendingIdentity } from "../../files/interrupted_flush.ts";
import {
  CONTROL_FILE,
  isTemporaryName,
  parseAppendFileName,
  parseCompactedFileName,
  parseHeapProfileFileName,
  parseProfileFileName,
  parseProgramFileName,
  parseProgramsFileName,
  parseRotatedFileName,
  parseSegmentFileName,
  parseSpoolFileName,
  processKey,
  type PublishedName,
  RETENTION_LEDGER,
  SPOOLS_DIRECTORY,
} from "../../files/names.ts";
import { countedBefore } from "./counted_mark.ts";
import { shippedBefore } from "./shipped_mark.ts";
import { readProgramRecord } from "../../files/program_record.ts";
import { type FoundSpool, listSpools } from "../../files/spool_reader.ts";
import { outerTimepoints } from "../../csv/outer_rows.ts";
import { FileError, type FileStatus } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import type { Removable } from "./ledger.ts";

const HOUR = 3_600_000;

/** ms after its end for which a program record stays: a program may survive what looks like its end. */
const SURVIVAL = 60_000;

/** Names that are looked through at once. */
const NAMES_AT_ONCE = 500;

/** A file that programs append to. */
export interface GrowingFile {
  readonly channel: string;
  readonly size: number;
  /** ms since 1970 of its first row; `undefined` if it has none, or none that can be read. */
  readonly first: number | undefined;
}

/** When a program began, and when it ended if that is known, ms since 1970. */
interface Life {
  readonly started: number;
  readonly at: number | undefined;
}

/** How a directory is counted. */
export interface CountOptions {
  /** ms since 1970 now. */
  readonly now: number;
  /** ms for which files are kept. */
  readonly maxAge: number | undefined;
  /** How many of the oldest files are listed. */
  readonly most: number;
  /** Whether files may be removed that are not shipped yet, or not counted. */
  readonly dropsUnshipped?: boolean | undefined;
}

/** Whether retention may remove a file of this name, if it is beyond the limits. */
export function isRemovableName(name: string): boolean {
  const inSpools = spoolOf(name);
  if (inSpools !== undefined) return inSpools.state === "damaged";
  return publishedBy(name) !== undefined || parseCompactedFileName(name) !== undefined ||
    parseRotatedFileName(name) !== undefined ||
    parseProgramFileName(name) !== undefined;
}

/** The parts of the name of a file that one program publishes. */
function publishedBy(name: string): PublishedName | undefined {
  return parseSegmentFileName(name) ?? parseProfileFileName(name) ?? parseHeapProfileFileName(name);
}

function spoolOf(name: string): FoundSpool["name"] | undefined {
  const start = `${SPOOLS_DIRECTORY}/`;
  return name.startsWith(start) ? parseSpoolFileName(name.slice(start.length)) : undefined;
}

/** A count of a monitoring directory. Files that others remove meanwhile do not count. */
export class DirectoryCount {
  /** Bytes that the files take on the disk. */
  bytes = 0;
  /** How many there are. */
  files = 0;
  /** Whether there are more that may be removed than are listed. */
  isCut = false;
  /** Bytes of files that stay only because they are not shipped yet, or not counted by `kymo serve`. */
  unshipped = 0;
  /** The files that programs append to. */
  readonly growing: GrowingFile[] = [];
  readonly #directory: MonitoringDirectory;
  readonly #options: CountOptions;
  #oldest: Removable[] = [];
  /** Files that are later are not listed. */
  #latest = Infinity;
  /** When programs began and ended, by their keys. */
  readonly #lives = new Map<string, Life>();
  /** Files that were changed last from this time on are to be shipped or counted yet, ms since 1970. */
  readonly #usedBefore: number;
  /** Programs of which files are left. */
  readonly #left = new Set<string>();
  /** Identities of files that dead programs may have been appending to. */
  readonly #appending = new Set<string>();
  /** The time of the latest file that holds rows of several programs. */
  #latestShared = -Infinity;

  /** Does nothing before {@linkcode DirectoryCount.run}. */
  constructor(directory: MonitoringDirectory, options: CountOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#usedBefore = options.dropsUnshipped
      ? Infinity
      : Math.min(shippedBefore(directory), countedBefore(directory, options.now));
  }

  /** The oldest files that may be removed, the oldest first. */
  get oldest(): readonly Removable[] {
    return this.#oldest;
  }

  /**
   * Looks at the files of these names, and at the spools. Yields after each.
   *
   * @throws {FileError} if the disk fails.
   */
  *run(names: readonly string[]): Generator<void, void> {
    yield* this.#countSpools();
    yield* this.#countPrograms();
    const records: string[] = [];
    for (let i = 0; i < names.length; i++) {
      if (parseProgramFileName(names[i]!) !== undefined) records.push(names[i]!);
      if (i % NAMES_AT_ONCE === 0) yield;
    }
    for (const name of records) {
      this.#readEnd(name);
      yield;
    }
    for (let i = 0; i < names.length; i++) {
      if (parseProgramFileName(names[i]!) !== undefined) continue;
      if (this.#count(names[i]!) || i % NAMES_AT_ONCE === 0) yield;
    }
    for (const name of records) {
      this.#countRecord(name);
      yield;
    }
    this.#cut();
  }

  *#countSpools(): Generator<void, void> {
    for (const found of listSpools(this.#directory)) {
      const { name, path } = found;
      const status = this.#regular(path);
      if (status === undefined) continue;
      this.#left.add(processKey(name.owner));
      if (name.state === "damaged") this.#add(this.#nameOf(path), status, status.modified);
      else if (name.state === "complete") this.#noteAppending(found);
      yield;
    }
  }

  /** Answers to control, and locks of programs without spools, which are removed when these end. */
  *#countPrograms(): Generator<void, void> {
    const { files, programs } = this.#directory;
    for (const name of unlessGone(() => files.list(programs)) ?? []) {
      const parts = parseProgramsFileName(name);
      if (parts === undefined) continue;
      this.#left.add(processKey(parts.owner));
      this.#regular(`${programs}/${name}`);
      yield;
    }
  }

  /** Recovery may have to look into a file while a flush journal names it, and never does later. */
  #noteAppending(found: FoundSpool): void {
    const identity = appendingIdentity(this.#directory, found);
    if (identity !== undefined) this.#appending.add(identity);
  }

  #readEnd(name: string): void {
    const record = unlessRefused(() => readProgramRecord(this.#directory.files, this.#directory.pathOf(name)));
    if (record?.ok !== true) return;
    const { started, end } = record.value;
    this.#lives.set(processKey(record.value), { started: toMs(started), at: end && toMs(end.at) });
  }

  /** `false` if the file is not of Kymo. */
  #count(name: string): boolean {
    const path = this.#directory.pathOf(name);
    const published = publishedBy(name);
    if (published !== undefined) {
      const status = this.#regular(path);
      const key = processKey(published.owner);
      this.#left.add(key);
      if (status !== undefined) {
        const time = Math.min(status.modified, this.#lives.get(key)?.at ?? Infinity);
        if (parseSegmentFileName(name) === undefined || this.#isShipped(status)) this.#add(name, status, time);
      }
      return true;
    }
    const compacted = parseCompactedFileName(name);
    const rotated = parseRotatedFileName(name);
    if (compacted !== undefined || rotated !== undefined) {
      const status = this.#regular(path);
      if (status === undefined) return true;
      const time = Math.min(status.modified, compacted === undefined ? rotated!.time : compacted.hour + HOUR);
      this.#latestShared = Math.max(this.#latestShared, time);
      const isFree = compacted !== undefined || !this.#appending.has(status.identity) && this.#isShipped(status);
      if (isFree) this.#add(name, status, time);
      return true;
    }
    if (isTemporaryName(name) || name === RETENTION_LEDGER || name === CONTROL_FILE) {
      this.#regular(path);
      return true;
    }
    const channel = parseAppendFileName(name);
    if (channel !== undefined) this.#countGrowing(path, channel);
    return channel !== undefined;
  }

  /** Other programs may have files of such names, so the content decides. */
  #countGrowing(path: string, channel: string): void {
    const { files } = this.#directory;
    if (files.status(path)?.kind !== "file") return;
    const handle = unlessRefused(() => files.open(path, "read"));
    if (handle === undefined) return;
    try {
      const { size } = handle.status();
      if (!beginsWithHeader(handle, size)) return;
      this.#regular(path);
      const first = outerTimepoints(handle)?.first;
      if (first !== undefined) this.#latestShared = Infinity;
      this.growing.push({ channel, size, first: first === undefined ? undefined : toMs(first) });
    } finally {
      release(handle);
    }
  }

  #countRecord(name: string): void {
    const path = this.#directory.pathOf(name);
    const status = this.#regular(path);
    const key = processKey(parseProgramFileName(name)!);
    const life = this.#lives.get(key);
    if (status === undefined || life === undefined || this.#left.has(key)) return;
    const { maxAge = Infinity, now } = this.#options;
    // A program whose end nobody saw has no spool and no lock; it may be one that could make neither.
    const at = life.at ?? (status.modified + maxAge < now ? status.modified : undefined);
    if (at !== undefined && this.#isForgotten(life.started, at)) this.#add(name, status, at);
  }

  /** Whether no rows of a program are left in files that several programs share. */
  #isForgotten(started: number, at: number): boolean {
    const { now, maxAge } = this.#options;
    if (at + SURVIVAL > now) return false;
    // A shared file holds up to a quarter more than maxAge.
    return started > this.#latestShared || maxAge !== undefined && at + 2 * maxAge < now;
  }

  #isShipped({ modified, size }: FileStatus): boolean {
    const isShipped = modified < this.#usedBefore;
    if (!isShipped) this.unshipped += diskBytes(size);
    return isShipped;
  }

  /** Counts a file; `undefined` if it is not a regular one, or gone. */
  #regular(path: string): FileStatus | undefined {
    const status = this.#directory.files.status(path);
    if (status?.kind !== "file") return undefined;
    this.bytes += diskBytes(status.size);
    this.files++;
    return status;
  }

  /** Lists a file that may be removed. */
  #add(name: string, { size }: FileStatus, time: number): void {
    if (time > this.#latest) {
      this.isCut = true;
      return;
    }
    this.#oldest.push({ name, size: diskBytes(size), time });
    if (this.#oldest.length >= 2 * this.#options.most) this.#cut();
  }

  #cut(): void {
    const { most } = this.#options;
    this.#oldest.sort((one, other) => one.time - other.time);
    if (this.#oldest.length <= most) return;
    this.isCut = true;
    this.#oldest.length = most;
    this.#latest = this.#oldest.at(-1)!.time;
  }

  #nameOf(path: string): string {
    return path.slice(this.#directory.path.length + 1);
  }
}

function toMs(nanoseconds: bigint): number {
  return Number(nanoseconds / BigInt(NANOSECONDS_PER_MS));
}

/** What this user may not read is counted only by its size. */
function unlessRefused<T>(operation: () => T): T | undefined {
  try {
    return unlessGone(operation);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
