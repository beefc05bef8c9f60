import type { Statistics } from "../../statistics/statistics.ts";
import { aggregates, measured, toStatistics } from "../frames/description.ts";
import { type RuntimeSummary, summarizeRuntime } from "./runtime_summary.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import { double } from "../duckdb/sql.ts";
import type { Table } from "../duckdb/table.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import {
  type BinCounts,
  binsOf,
  binTexts,
  countInBins,
  countsIn,
  holds,
  shiftFor,
  type TimeBins,
  widened,
} from "./time_bins.ts";
import { CHANNELS } from "../../series.ts";

/** What is summarized, and how. */
export interface SummaryOptions extends Selection {
  /** Whether there is a summary for each process. Default: no. */
  readonly byPid?: boolean;
  /** Which quantiles, from 0 to 1. */
  readonly quantiles: readonly number[];
  /** About when the recording was made. Default: that is looked up, which takes a scan. */
  readonly guess?: TimeRange | undefined;
}

/** What there is to be told of a recording. */
export interface Summary {
  /** Observations that were selected. */
  readonly rows: number;
  /** Their time; `undefined` if there are none. */
  readonly range: TimeRange | undefined;
  /** Processes that made them, ascending. */
  readonly pids: readonly number[];
  /** The parts of the time in which observations are counted; `undefined` if there are none. */
  readonly bins: TimeBins | undefined;
  /** Series of durations, in seconds, by label (and PID), ascending. */
  readonly durations: readonly SeriesSummary[];
  /** Series of what the program observed, by channel, label (and PID), ascending. */
  readonly quantities: readonly SeriesSummary[];
  /** Series of the runtime, each process for itself. */
  readonly runtime: readonly RuntimeSummary[];
}

/** A series, or one process's part of it. NaN is only among the `rows`. */
export interface SeriesSummary extends Omit<Statistics, "std">, TimeRange {
  /** Of which files. */
  readonly channel: string;
  readonly label: string;
  /** The process, if summarized by process. */
  readonly pid?: number;
  /** Observations, NaN included. */
  readonly rows: number;
  /** The last measurement; not of durations, of which it would say nothing. */
  readonly latest?: number;
  /** Observations in each of the bins; not kept, so to be asked for once. */
  readonly counts: readonly number[];
}

/** Summarizes a recording. Every file is read once, and once more if nobody guessed when it was made, or somebody guessed it quite wrong. */
export async function summarize(db: TelemetryDB, options: SummaryOptions): Promise<Summary> {
  const guess = options.guess ?? await timeRange(db) ?? { first: 0n, last: 0n };
  const time = clipped(guess, options);
  let countedIn = widened(binsOf(time, shiftFor(time)));
  let counted = await countAll(db, options, countedIn);
  const { byPid: _, quantiles: __, guess: ___, ...selection } = options;
  const runtime = await summarizeRuntime(db, selection);
  const range = rangeOf([...counted, ...runtime]);
  if (range !== undefined && !counted.every((series) => holds(countedIn, series))) {
    countedIn = binsOf(range, shiftFor(range));
    counted = await countAll(db, options, countedIn);
  }
  // What was counted cannot be parted.
  const bins = range && binsOf(range, shiftFor(range, countedIn.width));
  const series = counted.map(({ numbered, pids: _, ...rest }): SeriesSummary => ({
    ...rest,
    // Made anew each time: of 100,000 labels they would be 200 MB.
    get counts() {
      return bins === undefined ? [] : countsIn(bins, numbered, countedIn);
    },
  }));
  const pids = new Set(runtime.map(({ pid }) => pid));
  for (const { pids: some } of counted) for (const pid of some) pids.add(pid);
  return {
    rows: [...counted, ...runtime].reduce((sum, { rows }) => sum + rows, 0),
    range,
    pids: [...pids].sort((one, other) => one - other),
    bins,
    durations: series.filter(({ channel }) => channel === CHANNELS.duration),
    quantities: series.filter(({ channel }) => channel !== CHANNELS.duration),
    runtime,
  };
}

