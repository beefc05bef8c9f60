import { RowScanner } from "../../csv/row_scanner.ts";
import {
  FileError,
  type FileHandle,
  type FileStatus,
  readFully,
  type Runtime,
  unlessUnreadable,
} from "../../runtime.ts";
import { MonitoringDirectory, release } from "../../files/directory.ts";
import { type Answer, readAnswer, type RecordingState } from "../../control/answer_file.ts";
import { Byte } from "../../csv/dialect.ts";
import { pathOf } from "../../files/liveness.ts";
import { parseSwitchLabel, RecordingSwitch, switchLabel } from "../../recording_switch.ts";
import { appendFileName, channelKey, type ProcessId, processKey, segmentFileName } from "../../files/names.ts";
import { SpoolReader } from "../../files/spool_reader.ts";
import { AppendedFollower } from "./appended_follower.ts";
import { ChannelFollower, type Look, type UnreadFile } from "./channel_follower.ts";
import { RecordFollower } from "./record_follower.ts";
import { type SpooledSegment, spooledSegments } from "./spooled_segments.ts";
import { readRows } from "./read_rows.ts";
import { type RowSink, type RowSource, timeOf } from "./row_source.ts";
import { type UnreadableFile, UnreadableFiles } from "./unreadable_files.ts";
import { CHANNELS, NANOSECONDS_PER_SECOND, valueKindOf } from "../../series.ts";

/** Default limit of the bytes of CSV that are read in an interval. */
export const READ_LIMIT = 64 * 1024 * 1024;

/**
 * Looks after which a channel without spools is given up: its program has ended, or records in
 * heap memory.
 */
const PATIENCE = 60;

/**
 * Programs without spools whose files are followed, the newest first: of those that were killed
 * nobody wrote the end.
 */
const MAX_SPOOLLESS = 100;

/**
 * Bytes at the end of the file of the runtime to which all append that are searched for switches.
 */
const APPENDED_TAIL = 256 * 1024;

const NANOSECONDS = BigInt(NANOSECONDS_PER_SECOND);

/** What a look has found. */
export interface LookResult {
  /** Whether only a part of the rows was read; each stands for several then. */
  readonly sampled: boolean;
  /** Segments whose files were moved or deleted before they could be read. */
  readonly missed: number;
  /** Spools and published files that exist and could not be read. */
  readonly unreadable: readonly UnreadableFile[];
}

/**
 * Follows what running programs record into a monitoring directory, from outside: reads their
 * spools and published files, each row once, takes no locks and writes nothing. A program is
 * noticed if it runs for longer than the time between two looks.
 */
export class LiveDirectory {
  /** The zero of the times of rows, ns since 1970. */
  readonly base: bigint;
  /** The program records. */
  readonly records: RecordFollower;
  readonly #directory: MonitoringDirectory;
  readonly #baseSeconds: number;
  readonly #limit: number;
  readonly #channels = new Map<string, ChannelFollower>();
  readonly #appended = new Map<string, AppendedFollower>();
  /** The files to which all append as they were at the beginning, by channel. */
  readonly #before = new Map<string, FileStatus | undefined>();
  readonly #scanner = new RowScanner();
  #held: ReadonlyMap<string, readonly SpooledSegment[]> = new Map();
  #unreadable = new UnreadableFiles();

