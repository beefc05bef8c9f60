import type { Runtime } from "../../runtime.ts";
import type { ProcessId } from "../../files/names.ts";
import { LiveDirectory, type LookResult } from "./live_directory.ts";
import type { LiveProcess } from "./live_processes.ts";
import { LiveProcesses } from "./live_process_list.ts";
import { type LiveRequest, requestsOf } from "./live_requests.ts";
import { type LiveSeries, LiveSeriesTable } from "./live_series.ts";
import type { RowSource } from "./row_source.ts";
import { RowAttribution } from "./row_attribution.ts";
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
   * Tells whether a process is of interest, by its id and the name of its service. Its isolate is empty
   * if only its PID is known, of which several services may be.
   *
   * @default all are
   */
  readonly wantsProcess?: (one: ProcessId, names: readonly string[]) => boolean;
  /**
   * Whether to keep series of several processes apart.
   *
   * @default false
   */
  readonly byProcess?: boolean;
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
  /** Requests by route and method, those that failed included. */
  readonly requests: readonly LiveRequest[];
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

/** Follows running programs through a monitoring directory, interval by interval. */
export class LiveView {
  readonly #runtime: Runtime;
  readonly #options: LiveViewOptions;
  readonly #directory: LiveDirectory;
  readonly #processes = new LiveProcesses();
  readonly #attribution: RowAttribution;
  readonly #wanted = new Map<RowSource, boolean>();
  #table: LiveSeriesTable;
  #byProcess: boolean;
  #begin: number;

  /** Attaches to a directory, which need not exist yet. The first interval begins. */
  constructor(runtime: Runtime, path: string, options: LiveViewOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#byProcess = options.byProcess ?? false;
    this.#table = new LiveSeriesTable(this.#byProcess);
    this.#begin = runtime.clock.now();
    // What was recorded before shows the state of the processes, but belongs to no interval.
    this.#directory = new LiveDirectory(
      runtime,
      path,
      (source, label, value, time) => this.#processes.add(source, label, value, time, 0),
      options.limit,
    );
    this.#attribution = new RowAttribution(this.#directory.records, this.#directory.base);
    this.#directory.readSwitches((given, label, value, time) =>
      this.#processes.addSwitch(this.#attribution.sourceOf(given, time), label, value, time)
    );
  }

  /** Whether series of several processes are kept apart; a change forgets the history of the series. */
  get byProcess(): boolean {
    return this.#byProcess;
  }

  set byProcess(byProcess: boolean) {
    if (byProcess === this.#byProcess) return;
    this.#byProcess = byProcess;
    this.#table = new LiveSeriesTable(byProcess);
  }

  /** What is known before the first interval ends. */
  known(): LiveInterval {
    const { unreadable } = this.#directory;
    const epoch = this.#runtime.clock.epoch();
    return this.#interval({ seconds: 1, epoch }, { sampled: false, missed: 0, unreadable }, [], 0);
  }

  /** Ends the interval and begins the next. */
  endInterval(): LiveInterval {
    const { clock } = this.#runtime;
    const { wantsLabel = () => true } = this.#options;
    let otherRows = 0;
    this.#wanted.clear();
    const found = this.#directory.look((given, label, value, time, weight) => {
      const source = this.#attribution.sourceOf(given, time);
      this.#processes.add(source, label, value, time, weight);
      if (source.channel === CHANNELS.runtime) return;
      if (this.#wantsRowsOf(source) && wantsLabel(label)) this.#table.add(source, label, value, weight);
      else otherRows += weight;
    });
    const now = clock.now();
    const epoch = clock.epoch();
    const seconds = (now - this.#begin) / NANOSECONDS_PER_SECOND;
    this.#begin = now;
    const series = this.#table.endInterval(seconds).map(({ series, history }) => ({ ...series, history }));
    return this.#interval({ seconds, epoch }, found, series, Math.round(otherRows));
  }

  #interval(
    { seconds, epoch }: { readonly seconds: number; readonly epoch: bigint },
    { sampled, missed, unreadable }: LookResult,
    series: readonly LiveSeriesWithHistory[],
    otherRows: number,
  ): LiveInterval {
    const all = this.#processes.endInterval(seconds, epoch, this.#directory);
    const isOther = (one: LiveProcess): boolean => !this.#wants(one) && isAlive(one);
    return {
      time: Number(epoch / BigInt(NANOSECONDS_PER_MS)),
      seconds,
      processes: all.filter((one) => this.#wants(one)),
      requests: requestsOf(series, seconds),
      series,
      sampled,
      missed,
      unreadable: unreadable.filter(({ pid, isolate = "" }) => pid === undefined || this.#wants({ pid, isolate })),
      others: { processes: all.filter(isOther).length, rows: otherRows },
      exists: this.#directory.exists,
    };
  }

  #wants({ pid, isolate = "" }: { readonly pid: number; readonly isolate?: string }): boolean {
    const { wantsProcess } = this.#options;
    if (wantsProcess === undefined) return true;
    const { records } = this.#directory;
    const known = isolate === "" ? records.ofPid(pid) : [records.get({ pid, isolate }) ?? []].flat();
    return wantsProcess({ pid, isolate }, known.map(({ name }) => name));
  }

  /** The same of rows, looked up once for each source in an interval. */
  #wantsRowsOf(source: RowSource): boolean {
    let isWanted = this.#wanted.get(source);
    if (isWanted === undefined) this.#wanted.set(source, isWanted = this.#wants(source));
    return isWanted;
  }
}

/** Whether a process lives, as far as one can tell. */
export function isAlive({ state }: LiveProcess): boolean {
  return state !== "killed" && state !== "ended";
}
