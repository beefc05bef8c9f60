import type { EndKind } from "../../files/program_record.ts";
import type { SwitchScope } from "../../recording_switch.ts";
import { SwitchState } from "../programs/switch_state.ts";
import { type Growth, MemoryHistory } from "./memory_history.ts";
import type { RowSource } from "./row_source.ts";
import { CHANNELS, NANOSECONDS_PER_SECOND, SERIES } from "../../series.ts";

/**
 * A process in an interval, which is one isolate: workers are processes of their own. What it does
 * not record, or has not yet, is absent.
 */
export interface LiveProcess {
  readonly pid: number;
  /**
   * Eight hexadecimal digits that tell it from others with its PID. Absent if the rows are of a
   * file that all append to, and may be of several programs: then `programs` says of how many.
   */
  readonly isolate?: string;
  /** The programs with this PID, if it cannot be told which of them recorded. */
  readonly programs?: number;
  /** What it is called, such as `bun 1.4.5 · orders@web-2`; `PID 7579` without a record. */
  readonly program: string;
  /** What its program record says; all absent without one. */
  readonly name?: string;
  readonly runtime?: string;
  readonly runtimeVersion?: string;
  readonly host?: string;
  readonly kind?: "main" | "worker";
  /** `"memory"` if it has no spools. */
  readonly durability?: string;
  /**
   * - `"running"`: it has recorded something in the interval.
   * - `"silent"`: it has not, and is alive.
   * - `"off"`: it is alive, and its recording is switched off: `off` says since when.
   * - `"unknown"`: it has not, and has no spools, which would tell whether it is alive.
   * - `"killed"`: it is dead, and could not say so.
   * - `"ended"`: its program record says so.
   */
  readonly state: "running" | "silent" | "off" | "unknown" | "killed" | "ended";
  /**
   * If its recording is off, or was when it ended: since when, in ms since 1970, unless no row was
   * found that says so; and why, and until when, if the program has answered so.
   */
  readonly off?: { readonly since?: number; readonly reason?: string; readonly until?: number };
  /**
   * The channels and labels that are not recorded, or if `rest` is false the only ones that are.
   */
  readonly switched?: { readonly rest: boolean; readonly exceptions: readonly SwitchScope[] };
  /** How it ended. Of a killed program: only if a recovery has found it. */
  readonly end?: LiveEnd;
  /** Rows that a killed program left in its spools, which `kymo recover` would publish. */
  readonly unpublished?: number;
  /**
   * Ends of this program in the last {@linkcode ENDED_SECONDS} seconds, if it was started anew
   * since, and how the last one was.
   */
  readonly restarts?: { readonly count: number; readonly last: LiveEnd };
  /** Seconds since its last row; absent if none was seen. */
  readonly age?: number;
  /** Rows of the interval, and rows per second. */
  readonly count: number;
  readonly rate: number;
  /**
   * Resident set size of the whole operating system process, bytes, as last sampled. Like `cpu`, it
   * is not told of a worker whose main thread records too.
   */
  readonly rss?: number;
  /** How `rss` has grown, if it is much, and goes on. */
  readonly growth?: Growth;
  /** JavaScript heap of the isolate, bytes, as last sampled. */
  readonly heapUsed?: number;
  readonly heapTotal?: number;
  /**
   * CPU time by wall time of the whole operating system process: 1 is one busy core. From the last
   * sample before the interval to the last one in it.
   */
  readonly cpu?: number;
  /** The largest event-loop lag of the interval, or else the last one, s. */
  readonly lag?: number;
  /**
   * Garbage collections of the interval: number, sum of the pauses and longest pause, s. Absent if
   * it does not record them.
   */
  readonly gc?: { readonly count: number; readonly pause: number; readonly longest: number };
}

/** How a process ended. */
export interface LiveEnd {
  readonly how: EndKind;
  /** Seconds since then, or since it was last seen if it was killed. */
  readonly age: number;
  readonly exitCode?: number;
  readonly signal?: string;
  /** The class of the uncaught error. */
  readonly error?: string;
}

/** Seconds an ended process stays listed. */
export const ENDED_SECONDS = 60;

/** The figures of a process in an interval. */
export type LiveFigures = Pick<
  LiveProcess,
  "count" | "rate" | "rss" | "growth" | "heapUsed" | "heapTotal" | "cpu" | "lag" | "gc"
>;

interface CpuSample {
  readonly time: number;
  readonly total: number;
}

