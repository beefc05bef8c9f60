import type { Runtime } from "../../runtime.ts";
import { LiveDirectory, type LookResult } from "./live_directory.ts";
import { type LiveProcess, ProcessFollower } from "./live_processes.ts";
import { type LiveSeries, LiveSeriesTable } from "./live_series.ts";
import { processName } from "./process_name.ts";
import type { RowSource } from "./row_source.ts";
import type { UnreadableFile } from "./unreadable_files.ts";
import { CHANNELS, NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../series.ts";

/** Options of a live view. */
export interface LiveViewOptions {
  /**
   * Tells whether a label is of interest.
   *
   * @default all are
   */
  readonly wantsLabel?: (label: string) => boolean;
  /**
   * The processes of interest.
   *
   * @default all
   */
  readonly pids?: readonly number[];
  /**
   * Whether to keep series of several processes apart.
   *
   * @default false
   */
  readonly byPid?: boolean;
  /** Limit of the bytes of CSV that are read in an interval. */
  readonly limit?: number;
}

/** What running programs recorded in an interval. */
export interface LiveInterval {
  /** Its end, ms since 1970. */
  readonly time: number;
  /** Its length, s. */
  readonly seconds: number;
  readonly processes: readonly LiveProcess[];
  /**
   * Series of durations and of the programs' own numbers. Those of the runtime are in `processes`.
   */
  readonly series: readonly LiveSeriesWithHistory[];
  /** Whether there was too much to read all of it. Then figures are estimates. */
  readonly sampled: boolean;
  /** Segments whose files were moved or deleted before they were read: their rows are missing. */
  readonly missed: number;
  /** Files of the processes of interest that exist and could not be read. */
  readonly unreadable: readonly UnreadableFile[];
  /**
   * Processes and rows of the interval that the options exclude; rows of the runtime do not count.
   */
  readonly others: { readonly processes: number; readonly rows: number };
  /** Whether the monitoring directory exists. */
  readonly exists: boolean;
}

/** A series, and the p99 of its last intervals, oldest first. */
export interface LiveSeriesWithHistory extends LiveSeries {
  readonly history: readonly (number | null)[];
}

/** Seconds an ended process stays listed. */
const ENDED_SECONDS = 5;

/** Follows running programs through a monitoring directory, interval by interval. */
export class LiveView {
  readonly #runtime: Runtime;
  readonly #options: LiveViewOptions;
  readonly #directory: LiveDirectory;
  readonly #processes = new Map<number, ProcessFollower>();
  readonly #names = new Map<number, string>();
  readonly #table: LiveSeriesTable;
  #begin: number;

  /** Attaches to a directory, which need not exist yet. The first interval begins. */
  constructor(runtime: Runtime, path: string, options: LiveViewOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#table = new LiveSeriesTable(options.byPid ?? false);
    this.#begin = runtime.clock.now();
    // What was recorded before shows the state of the processes, but belongs to no interval.
    const before = (source: RowSource, label: string, value: number, time: number): void =>
      this.#follower(source.pid).add(source, label, value, time, 0);
    this.#directory = new LiveDirectory(runtime, path, before, options.limit);
  }

  /** What is known before the first interval ends. */
  known(): LiveInterval {
    const { holders, unreadable } = this.#directory;
    return this.#interval(1, { sampled: false, missed: 0, holders, unreadable }, [], 0);
  }

  /** Ends the interval and begins the next. */
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
    const seconds = (now - this.#begin) / NANOSECONDS_PER_SECOND;
    this.#begin = now;
    const series = this.#table.endInterval(seconds).map(({ series, history }) => ({ ...series, history }));
    return this.#interval(seconds, found, series, Math.round(otherRows));
  }

  #interval(
    seconds: number,
    { sampled, missed, holders, unreadable }: LookResult,
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
    return Number(this.#runtime.clock.epoch() / BigInt(NANOSECONDS_PER_MS));
  }

  #endProcesses(seconds: number, holders: ReadonlySet<number>): LiveProcess[] {
    const now = Number(this.#runtime.clock.epoch() - this.#directory.base);
    const processes: LiveProcess[] = [];
    for (const pid of holders) this.#follower(pid);
    for (const [pid, follower] of this.#processes) {
      const state = this.#state(pid, follower, holders);
      const age = Math.max(0, (now - follower.lastTime) / NANOSECONDS_PER_SECOND);
      const figures = follower.endInterval(seconds);
      if (state === "ended" && age > ENDED_SECONDS) {
        this.#processes.delete(pid);
        this.#names.delete(pid);
      } else {
        const name = this.#names.get(pid);
        processes.push({
          pid,
          ...name === undefined ? {} : { name },
          state,
          ...Number.isFinite(age) ? { age } : {},
          ...figures,
        });
      }
    }
    return processes.sort((one, other) => one.pid - other.pid);
  }

  #state(pid: number, { hasRecorded }: ProcessFollower, holders: ReadonlySet<number>): LiveProcess["state"] {
    if (!holders.has(pid) && !hasRecorded) return "ended";
    if (hasRecorded && this.#names.has(pid)) return "running";
    const found = processName(this.#runtime.files, pid);
    if (found.ok) this.#names.set(pid, found.value);
    if (hasRecorded) return "running";
    return !found.ok && found.kind === "no-process" ? "dead" : "silent";
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