/** The time of all observations, whatever their label; `undefined` if there are none. Reads every file. */
export async function timeRange(db: TelemetryDB): Promise<TimeRange | undefined> {
  const table = await db.sql("SELECT min(Timepoint) AS first, max(Timepoint) AS last FROM observations");
  const [{ first, last } = {}] = table.rows();
  return typeof first === "bigint" && typeof last === "bigint" ? { first, last } : undefined;
}

interface CountedSeries extends Omit<SeriesSummary, "counts"> {
  readonly pids: readonly number[];
  readonly numbered: BinCounts;
}

/** All series but those of the runtime. */
async function countAll(db: TelemetryDB, options: SummaryOptions, bins: TimeBins): Promise<CountedSeries[]> {
  // The durations first, since files are checked beside the first query, and these are the most.
  const others = db.channels().filter((channel) => channel !== CHANNELS.duration && channel !== CHANNELS.runtime);
  const counted: CountedSeries[][] = [];
  for (const channel of [CHANNELS.duration, ...others]) counted.push(await countSeries(db, channel, options, bins));
  return counted.flat();
}

/** Statistics of each series of a channel and when its observations were made, in one scan. */
async function countSeries(
  db: TelemetryDB,
  channel: string,
  { byPid = false, quantiles, guess: _, ...selection }: SummaryOptions,
  bins: TimeBins,
): Promise<CountedSeries[]> {
  const keys = byPid ? "Label, PID" : "Label";
  const { relation } = db.frame(channel).where(selection);
  const latest = channel === CHANNELS.duration ? "" : "arg_max(Measurement, Timepoint) AS latest,";
  const texts = binTexts("numbered", bins);
  const count = (statistics: string, measurements: string): Promise<Table> =>
    db.sql(
      `SELECT * EXCLUDE (pids, numbered), map_keys(pids)::DOUBLE[] AS pids, ${texts.bins} AS bins, ${texts.counts} AS counts
       FROM (
         SELECT ${keys}, count(*) AS observations, ${statistics}, ${latest}
           min(Timepoint) AS first, max(Timepoint) AS last, histogram(PID) AS pids, ${countInBins(bins)} AS numbered
         FROM ${measurements} GROUP BY ${keys}
       ) ORDER BY ${keys}`,
    );
  // What is no number, or infinite, has to be seen to, which takes time, but is rare, and is seen in the sum.
  let rows = (await count(plainAggregates(quantiles), relation)).rows();
  if (!rows.every(({ total }) => Number.isFinite(total))) {
    rows = (await count(aggregates(quantiles), measured(relation))).rows();
  }
  return rows.map((row) => ({
    channel,
    label: row.Label as string,
    ...byPid ? { pid: Number(row.PID) } : {},
    rows: Number(row.observations),
    ...withoutDeviation(toStatistics(row, quantiles)),
    ..."latest" in row ? { latest: row.latest as number } : {},
    first: row.first as bigint,
    last: row.last as bigint,
    pids: row.pids as number[],
    numbered: { bins: row.bins as string, counts: row.counts as string },
  }));
}

function withoutDeviation({ std: _, ...statistics }: Statistics): Omit<Statistics, "std"> {
  return statistics;
}

/** The aggregates that statistics are made of, if all measurements are finite. */
function plainAggregates(quantiles: readonly number[]): string {
  const list = quantiles.length === 0 ? "NULL" : `quantile_cont(Measurement, [${quantiles.map(double).join(", ")}])`;
  return `count(*) AS n, fsum(Measurement) AS total, min(Measurement) AS smallest, max(Measurement) AS largest,
    ${list} AS quantiles`;
}

/** The part of a time that may be selected. */
function clipped({ first, last }: TimeRange, { from = first, to = last }: Selection): TimeRange {
  const begin = from > first ? from : first;
  return { first: begin, last: to < last ? to > begin ? to : begin : last };
}

function rangeOf(ranges: readonly TimeRange[]): TimeRange | undefined {
  return ranges.reduce<TimeRange | undefined>(
    (range, { first, last }) =>
      range === undefined
        ? { first, last }
        : { first: first < range.first ? first : range.first, last: last > range.last ? last : range.last },
    undefined,
  );
}