  /**
   * Attaches to a directory. What is in its spools now goes to `before`; looks find only what comes
   * later. A look reads at most `limit` bytes of CSV.
   */
  constructor({ files, clock }: Runtime, path: string, before: RowSink, limit: number = READ_LIMIT) {
    this.#directory = new MonitoringDirectory(files, files.resolve(path));
    this.base = clock.epoch() / NANOSECONDS * NANOSECONDS;
    this.#baseSeconds = Number(this.base / NANOSECONDS);
    this.#limit = limit;
    this.records = new RecordFollower(this.#directory, clock);
    // The spools are read after the names of the files, so that what is in neither comes later.
    this.records.look([], this.#unreadable);
    for (const channel of this.records.appendedBefore ?? []) {
      this.#before.set(channel, AppendedFollower.statusOf(this.#directory, channel));
    }
    // Files of other channels are followed once a spool of theirs is seen.
    for (const channel of Object.values(CHANNELS)) this.#follow(channel);
    const look = this.#look(before, [], () => {});
    const held = this.#findSpools();
    for (const [name, segments] of held) this.#channel(name, segments[0]!.owner).begin(segments, look);
    this.#noteHeld(held);
    this.#followSpoolless();
  }

  /**
   * The spools by process (see {@linkcode processKey}) that the last look, or the constructor, has
   * found.
   */
  get held(): ReadonlyMap<string, readonly SpooledSegment[]> {
    return this.#held;
  }

  /** Whether the owner of a spool is alive, by its lock; `undefined` if that cannot be told. */
  isLocked({ path }: SpooledSegment): boolean | undefined {
    return SpoolReader.isLocked(this.#directory.files, path);
  }

  /**
   * Whether a program that has no spools is alive, by its lock; `undefined` if that cannot be told.
   */
  isProgramLocked(owner: ProcessId): boolean | undefined {
    return SpoolReader.isLocked(this.#directory.files, pathOf(this.#directory, owner, "lock"));
  }

  /**
   * Whether a process has answered that it records, and why not; `undefined` if it has not
   * answered.
   */
  recordingOf(owner: ProcessId): RecordingState | undefined {
    return this.#answerOf(owner)?.recording;
  }

  #answerOf(owner: ProcessId): Answer | undefined {
    return unlessUnreadable(() => {
      const answer = readAnswer(this.#directory.files, pathOf(this.#directory, owner, "answer"));
      return answer.ok ? answer.value : undefined;
    });
  }

  /**
   * Gives `sink` the rows by which programs that may live were switched off and on before the
   * constructor was called, as far as they are in the last file of the runtime that each has
   * published, or near the end of the one that all append to. A program that is off records nothing
   * else, so that they are there, unless that file was compacted or deleted since: then the row is
   * given that it would have, as the program has answered.
   */
  readSwitches(sink: RowSink): void {
    const channel = CHANNELS.runtime;
    const living = [...this.#held.values()].map(([segment]) => segment!.owner as ProcessId);
    const processes = [...living, ...this.#spoolless()];
    for (const { pid, isolate } of processes) {
      const owner = { channel, pid, isolate, kind: valueKindOf(channel) };
      const sequence = this.records.publishedBefore(owner);
      const path = this.#directory.pathOf(segmentFileName({ owner, sequence }));
      if (sequence > 0) this.#readSwitchesIn(path, Infinity, () => owner, sink);
    }
    const sources = new Map<number, RowSource>();
    const sourceOf = (pid: number): RowSource => {
      const source = sources.get(pid) ?? { channel, pid, isolate: "", kind: valueKindOf(channel) };
      sources.set(pid, source);
      return source;
    };
    this.#readSwitchesIn(this.#directory.pathOf(appendFileName(channel)), APPENDED_TAIL, sourceOf, sink);
    for (const { pid, isolate } of processes) {
      const { recording, offSince } = this.#answerOf({ pid, isolate }) ?? {};
      if (recording?.on !== false || offSince === undefined) continue;
      const owner = { channel, pid, isolate, kind: valueKindOf(channel) };
      sink(owner, switchLabel({}), RecordingSwitch.off, Number(offSince - this.base), 0);
    }
  }

  /** Reads the rows that switch something in the last bytes of a file. */
  #readSwitchesIn(path: string, most: number, sourceOf: (pid: number) => RowSource, sink: RowSink): void {
    unlessUnreadable(() => {
      if (this.#directory.files.status(path)?.kind !== "file") return;
      const handle = this.#directory.files.open(path, "read");
      try {
        const { size } = handle.status();
        const from = size <= most ? 0 : lineAfter(handle, size - most);
        readRows(this.#scanner, handle, { from, to: size }, (row) => {
          if (parseSwitchLabel(row.label) === undefined) return;
          sink(sourceOf(row.pid), row.label, row.measurement, timeOf(row, this.#baseSeconds), 0);
        });
      } finally {
        release(handle);
      }
    });
  }

  /** Files that the last look, or the constructor, could not read. */
  get unreadable(): readonly UnreadableFile[] {
    return this.#unreadable.all;
  }

  /** Whether the directory exists; `true` also if that is unknown. */
  get exists(): boolean {
    const { files, path } = this.#directory;
    try {
      return files.status(path) !== undefined;
    } catch (error) {
      if (error instanceof FileError) return true;
      throw error;
    }
  }

  /** Gives `sink` all rows that were recorded since the last look. */
  look(sink: RowSink): LookResult {
    const unread: UnreadFile[] = [];
    let missed = 0;
    this.#unreadable = new UnreadableFiles();
    const look = this.#look(sink, unread, () => missed++);
    for (const appended of this.#appended.values()) appended.note();
    const held = this.#findSpools();
    for (const [name, [segment]] of held) this.#channel(name, segment!.owner);
    this.#followSpoolless();
    for (const [name, channel] of this.#channels) {
      if (channel.looksSince < PATIENCE || held.has(name)) {
        channel.follow(held.get(name) ?? [], look, this.records.publishedNow(channel.source));
      }
    }
    this.#noteHeld(held);
    const sampled = this.#read(unread, sink);
    return { sampled, missed, unreadable: this.unreadable };
  }

  /** Tells the followers of files which segments were in spools. */
  #noteHeld(held: ReadonlyMap<string, readonly SpooledSegment[]>): void {
    for (const [channel, appended] of this.#appended) {
      appended.looked(({ pid, isolate, sequence }) =>
        held.get(channelKey({ channel, pid, isolate }))?.find((segment) => segment.sequence === sequence)
      );
    }
  }

  /** The segments in spools now, by channel. Reads the records of their owners. */
  #findSpools(): Map<string, SpooledSegment[]> {
    let held = spooledSegments(this.#directory, this.#unreadable);
    const channels = [...held.values()].flat().filter(({ layout }) => layout === "append").map(({ owner }) =>
      owner.channel
    );
    const hasNewFiles = channels.filter((channel) => this.#follow(channel)).length > 0;
    // The size of a new file was noted just now, and spools must be read after that.
    if (hasNewFiles) held = spooledSegments(this.#directory, this.#unreadable);
    this.#held = Map.groupBy([...held.values()].flat(), ({ owner }) => processKey(owner));
    this.records.look([...this.#held.values()].map(([segment]) => segment!.owner), this.#unreadable);
    return held;
  }

  /**
   * Follows the file to which the segments of a channel are appended; `false` if it is followed
   * already.
   */
  #follow(channel: string): boolean {
    if (this.#appended.has(channel)) return false;
    const before = this.records.appendedBefore === undefined
      ? AppendedFollower.statusOf(this.#directory, channel)
      : this.#before.get(channel);
    this.#appended.set(channel, new AppendedFollower(this.#directory, channel, this.#baseSeconds, before));
    return true;
  }

  /** Follows the files of running programs that have no spools. */
  #followSpoolless(): void {
    for (const { pid, isolate } of this.#spoolless()) {
      for (const channel of Object.values(CHANNELS)) {
        const owner = { channel, pid, isolate, kind: valueKindOf(channel) };
        this.#channel(channelKey(owner), owner).looksSince = 0;
      }
    }
  }

  /** The programs that run and have no spools, the newest ones. */
  #spoolless(): ProcessId[] {
    const running = this.records.all.filter(({ end, options }) =>
      end === undefined && options.durability === "memory" && options.layout === "segments"
    );
    return running.sort((one, other) => one.started > other.started ? -1 : 1).slice(0, MAX_SPOOLLESS);
  }

  #channel(name: string, owner: RowSource): ChannelFollower {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel = new ChannelFollower(this.#directory, owner, this.base, this.records.publishedBefore(owner) + 1);
    this.#channels.set(name, channel);
    return channel;
  }

  #look(sink: RowSink, unread: UnreadFile[], missed: () => void): Look {
    return {
      sink,
      missed,
      file: (file) => void unread.push(file),
      seen: (source, rows) => this.#appended.get(source.channel)?.leaveOut(source, rows),
    };
  }

  /** Reads files up to the limit; returns whether a part was left out. */
  #read(files: readonly UnreadFile[], sink: RowSink): boolean {
    const appended = [...this.#appended.values()];
    const total = sum(files, ({ size }) => size) + sum(appended, ({ unread }) => unread);
    const part = Math.min(1, this.#limit / total);
    for (const file of appended) {
      file.read(part < 1 ? Math.floor(file.unread * part) : Infinity, sink, this.#unreadable);
    }
    for (const ofChannel of Map.groupBy(files, ({ source }) => source).values()) {
      const chosen = part < 1 ? choose(ofChannel, part) : ofChannel;
      const weight = sum(ofChannel, ({ size }) => size) / sum(chosen, ({ size }) => size);
      for (const file of chosen) this.#readFile(file, weight, sink);
    }
    return part < 1;
  }

  #readFile({ path, size, source, skip, seen }: UnreadFile, weight: number, sink: RowSink): void {
    try {
      const handle = this.#directory.files.open(path, "read");
      let rows = 0;
      try {
        readRows(this.#scanner, handle, { from: 0, to: size }, (row) => {
          if (rows++ < skip) return;
          const time = timeOf(row, this.#baseSeconds);
          if (seen?.take(row.label, row.measurement, time) === true) return;
          sink(source, row.label, row.measurement, time, weight);
        });
      } finally {
        release(handle);
      }
    } catch (error) {
      this.#unreadable.note(error, path); // or it was moved or deleted
    }
  }
}

/** The byte after the first line feed at or after a byte of a file. */
function lineAfter(file: FileHandle, from: number): number {
  const bytes = new Uint8Array(1024);
  const read = bytes.subarray(0, readFully(file, bytes, from));
  const lineFeed = read.indexOf(Byte.lf);
  return from + (lineFeed < 0 ? read.length : lineFeed + 1);
}

/** A part of several things, evenly spread, and at least one. */
function choose<Thing>(things: readonly Thing[], part: number): Thing[] {
  const chosen = things.filter((_, i) => Math.floor((i + 1) * part) > Math.floor(i * part));
  return chosen.length > 0 ? chosen : things.slice(-1);
}

function sum<Thing>(things: readonly Thing[], of: (thing: Thing) => number): number {
  return things.reduce((total, thing) => total + of(thing), 0);
}
