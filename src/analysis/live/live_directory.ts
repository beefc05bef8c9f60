import { RowScanner } from "../../csv/row_scanner.ts";
import { FileError, type Runtime } from "../../runtime.ts";
import { MonitoringDirectory, release } from "../../files/directory.ts";
import { channelKey } from "../../files/names.ts";
import { AppendedFollower } from "./appended_follower.ts";
import { ChannelFollower, type Look, type UnreadFile } from "./channel_follower.ts";
import { type HeldSegment, heldSegments } from "./held_segments.ts";
import { readRows } from "./read_rows.ts";
import type { RowSink } from "./rows.ts";
import { type UnreadableFile, UnreadableFiles } from "./unreadable_files.ts";
import { CHANNELS } from "../../series.ts";

/** Bytes of CSV that are read at a time, as a rule. */
export const READ_LIMIT = 64 * 1024 * 1024;

/** For how many looks a channel without spools is looked for: its program has ended, or records in private memory. */
const PATIENCE = 60;

const NANOSECONDS = 1_000_000_000n;

/** What was found at a look. */
export interface Found {
  /** Whether rows were left unread, and others stand for them. */
  readonly sampled: boolean;
  /** Segments that somebody took away before they could be read. */
  readonly missed: number;
  /** Processes that have spools. */
  readonly holders: ReadonlySet<number>;
  /** Files that are there and could not be read: spools, and what is published. */
  readonly unreadable: readonly UnreadableFile[];
}

/**
 * Follows what running programs record into a monitoring directory, from outside: reads their spools and what they publish, row by row once, takes no
 * lock and writes nothing. What a program records and publishes between its first moment and its last is seen if that is longer than the time
 * between two looks.
 */
export class LiveDirectory {
  /** The epoch time from which times are counted, ns. */
  readonly base: bigint;
  readonly #directory: MonitoringDirectory;
  readonly #baseSeconds: number;
  readonly #limit: number;
  readonly #channels = new Map<string, ChannelFollower>();
  readonly #appended = new Map<string, AppendedFollower>();
  readonly #scanner = new RowScanner();
  #holders: ReadonlySet<number> = new Set();
  #unreadable = new UnreadableFiles();

  /** Attaches to a directory: what is in its spools goes to `before`, and only what comes later is found. At most `limit` bytes of CSV are read at a time. */
  constructor({ files, clock }: Runtime, path: string, before: RowSink, limit: number = READ_LIMIT) {
    this.#directory = new MonitoringDirectory(files, files.resolve(path));
    this.base = clock.epoch() / NANOSECONDS * NANOSECONDS;
    this.#baseSeconds = Number(this.base / NANOSECONDS);
    this.#limit = limit;
    // Those of other channels are followed once a program with a spool for them is seen.
    for (const channel of Object.values(CHANNELS)) this.#follow(channel);
    const look = this.#look(before, [], () => {});
    for (const [name, segments] of this.#held()) this.#channel(name, segments).begin(segments, look);
  }

  /** Processes that have spools. */
  get holders(): ReadonlySet<number> {
    return this.#holders;
  }

  /** Files that could not be read at the last look, or when attaching. */
  get unreadable(): readonly UnreadableFile[] {
    return this.#unreadable.all;
  }

  /** Whether the directory is there; also `true` if that cannot be told. */
  get exists(): boolean {
    const { files, path } = this.#directory;
    try {
      return files.status(path) !== undefined;
    } catch (error) {
      if (error instanceof FileError) return true;
      throw error;
    }
  }

  /** Gives all rows that were recorded since the last look to `sink`. */
  look(sink: RowSink): Found {
    const unread: UnreadFile[] = [];
    let missed = 0;
    this.#unreadable = new UnreadableFiles();
    const look = this.#look(sink, unread, () => missed++);
    for (const appended of this.#appended.values()) appended.note();
    const held = this.#held();
    for (const [name, segments] of held) this.#channel(name, segments);
    for (const [name, channel] of this.#channels) {
      if (channel.looksSince < PATIENCE || held.has(name)) channel.follow(held.get(name) ?? [], look);
    }
    for (const [channel, appended] of this.#appended) {
      appended.looked(({ pid, isolate, sequence }) =>
        held.get(channelKey({ channel, pid, isolate }))?.some((segment) => segment.sequence === sequence) === true
      );
    }
    const sampled = this.#read(unread, sink);
    return { sampled, missed, holders: this.#holders, unreadable: this.unreadable };
  }

  /** What is in the spools now. */
  #held(): Map<string, HeldSegment[]> {
    let held = heldSegments(this.#directory, this.#unreadable);
    const channels = [...held.values()].flat().filter(({ layout }) => layout === "append").map(({ owner }) =>
      owner.channel
    );
    const isNews = channels.filter((channel) => this.#follow(channel)).length > 0;
    if (isNews) held = heldSegments(this.#directory, this.#unreadable); // only what is seen after the size of a file was noted goes together with it
    this.#holders = new Set([...held.values()].flat().map(({ owner }) => owner.pid));
    return held;
  }

  /** Follows the file that segments with a channel are appended to; `false` if it does so already. */
  #follow(channel: string): boolean {
    if (this.#appended.has(channel)) return false;
    this.#appended.set(channel, new AppendedFollower(this.#directory, channel, this.#baseSeconds));
    return true;
  }

  #channel(name: string, [segment]: readonly HeldSegment[]): ChannelFollower {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel = new ChannelFollower(this.#directory, segment!.owner, this.base);
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

  /** Reads files, as far as the limit allows; returns whether that was not all. */
  #read(files: readonly UnreadFile[], sink: RowSink): boolean {
    const appended = [...this.#appended.values()];
    const total = sum(files, ({ size }) => size) + sum(appended, ({ unread }) => unread);
    const part = Math.min(1, this.#limit / total);
    for (const file of appended) {
      file.read(part < 1 ? Math.floor(file.unread * part) : Infinity, sink, this.#unreadable);
    }
    for (const ofBucket of Map.groupBy(files, ({ source }) => source).values()) {
      const chosen = part < 1 ? choose(ofBucket, part) : ofBucket;
      const weight = sum(ofBucket, ({ size }) => size) / sum(chosen, ({ size }) => size);
      for (const file of chosen) this.#readFile(file, weight, sink);
    }
    return part < 1;
  }

  #readFile({ path, size, source, skip, seen }: UnreadFile, weight: number, sink: RowSink): void {
    try {
      const handle = this.#directory.files.open(path, "read");
      let row = 0;
      try {
        readRows(this.#scanner, handle, { from: 0, to: size }, ({ seconds, nanoseconds, label, measurement }) => {
          if (row++ < skip) return;
          const time = (seconds - this.#baseSeconds) * 1e9 + nanoseconds;
          if (seen === undefined || !seen.take(time)) sink(source, label, measurement, time, weight);
        });
      } finally {
        release(handle);
      }
    } catch (error) {
      this.#unreadable.note(error, path); // or somebody has taken it away
    }
  }
}

/** Some of several things, evenly spread; one at least. */
function choose<Thing>(things: readonly Thing[], part: number): Thing[] {
  const chosen = things.filter((_, i) => Math.floor((i + 1) * part) > Math.floor(i * part));
  return chosen.length > 0 ? chosen : things.slice(-1);
}

function sum<Thing>(things: readonly Thing[], of: (thing: Thing) => number): number {
  return things.reduce((total, thing) => total + of(thing), 0);
}