/** Follows the rows of one process, interval by interval. */
export class ProcessFollower {
  /** The time of its last row, as in `RowSink`. */
  lastTime = -Infinity;
  /** What is recorded of it. */
  readonly switches = new SwitchState();
  #count = 0;
  #gc = { count: 0, pause: 0, longest: 0 };
  #hasGc = false;
  /** The latest value of each level, and when it was sampled. */
  readonly #levels = new Map<string, { readonly time: number; readonly value: number }>();
  readonly #memory = new MemoryHistory();
  #lag: number | undefined;
  #isLagOfInterval = false;
  #userTime: number | undefined;
  /** The last sample of CPU time, and the last one before the interval or else its first. */
  #cpu: CpuSample | undefined;
  #cpuBefore: CpuSample | undefined;
  #isBeforeOfInterval = false;
  /** The last figure: a short interval may have no sample. */
  #cores: number | undefined;

  /** Whether it has recorded something in this interval. */
  get hasRecorded(): boolean {
    return this.#count > 0;
  }

  /** Adds a row of any series. */
  add(source: RowSource, label: string, value: number, time: number, weight: number): void {
    this.#count += weight;
    if (time > this.lastTime) this.lastTime = time;
    const isSwitch = source.channel === CHANNELS.runtime && this.switches.add(label, value, time);
    if (!isSwitch) this.switches.noteRow(time);
    if (source.channel === CHANNELS.runtime) this.#addRuntime(label, value, time);
    // Rows without weight were recorded before the first interval.
    if (weight > 0 && this.#cpuBefore !== undefined) return;
    this.#cpuBefore = this.#cpu;
    this.#isBeforeOfInterval = weight > 0;
  }

  /** Ends an interval of that length, s. */
  endInterval(seconds: number): LiveFigures {
    const [cpu, before] = [this.#cpu, this.#cpuBefore];
    if (cpu !== undefined && before !== undefined && cpu.time > before.time) {
      this.#cores = (cpu.total - before.total) / ((cpu.time - before.time) / NANOSECONDS_PER_SECOND);
    }
    this.#cpuBefore = cpu;
    this.#isBeforeOfInterval = false;
    this.#memory.endInterval();
    const figures = {
      count: Math.round(this.#count),
      rate: this.#count / seconds,
      ...known("rss", this.#levels.get(SERIES.rss)?.value),
      ...known("growth", this.#memory.growth()),
      ...known("heapUsed", this.#levels.get(SERIES.heapUsed)?.value),
      ...known("heapTotal", this.#levels.get(SERIES.heapTotal)?.value),
      ...known("cpu", this.#cores),
      ...known("lag", this.#lag),
      ...known("gc", this.#hasGc ? this.#gc : undefined),
    };
    this.#count = 0;
    this.#gc = { count: 0, pause: 0, longest: 0 };
    this.#isLagOfInterval = false;
    return figures;
  }

  /** Rows come segment by segment, and those of files after those of spools that are later. */
  #addLevel(label: string, value: number, time: number): void {
    if (time >= (this.#levels.get(label)?.time ?? -Infinity)) this.#levels.set(label, { time, value });
  }

  #addCpu(sample: CpuSample): void {
    if (this.#cpu === undefined || sample.time >= this.#cpu.time) this.#cpu = sample;
    else if (this.#isBeforeOfInterval && sample.time < this.#cpuBefore!.time) this.#cpuBefore = sample;
  }

  #addRuntime(label: string, value: number, time: number): void {
    switch (label) {
      case SERIES.rss:
        this.#memory.add(time, value);
        this.#addLevel(label, value, time);
        break;
      case SERIES.heapUsed:
      case SERIES.heapTotal:
        this.#addLevel(label, value, time);
        break;
      case SERIES.userTime:
        this.#userTime = value;
        break;
      case SERIES.systemTime: // comes after the other
        if (this.#userTime !== undefined) this.#addCpu({ time, total: this.#userTime + value });
        break;
      case SERIES.eventLoopLag:
        this.#lag = this.#isLagOfInterval ? Math.max(this.#lag ?? 0, value) : value;
        this.#isLagOfInterval = true;
        break;
      case SERIES.gcCollections:
        this.#hasGc = true;
        break;
      case SERIES.gcPause: {
        const { count, pause, longest } = this.#gc;
        this.#gc = { count: count + 1, pause: pause + value, longest: Math.max(longest, value) };
      }
    }
  }
}

function known<Key extends string, Value>(key: Key, value: Value | undefined): { [key in Key]?: Value } {
  return value === undefined ? {} : { [key]: value } as { [key in Key]?: Value };
}
