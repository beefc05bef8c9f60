/**
 * Finds each row of a monitoring directory once, and knows which were found when it goes on later, in
 * another process even.
 *
 * `LiveDirectory` of `kymo top` begins at the present, reads a part of the rows if there are many, and
 * remembers in memory what it has seen: right for a screen, and not for sums that must equal those of
 * all files. So this reads spools and files with the same parts, but by positions that can be stored:
 *
 * - The rows of a *segment* are the same in its spool and in its file, in the same order. What counts
 *   is how many of them were found, whoever flushed the segment, and whenever.
 * - Rows that are *appended* to a file that all share are read from there only, since they bear no
 *   number: by the first row of the file, which tells it from all others, whatever it is called
 *   (rotation renames it, `copytruncate` copies it), and by a byte. Its end is taken under the file's
 *   lock, when no writer is about to take a row back.
 *
 * @module
 */

import { isCsvName, readCsvName } from "../analysis/source/file_names.ts";
import { readRows } from "../analysis/live/read_rows.ts";
import { UnreadableFiles } from "../analysis/live/unreadable_files.ts";
import { HEADER_BYTES } from "../csv/encode.ts";
import { RowScanner } from "../csv/row_scanner.ts";
import { sha256Of } from "../digest.ts";
import { beginsWithHeader } from "../files/append_file.ts";
import { type MonitoringDirectory, release } from "../files/directory.ts";
import { FlushJournal } from "../files/flush_journal.ts";
import {
  appendFileName,
  parseCompactedFileName,
  parseProgramFileName,
  parseSegmentFileName,
  type PublishedName,
} from "../files/names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "../files/spool_reader.ts";
import { type FileHandle, readFully, type Runtime, unlessMissing } from "../runtime.ts";
import { labelsOf } from "../segment/observation.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, storedPerMeasured } from "../series.ts";
import type { KnownProgram, KnownPrograms } from "./programs.ts";

/** Who has recorded a row: the program if it is known, and the PID. */
export interface RowOrigin {
  readonly channel: string;
  readonly pid: number;
  readonly program: KnownProgram | undefined;
}

/** Receives a row: durations in s, the time in ns since 1970. */
export type RowTaker = (origin: RowOrigin, label: string, value: number, time: number) => void;

/** ms for which reading may hold the thread up. */
const SLICE = 10;

/** Bytes of a growing file that are read in one go. */
const STRETCH = 4 * 1024 * 1024;

/** Bytes in which the first row of a file must end. */
const HEAD_BYTES = 64 * 1024;

/** Attempts to take the lock of a growing file at a look, and ms between two. */
const LOCK_ATTEMPTS = 10;
const LOCK_PAUSE = 2;

/** ns after which the position in a file is forgotten that is not there any more. */
const MEMORY = 86_400 * NANOSECONDS_PER_SECOND;

/** What was read of a file that programs append to. */
interface AppendedFile {
  /** All before this byte was. */
  end: number;
  /** When it was last seen, ns since 1970. */
  seen: number;
}

/** What {@linkcode DirectoryRows} depends on. */
export interface DirectoryRowsDeps {
  readonly runtime: Pick<Runtime, "files" | "clock" | "timers">;
  readonly directory: MonitoringDirectory;
  readonly programs: KnownPrograms;
  readonly take: RowTaker;
}

/** The rows of a directory. */
export class DirectoryRows {
  /** Compacted files in the directory at the last look, by name. */
  readonly compacted: Set<string> = new Set();
  readonly #deps: DirectoryRowsDeps;
  readonly #appended = new Map<string, AppendedFile>();
  /** Files of segments of which all was found. */
  readonly #settled = new Map<string, KnownProgram>();
  /** By name: identity and first row of files that programs append to, as last read. */
  readonly #heads = new Map<string, { readonly identity: string; readonly head: string }>();
  readonly #scanner = new RowScanner();
  #unreadable = new UnreadableFiles();
  #foreign = 0;
  #sliceBegin = 0;

  constructor(deps: DirectoryRowsDeps) {
    this.#deps = deps;
  }

