import type { RowSource } from "./row_source.ts";
import { CHANNELS, NANOSECONDS_PER_SECOND, SERIES } from "../../series.ts";

/** A process in an interval. What it does not record, or has not yet, is absent. */
export interface LiveProcess {
  readonly pid: number;
  /** The name of the process in the operating system, such as `deno` or `bun`. */
  readonly name?: string;
  /**
   * `"running"`: it has recorded something in the interval; `"silent"`: it has not; `"dead"`: it
   * has spools, and there is no process of its PID here; `"ended"`: it has no spools.
   */
  readonly state: "running" | "silent" | "dead" | "ended";
  /** Seconds since its last row; absent if none was seen. */
  readonly age?: number;
  /** Rows of the interval, and rows per second. */
  readonly count: number;
  readonly rate: number;
  /** Resident set size, bytes, as last sampled. */
  readonly rss?: number;
  /** JavaScript heap of all its isolates, bytes, as last sampled. */
  readonly heapUsed?: number;
  readonly heapTotal?: number;
  /** CPU time by wall time between the last samples: 1 is one busy core. */
  readonly cpu?: number;
  /** The largest event-loop lag of the interval, or else the last one, s. */
  readonly lag?: number;
  /**
   * Garbage collections of the interval: number, sum of the pauses and longest pause, s. Absent if
   * it does not record them.
   */
  readonly gc?: { readonly count: number; readonly pause: number; readonly longest: number };
}

/** The latest values of the runtime series of one isolate. */
interface Isolate {
  rss?: number;
  heapUsed?: number;
  heapTotal?: number;
  userTime?: number;
  /** The last sample of CPU time, and the one before it. */
  cpu?: CpuSample;
  cpuBefore?: CpuSample;
  lag?: number;
  isLagOfInterval: boolean;
  hasGc: boolean;
  lastTime: number;
}

interface CpuSample {
  readonly time: number;
  readonly total: number;
}

/** Follows one process, interval by interval. */
export class ProcessFollower {
  /** The time of its last row, as in `RowSink`. */
  lastTime = -Infinity;
  #count = 0;
  #gc = { count: 0, pause: 0, longest: 0 };
  readonly #isolates = new Map<string, Isolate>();

  /** Whether it has recorded something in this interval. */
  get hasRecorded(): boolean {
    return this.#count > 0;
  }

  /** Adds a row of any series. */
  add(source: RowSource, label: string, value: number, time: number, weight: number): void {
    this.#count += weight;
    if (time > this.lastTime) this.lastTime = time;
    if (source.channel === CHANNELS.runtime) this.#addRuntime(this.#isolate(source.isolate), label, value, time);
  }

  /** Ends an interval of that length, s. */
  endInterval(
    seconds: number,
  ): Pick<LiveProcess, "count" | "rate" | "rss" | "heapUsed" | "heapTotal" | "cpu" | "lag" | "gc"> {
    const isolates = [...this.#isolates.values()];
    const latest = isolates.toSorted((one, other) => other.lastTime - one.lastTime)[0];
    const figures = {
      count: Math.round(this.#count),
      rate: this.#count / seconds,
      ...known("rss", latest?.rss),
      ...known("heapUsed", sumOf(isolates, ({ heapUsed }) => heapUsed)),
      ...known("heapTotal", sumOf(isolates, ({ heapTotal }) => heapTotal)),
      ...known("cpu", latest && cpuOf(latest)),
      ...known("lag", lagOf(isolates)),
      ...known("gc", isolates.some(({ hasGc }) => hasGc) ? this.#gc : undefined),
    };
    this.#count = 0;
    this.#gc = { count: 0, pause: 0, longest: 0 };
    for (const isolate of isolates) isolate.isLagOfInterval = false;
    return figures;
  }

  #isolate(name: string): Isolate {
    const known = this.#isolates.get(name);
    if (known !== undefined) return known;
    const isolate = { isLagOfInterval: false, hasGc: false, lastTime: -Infinity };
    this.#isolates.set(name, isolate);
    return isolate;
  }

  #addRuntime(isolate: Isolate, label: string, value: number, time: number): void {
    isolate.lastTime = time;
    switch (label) {
      case SERIES.rss:
        isolate.rss = value;
        break;
      case SERIES.heapUsed:
        isolate.heapUsed = value;
        break;
      case SERIES.heapTotal:
        isolate.heapTotal = value;
        break;
      case SERIES.userTime:
        isolate.userTime = value;
        break;
      case SERIES.systemTime: // comes after the other
        if (isolate.userTime === undefined || isolate.cpu?.time === time) break;
        if (isolate.cpu !== undefined) isolate.cpuBefore = isolate.cpu;
        isolate.cpu = { time, total: isolate.userTime + value };
        break;
      case SERIES.eventLoopLag:
        isolate.lag = isolate.isLagOfInterval ? Math.max(isolate.lag ?? 0, value) : value;
        isolate.isLagOfInterval = true;
        break;
      case SERIES.gcCollections:
        isolate.hasGc = true;
        break;
      case SERIES.gcPause:
        this.#gc = {
          count: this.#gc.count + 1,
          pause: this.#gc.pause + value,
          longest: Math.max(this.#gc.longest, value),
        };
    }
  }
}

function cpuOf({ cpu, cpuBefore }: Isolate): number | undefined {
  if (cpu === undefined || cpuBefore === undefined || cpu.time <= cpuBefore.time) return undefined;
  return (cpu.total - cpuBefore.total) / ((cpu.time - cpuBefore.time) / NANOSECONDS_PER_SECOND);
}

/** The largest lag of this interval, or of the last samples if it has none. */
function lagOf(isolates: readonly Isolate[]): number | undefined {
  const fresh = isolates.filter(({ isLagOfInterval }) => isLagOfInterval);
  const lags = (fresh.length > 0 ? fresh : isolates).map(({ lag }) => lag).filter((lag) => lag !== undefined);
  return lags.length > 0 ? Math.max(...lags) : undefined;
}

function sumOf<Thing>(things: readonly Thing[], of: (thing: Thing) => number | undefined): number | undefined {
  const numbers = things.map(of).filter((number) => number !== undefined);
  return numbers.length > 0 ? numbers.reduce((sum, number) => sum + number, 0) : undefined;
}

function known<Key extends string, Value>(key: Key, value: Value | undefined): { [key in Key]?: Value } {
  return value === undefined ? {} : { [key]: value } as { [key in Key]?: Value };
}
