import type { Runtime } from "../../runtime.ts";
import { type Found, LiveDirectory } from "./live_directory.ts";
import { type LiveProcess, ProcessFollower } from "./live_processes.ts";
import { type LiveSeries, LiveSeriesTable } from "./live_series.ts";
import { processName } from "./process_names.ts";
import type { RowSource } from "./rows.ts";
import type { UnreadableFile } from "./unreadable_files.ts";
import { CHANNELS } from "../../series.ts";

/** What is looked at, and how. */
export interface LiveViewOptions {
  /** Whether a series is of interest; all are by default. */
  readonly wantsLabel?: (label: string) => boolean;
  /** The processes of interest; all by default. */
  readonly pids?: readonly number[];
  /** Whether to tell series of several processes apart. */
  readonly byPid?: boolean;
  /** Bytes of CSV that are read at a time at most. */
  readonly limit?: number;
}

/** What running programs did in an interval. */
export interface LiveInterval {
  /** Epoch time of its end, ms. */
  readonly time: number;
  /** How long it was, s. */
  readonly seconds: number;
  readonly processes: readonly LiveProcess[];
  /** Durations and quantities; those of the runtime are told with the processes. */
  readonly series: readonly LiveSeriesWithHistory[];
  /** Whether there was too much to read all of it, so that figures are estimates. */
  readonly sampled: boolean;
  /** Segments whose files were taken away before they were read: their rows are missing. */
  readonly missed: number;
  /** Files of the processes of interest that are there and could not be read. */
  readonly unreadable: readonly UnreadableFile[];
  /** What is recorded, but not of interest: processes, and rows of durations and quantities of the interval. */
  readonly others: { readonly processes: number; readonly rows: number };
  /** Whether the monitoring directory is there. */
  readonly exists: boolean;
}

/** A series, and the p99 of its last intervals, the latest last. */
export interface LiveSeriesWithHistory extends LiveSeries {
  readonly history: readonly (number | null)[];
}

/** For how long a process that has ended is told of, s. */
const FAREWELL = 5;

const NANOSECONDS = 1e9;
const NANOSECONDS_PER_MS = 1_000_000n;

/** Follows running programs through a monitoring directory, and tells interval by interval what they do. */
export class LiveView {
  readonly #runtime: Runtime;
  readonly #options: LiveViewOptions;
  readonly #directory: LiveDirectory;
  readonly #processes = new Map<number, ProcessFollower>();
  readonly #names = new Map<number, string>();
  readonly #table: LiveSeriesTable;
  #begin: number;

  /** Attaches to a directory, which need not be there yet; the first interval begins. */
  constructor(runtime: Runtime, path: string, options: LiveViewOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#table = new LiveSeriesTable(options.byPid ?? false);
    this.#begin = runtime.clock.now();
    // What was recorded before tells how the processes are, but belongs to no interval.
    const before = (source: RowSource, label: string, value: number, time: number): void =>
      this.#follower(source.pid).add(source, label, value, time, 0);
    this.#directory = new LiveDirectory(runtime, path, before, options.limit);
  }

  /** What is known before the first interval has ended. */
  known(): LiveInterval {
    const { holders, unreadable } = this.#directory;
    return this.#interval(1, { sampled: false, missed: 0, holders, unreadable }, [], 0);
  }

  /** Ends the interval, and begins the next. */
  endInterval(): LiveInterval {
    const { clock } = this.#runtime;
    const { wantsLabel = () => true } = this.#options;
    let otherRows = 0;
    const found = this.#directory.look((source, label, value, time, weight) => {
      this.#follower(source.pid).add(source, label, value, time, weight);
      if (source.channel === CHANNELS.runtime) return;
      if (this.#wantsPid(source.pid) && wantsLabel(label)) this.#table.add(source, label, value, weight);
      else otherRows += weight;
    });
    const now = clock.now();
    const seconds = (now - this.#begin) / NANOSECONDS;
    this.#begin = now;
    const series = this.#table.endInterval(seconds).map(({ series, history }) => ({ ...series, history }));
    return this.#interval(seconds, found, series, Math.round(otherRows));
  }

  #interval(
    seconds: number,
    { sampled, missed, holders, unreadable }: Found,
    series: readonly LiveSeriesWithHistory[],
    otherRows: number,
  ): LiveInterval {
    const all = this.#endProcesses(seconds, holders);
    const isOther = ({ pid, state }: LiveProcess): boolean =>
      !this.#wantsPid(pid) && (state === "running" || state === "silent");
    return {
      time: this.#time,
      seconds,
      processes: all.filter(({ pid }) => this.#wantsPid(pid)),
      series,
      sampled,
      missed,
      unreadable: unreadable.filter(({ pid }) => pid === undefined || this.#wantsPid(pid)),
      others: { processes: all.filter(isOther).length, rows: otherRows },
      exists: this.#directory.exists,
    };
  }

  get #time(): number {
    return Number(this.#runtime.clock.epoch() / NANOSECONDS_PER_MS);
  }

  #endProcesses(seconds: number, holders: ReadonlySet<number>): LiveProcess[] {
    const now = Number(this.#runtime.clock.epoch() - this.#directory.base);
    const processes: LiveProcess[] = [];
    for (const pid of holders) this.#follower(pid);
    for (const [pid, follower] of this.#processes) {
      const state = this.#state(pid, follower, holders);
      const age = Math.max(0, (now - follower.lastTime) / NANOSECONDS);
      const told = follower.endInterval(seconds);
      if (state === "ended" && age > FAREWELL) {
        this.#processes.delete(pid);
        this.#names.delete(pid);
      } else {
        const name = this.#names.get(pid);
        processes.push({
          pid,
          ...name === undefined ? {} : { name },
          state,
          ...Number.isFinite(age) ? { age } : {},
          ...told,
        });
      }
    }
    return processes.sort((one, other) => one.pid - other.pid);
  }

  #state(pid: number, { isHeard }: ProcessFollower, holders: ReadonlySet<number>): LiveProcess["state"] {
    if (!holders.has(pid) && !isHeard) return "ended";
    if (isHeard && this.#names.has(pid)) return "running";
    const found = processName(this.#runtime.files, pid);
    if (typeof found === "object") this.#names.set(pid, found.name);
    if (isHeard) return "running";
    return found === "gone" ? "dead" : "silent";
  }

  #follower(pid: number): ProcessFollower {
    const known = this.#processes.get(pid);
    if (known !== undefined) return known;
    const follower = new ProcessFollower();
    this.#processes.set(pid, follower);
    return follower;
  }

  #wantsPid(pid: number): boolean {
    return this.#options.pids?.includes(pid) ?? true;
  }
}