  /** How many files there are whose rows are not found, beside compacted ones. */
  get uncounted(): { readonly foreign: number; readonly unreadable: number } {
    return { foreign: this.#foreign, unreadable: this.#unreadable.all.length };
  }

  /**
   * Finds all rows that are there and were not found before.
   *
   * @throws {FileError} if the directory cannot be listed.
   */
  async look(): Promise<void> {
    const { runtime: { files, clock }, directory, programs } = this.#deps;
    this.#unreadable = new UnreadableFiles();
    this.#sliceBegin = clock.now();
    programs.begin();
    const names = await files.listBeside(directory.path);
    this.#forgetGone(names);
    const withSpools = await this.#readSpools();
    const appended: string[] = [];
    this.#foreign = 0;
    this.compacted.clear();
    for (const name of names) {
      const settled = this.#settled.get(name);
      if (settled !== undefined) {
        programs.seen(settled);
        continue;
      }
      const segment = parseSegmentFileName(name);
      const program = segment === undefined ? parseProgramFileName(name) : undefined;
      if (segment !== undefined) this.#readSegment(name, segment);
      else if (program !== undefined) this.#followProgram(programs.get(program), withSpools);
      else if (parseCompactedFileName(name) !== undefined) this.compacted.add(name);
      else if (isAppended(name)) appended.push(name);
      else if (isCsvName(name)) this.#foreign++;
      await this.#yieldIfDue();
    }
    // The newest name last: a file that is renamed meanwhile is read under its new name at the next look.
    for (const name of appended.sort().reverse()) await this.#readAppended(name);
    const now = Number(clock.epoch());
    for (const [head, { seen }] of this.#appended) if (now - seen > MEMORY) this.#appended.delete(head);
    programs.end(now);
  }

  /** What is known of a program changes while it lives, and once more when it has ended. */
  #followProgram(program: KnownProgram, withSpools: ReadonlySet<KnownProgram>): void {
    if (!program.hasEnded && !withSpools.has(program)) this.#deps.programs.readRecord(program);
  }

  #forgetGone(names: readonly string[]): void {
    if (this.#settled.size === 0 && this.#heads.size === 0) return;
    const there = new Set(names);
    for (const name of this.#settled.keys()) if (!there.has(name)) this.#settled.delete(name);
    for (const name of this.#heads.keys()) if (!there.has(name)) this.#heads.delete(name);
  }

  async #readSpools(): Promise<ReadonlySet<KnownProgram>> {
    const { directory, programs } = this.#deps;
    const owners = new Set<KnownProgram>();
    let spools: FoundSpool[] = [];
    try {
      spools = listSpools(directory).filter(({ name: { state } }) => state === "complete");
    } catch (error) {
      this.#unreadable.note(error, directory.spools);
    }
    for (const spool of spools) {
      const program = programs.get(spool.name.owner);
      owners.add(program);
      this.#readSpool(spool, program);
      await this.#yieldIfDue();
    }
    return owners;
  }

  #readSpool({ path, name: { owner } }: FoundSpool, program: KnownProgram): void {
    const { runtime: { files }, take } = this.#deps;
    try {
      const opened = SpoolReader.open(files, path, owner);
      if (!opened.ok) return;
      try {
        const header = opened.value.header();
        if (!header.ok || header.value.sequence === 0) return;
        if (FlushJournal.read(header.value).layout === "append") return;
        const position = program.position(owner.channel);
        if (header.value.count <= position.counted(header.value.sequence)) return;
        const read = opened.value.read((sequence) => position.counted(sequence));
        if (!read.ok) return;
        const { segment, first } = read.value;
        const { sequence, epochOffset, count, timepoints, values, labelIds } = segment;
        const labels = labelsOf(segment);
        const divisor = storedPerMeasured(segment.owner.kind);
        const zero = Number(epochOffset);
        const origin = { channel: owner.channel, pid: owner.pid, program };
        for (let row = 0; row < count; row++) {
          take(origin, labels[labelIds[row]!]!, values[row]! / divisor, zero + timepoints[row]!);
        }
        position.note(sequence, first + count);
      } finally {
        opened.value.close();
      }
    } catch (error) {
      this.#unreadable.note(error, path, owner);
    }
  }

  #readSegment(name: string, { owner, sequence }: PublishedName): void {
    const { runtime: { files }, directory, programs, take } = this.#deps;
    const program = programs.get(owner);
    const position = program.position(owner.channel);
    const counted = position.counted(sequence);
    if (counted === Infinity) {
      this.#settled.set(name, program);
      return;
    }
    const path = directory.pathOf(name);
    try {
      if (unlessMissing(() => files.status(path))?.kind !== "file") return;
      const handle = files.open(path, "read");
      try {
        const { size } = handle.status();
        const origin = { channel: owner.channel, pid: owner.pid, program };
        let rows = 0;
        const end = readRows(this.#scanner, handle, { from: 0, to: size }, (row) => {
          if (rows++ < counted) return;
          take(origin, row.label, row.measurement, row.seconds * NANOSECONDS_PER_SECOND + row.nanoseconds);
        });
        position.note(sequence, rows);
        // After a power cut a file may be torn; the rest then comes in another one of the same segment.
        if (end === size && size > 0) position.noteWhole(sequence);
        this.#settled.set(name, program);
      } finally {
        release(handle);
      }
    } catch (error) {
      this.#unreadable.note(error, path); // or it is gone
    }
  }

  async #readAppended(name: string): Promise<void> {
    const { runtime: { files, clock }, directory } = this.#deps;
    const path = directory.pathOf(name);
    try {
      const status = unlessMissing(() => files.status(path));
      if (status?.kind !== "file" || status.size <= HEADER_BYTES.length) return;
      const handle = files.open(path, "read");
      try {
        const head = await this.#headOf(name, handle);
        if (head === undefined) return;
        let file = this.#appended.get(head);
        if (file === undefined) this.#appended.set(head, file = { end: 0, seen: 0 });
        file.seen = Number(clock.epoch());
        if (handle.status().size <= file.end) return;
        const size = await this.#finalSize(path, handle);
        while (size !== undefined && file.end < size) {
          const end = this.#readStretch(name, handle, file.end, Math.min(size, file.end + STRETCH));
          if (end <= file.end) break; // what is there is no whole line
          file.end = end;
          await this.#yieldIfDue();
        }
      } finally {
        release(handle);
      }
    } catch (error) {
      this.#unreadable.note(error, path);
    }
  }

  #readStretch(name: string, handle: FileHandle, from: number, to: number): number {
    const { take, programs } = this.#deps;
    const { channel } = readCsvName(name);
    const origins = new Map<number, RowOrigin>();
    return readRows(this.#scanner, handle, { from, to }, (row) => {
      const { pid } = row;
      let origin = origins.get(pid);
      if (origin === undefined) origins.set(pid, origin = { channel, pid, program: programs.only(pid) });
      take(origin, row.label, row.measurement, row.seconds * NANOSECONDS_PER_SECOND + row.nanoseconds);
    });
  }

  /** A digest of the first row, which no other file has; `undefined` if the file is not Kymo's, or has none yet. */
  async #headOf(name: string, handle: FileHandle): Promise<string | undefined> {
    const { identity, size } = handle.status();
    const known = this.#heads.get(name);
    if (known?.identity === identity && this.#appended.get(known.head)?.end! <= size) return known.head;
    if (!beginsWithHeader(handle, size)) {
      this.#foreign++;
      return undefined;
    }
    const bytes = new Uint8Array(Math.min(HEAD_BYTES, size));
    const scanner = this.#scanner.restart(0).push(bytes.subarray(0, readFully(handle, bytes, 0)));
    for (let found = scanner.next(); found !== "end"; found = scanner.next()) {
      if (found !== "row") continue;
      const head = (await sha256Of(bytes.slice(0, scanner.end))).slice(0, 32);
      this.#heads.set(name, { identity, head });
      return head;
    }
    return undefined;
  }

  /**
   * The size of a file while no writer is within it; `undefined` if one always is. Where files cannot be
   * locked, it is the size.
   */
  async #finalSize(path: string, reader: FileHandle): Promise<number | undefined> {
    const { files, timers } = this.#deps.runtime;
    if (!files.locks) return reader.status().size;
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      const handle = files.open(path, "read");
      try {
        if (handle.status().identity !== reader.status().identity) return undefined; // it was renamed just now
        if (handle.tryLock!()) return handle.status().size;
      } finally {
        release(handle);
      }
      await timers.sleep(LOCK_PAUSE);
    }
    return undefined;
  }

  async #yieldIfDue(): Promise<void> {
    const { clock, timers } = this.#deps.runtime;
    if (clock.now() - this.#sliceBegin < SLICE * NANOSECONDS_PER_MS) return;
    await timers.sleep(0);
    this.#sliceBegin = clock.now();
  }

  /** As it is stored: the positions in files that programs append to. */
  get stored(): unknown {
    return Array.from(this.#appended, ([head, { end, seen }]) => [head, end, seen]);
  }

  /** Takes what was stored; `false` if it is none. */
  restore(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    for (const entry of value) {
      const [head, end, seen] = Array.isArray(entry) ? entry : [];
      if (typeof head !== "string" || !Number.isSafeInteger(end) || typeof seen !== "number") return false;
      this.#appended.set(head, { end, seen });
    }
    return true;
  }
}

/** Whether programs append to a file of this name, or did before it was rotated or renamed. */
function isAppended(name: string): boolean {
  if (!isCsvName(name) || /\.gz$/i.test(name)) return false;
  const { channel, segment, original } = readCsvName(name);
  return segment === undefined && original === appendFileName(channel);
}
