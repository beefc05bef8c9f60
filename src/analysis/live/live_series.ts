import { processKey } from "../../files/names.ts";
import { ValueKind } from "../../series.ts";
import { ReservoirSample } from "../../statistics/reservoir_sample.ts";
import type { RowSource } from "./row_source.ts";

/** A series in an interval. Durations are in seconds. */
export interface LiveSeries {
  readonly label: string;
  /** The channel that recorded it. */
  readonly channel: string;
  /**
   * The process, if series of several processes are kept apart; without `isolate` if it cannot be
   * told which of the programs with this PID recorded.
   */
  readonly pid?: number;
  readonly isolate?: string;
  /** `"s"` for durations. */
  readonly unit: "s" | "";
  /** Rows of the interval, and rows per second. */
  readonly count: number;
  readonly rate: number;
  /** Of the rows of the interval; `null` if there are none. */
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /**
   * Whether only a part of the rows was read. Then all figures are estimates, and `max` is the
   * largest value read.
   */
  readonly sampled: boolean;
  /** Whether the quantiles are those of a sample of the rows. */
  readonly approximate: boolean;
}

/** Intervals in the history of a series. */
export const HISTORY = 60;

/** Limit of the series kept apart; the rows of further ones are one series. */
const MAX_SERIES = 10_000;
const REST = "(all others)";

interface Series {
  readonly source: RowSource;
  readonly label: string;
  readonly distribution: ReservoirSample;
  /** The p99 of the last intervals, oldest first. */
  readonly history: (number | null)[];
  sampled: boolean;
}

/** The series of durations and of the programs' own numbers, interval by interval. */
export class LiveSeriesTable {
  readonly #byProcess: boolean;
  readonly #series = new Map<string, Series>();
  /** The same by source and label: looked up without concatenating a key for each row. */
  #ofSource = new WeakMap<RowSource, Map<string, Series>>();

  /** Keeps series of several processes apart if `byProcess`. */
  constructor(byProcess: boolean) {
    this.#byProcess = byProcess;
  }

  /** Adds a row. */
  add(source: RowSource, label: string, value: number, weight: number): void {
    const series = this.#ofSource.get(source)?.get(label) ?? this.#find(source, label);
    series.distribution.add(value, weight);
    if (weight !== 1) series.sampled = true;
  }

  /**
   * Ends an interval of that length, s. A series is dropped after {@linkcode HISTORY} intervals
   * without rows.
   */
  endInterval(seconds: number): { readonly series: LiveSeries; readonly history: readonly (number | null)[] }[] {
    const ended = [];
    const before = this.#series.size;
    for (const [key, one] of this.#series) {
      const series = this.#describe(one, seconds);
      one.history.push(series.p99);
      if (one.history.length > HISTORY) one.history.shift();
      one.distribution.clear();
      one.sampled = false;
      if (one.history.length === HISTORY && one.history.every((p99) => p99 === null)) this.#series.delete(key);
      else ended.push({ series, history: one.history });
    }
    if (this.#series.size < before) this.#ofSource = new WeakMap();
    return ended;
  }

  #find(source: RowSource, label: string): Series {
    const series = this.#get(source, label);
    const others = this.#ofSource.get(source);
    if (others === undefined) this.#ofSource.set(source, new Map([[label, series]]));
    else if (others.size < MAX_SERIES) others.set(label, series);
    return series;
  }

  #get(source: RowSource, label: string): Series {
    const key = `${this.#byProcess ? processKey(source) : ""} ${source.channel} ${label}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_SERIES && label !== REST) return this.#get(source, REST);
    const series = { source, label, distribution: new ReservoirSample(), history: [], sampled: false };
    this.#series.set(key, series);
    return series;
  }

  #describe({ source, label, distribution, sampled }: Series, seconds: number): LiveSeries {
    const { count, mean = null, max = null } = distribution;
    const [p50 = null, p99 = null] = distribution.quantiles([0.5, 0.99]);
    return {
      label,
      channel: source.channel,
      ...this.#byProcess ? { pid: source.pid } : {},
      ...this.#byProcess && source.isolate !== "" ? { isolate: source.isolate } : {},
      unit: source.kind === ValueKind.duration ? "s" : "",
      count: Math.round(count),
      rate: count / seconds,
      mean,
      p50,
      p99,
      max,
      sampled,
      approximate: sampled || distribution.isSampled,
    };
  }
}
