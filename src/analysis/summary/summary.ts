import type { Statistics } from "../../statistics/describe_numbers.ts";
import { aggregates, measured, toStatistics } from "../frames/description.ts";
import { type RuntimeSummary, summarizeRuntime, withoutPausedGrowth } from "./runtime_summary.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import { type Marks, readMarks } from "./marks.ts";
import { parseProcessKey, type ProcessId, processKey } from "../../files/names.ts";
import { processOf } from "../frames/processes.ts";
import { double, PROCESS_KEY } from "../duckdb/sql.ts";
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
import { CHANNELS, holdsDurations } from "../../series.ts";
import { Pauses } from "../programs/pauses.ts";
import type { StoredSeries } from "../stored/store.ts";

/** Options of {@linkcode summarize}. */
export interface SummaryOptions extends Selection {
  /** Whether to summarize each process separately. Default: false. */
  readonly byProcess?: boolean;
  /** Quantiles to compute, each from 0 to 1. */
  readonly quantiles: readonly number[];
  /** Whether to compute standard deviations, which takes longer. Default: false. */
  readonly withDeviation?: boolean;
  /** Estimate of the time range of the recording. Default: it is queried, which takes a scan. */
  readonly estimate?: TimeRange | undefined;
  /**
   * Computes what the rows of all channels but `runtime` and `mark` come to, with this selection, instead
   * of the database, which need not have them. It knows no standard deviations.
   */
  readonly stored?: StoredSeries | undefined;
}

/** The summary of a recording. */
export interface Summary {
  /** Number of selected observations. */
  readonly rows: number;
  /** Their time range; `undefined` if there are none. */
  readonly range: TimeRange | undefined;
  /** Their processes, ascending by PID, then isolate. */
  readonly processes: readonly ProcessId[];
  /** Time bins of {@linkcode SeriesSummary.counts}; `undefined` if there are no observations. */
  readonly bins: TimeBins | undefined;
  /**
   * Series of durations, in seconds: those of the channel `duration`, then outgoing requests;
   * ascending by label (and process).
   */
  readonly durations: readonly SeriesSummary[];
  /** Series that the program observed itself; ascending by channel and label (and process). */
  readonly quantities: readonly SeriesSummary[];
  /** Runtime series, each process separately. */
  readonly runtime: readonly RuntimeSummary[];
  /** What programs marked. */
  readonly marks: Marks;
  /** When recording was off, of all processes, whichever are selected. */
  readonly pauses: Pauses;
}

/** A series, or a series in one process. Only `rows` and `counts` include observations of NaN. */
export interface SeriesSummary extends Omit<Statistics, "std">, TimeRange {
  /** Channel of its files. */
  readonly channel: string;
  /** Sample standard deviation; only {@linkcode SummaryOptions.withDeviation}. */
  readonly std?: number;
  /** Label of the series. */
  readonly label: string;
  /** PID of the process; only with {@linkcode SummaryOptions.byProcess}. */
  readonly pid?: number;
  /** Its isolate; empty where it is not known. */
  readonly isolate?: string;
  /** Number of observations, including NaN. */
  readonly rows: number;
  /** Measurement with the latest timepoint; absent for durations, where it would mean nothing. */
  readonly latest?: number;
  /** Number of observations in each time bin. Computed on each access. */
  readonly counts: readonly number[];
}

/**
 * Summarizes a recording in one scan of its files.
 *
 * Time bins are counted in the same scan, so their range must be known before. It is estimated,
 * with a margin; only if observations turn out to lie outside it, or in a small part of it, are they
 * counted again, in a second scan. Only the check of all files could give it exactly. That takes 0.1 s per million rows
 * on one thread, and so runs beside the first query, not before it.
 */
export async function summarize(db: TelemetryDB, options: SummaryOptions): Promise<Summary> {
  const estimate = options.estimate ?? await timeRange(db) ?? { first: 0n, last: 0n };
  const time = clipped(estimate, options);
  let countedIn = widened(binsOf(time, shiftFor(time)));
  let counted = await countAll(db, options, countedIn);
  const { byProcess: _, quantiles: __, withDeviation: ___, estimate: ____, stored, ...selection } = options;
  const { series: all, switches } = await summarizeRuntime(db, selection);
  // All of the runtime was read just now, unless only a part is selected.
  const isWhole = Object.values(selection).every((condition) => condition === undefined);
  const pauses = isWhole && switches.length === 0 ? Pauses.none : await pausesOf(db, stored);
  const runtime = pauses.isEmpty ? all : await withoutPausedGrowth(db, selection, all);
  const marks = await readMarks(db, selection);
  const range = rangeOf([...counted, ...runtime, ...switches, ...marks.range === undefined ? [] : [marks.range]]);
  // The bins follow from the rows alone, however their range was estimated: those of a database are
  // estimated otherwise than those of files.
  const bins = range && binsOf(range, shiftFor(range));
  if (bins !== undefined && !(countedIn.width <= bins.width && counted.every((one) => holds(countedIn, one)))) {
    countedIn = bins;
    counted = await countAll(db, options, countedIn);
  }
  const series = counted.map(({ binCounts, processes: _, ...rest }): SeriesSummary => ({
    ...rest,
    // Computed on access: for 100,000 labels they would take 200 MB.
    get counts() {
      return bins === undefined ? [] : countsIn(bins, binCounts, countedIn);
    },
  }));
  const keys = new Set([...runtime, ...switches].map(processKey));
  for (const { processes } of counted) for (const key of processes) keys.add(key);
  for (const key of marks.processes) keys.add(key);
  for (const id of await stored?.firstRows("selected") ?? []) keys.add(processKey(id));
  return {
    rows: [...counted, ...runtime, ...switches].reduce((sum, { rows }) => sum + rows, marks.count),
    range,
    processes: sortedProcesses(keys),
    bins,
    durations: series.filter(({ channel }) => holdsDurations(channel)),
    quantities: series.filter(({ channel }) => !holdsDurations(channel)),
    runtime,
    marks,
    pauses,
  };
}

/** When recording was off. A store tells when processes had begun whose rows it keeps. */
async function pausesOf(db: TelemetryDB, stored: StoredSeries | undefined): Promise<Pauses> {
  if (stored === undefined) return await db.pauses();
  const first = await stored.firstRows("all");
  return await db.pauses(new Map(first.map(({ first, ...id }) => [processKey(id), first])));
}

/** Processes by their keys, ascending by PID, then isolate. */
function sortedProcesses(keys: Iterable<string>): ProcessId[] {
  return Array.from(keys, parseProcessKey).sort((one, other) =>
    one.pid - other.pid || (one.isolate < other.isolate ? -1 : 1)
  );
}

/** The time range of all observations; `undefined` if there are none. Reads every file. */
export async function timeRange(db: TelemetryDB): Promise<TimeRange | undefined> {
  const table = await db.sql("SELECT min(Timepoint) AS first, max(Timepoint) AS last FROM observations");
  const [{ first, last } = {}] = table.rows();
  return typeof first === "bigint" && typeof last === "bigint" ? { first, last } : undefined;
}

interface CountedSeries extends Omit<SeriesSummary, "counts"> {
  /** Keys of its processes. */
  readonly processes: readonly string[];
  readonly binCounts: BinCounts;
}

/** The channels that are no series of numbers to be described as others are. */
const APART: readonly string[] = [CHANNELS.runtime, CHANNELS.mark];

/** Counts the series of all channels but `runtime` and `mark`. */
async function countAll(db: TelemetryDB, options: SummaryOptions, bins: TimeBins): Promise<CountedSeries[]> {
  // Durations first: files are checked beside the first query, and durations usually have the most
  // rows.
  const others = db.channels().filter((channel) => channel !== CHANNELS.duration && !APART.includes(channel));
  const counted: CountedSeries[][] = [];
  const { stored } = options;
  if (stored !== undefined) {
    for (const channel of await stored.channels()) {
      if (!APART.includes(channel)) counted.push(await countStored(stored, channel, options, bins));
    }
    return counted.flat();
  }
  for (const channel of [CHANNELS.duration, ...others]) counted.push(await countSeries(db, channel, options, bins));
  return counted.flat();
}

/** Statistics and time counts of each series of a channel, in one scan. */
async function countSeries(
  db: TelemetryDB,
  channel: string,
  { byProcess = false, quantiles, withDeviation = false, estimate: _, stored: __, ...selection }: SummaryOptions,
  bins: TimeBins,
): Promise<CountedSeries[]> {
  const keys = byProcess ? "Label, PID, Isolate" : "Label";
  const { relation } = db.frame(channel).where(selection);
  const latest = holdsDurations(channel) ? "" : "arg_max(Measurement, Timepoint) AS latest,";
  const texts = binTexts("binCounts", bins);
  const count = (statistics: string, measurements: string): Promise<Table> =>
    db.sql(
      `SELECT * EXCLUDE (processes, binCounts), map_keys(processes) AS processes, ${texts.bins} AS bins, ${texts.counts} AS counts
       FROM (
         SELECT ${keys}, count(*) AS observations, ${statistics}, ${latest}
           min(Timepoint) AS first, max(Timepoint) AS last, histogram(${PROCESS_KEY}) AS processes, ${
        countInBins(bins)
      } AS binCounts
         FROM ${measurements} GROUP BY ${keys}
       ) ORDER BY ${keys}`,
    );
  // NaN and infinities need slower aggregates, as the deviation does. They are rare, and show in the sum.
  let rows = withDeviation ? [] : (await count(plainAggregates(quantiles), relation)).rows();
  if (withDeviation || !rows.every(({ total }) => Number.isFinite(total))) {
    rows = (await count(aggregates(quantiles), measured(relation))).rows();
  }
  return rows.map((row) => ({
    channel,
    label: row.Label as string,
    ...byProcess ? processOf(row) : {},
    rows: Number(row.observations),
    ...statisticsOf(row, quantiles, withDeviation),
    ..."latest" in row ? { latest: row.latest as number } : {},
    first: row.first as bigint,
    last: row.last as bigint,
    processes: row.processes as string[],
    binCounts: { bins: row.bins as string, counts: row.counts as string },
  }));
}

/** The same, computed by a store. */
async function countStored(
  stored: StoredSeries,
  channel: string,
  { byProcess = false, quantiles }: SummaryOptions,
  bins: TimeBins,
): Promise<CountedSeries[]> {
  const withLatest = !holdsDurations(channel);
  const described = await stored.describe(channel, { byProcess, quantiles, bins, withLatest });
  return described.map(({ quantiles: values, latest, bins, counts, ...series }) => ({
    channel,
    ...series,
    mean: series.sum / series.count,
    quantiles: quantiles.map((q, i) => ({ q, value: values[i]! })),
    ...withLatest ? { latest } : {},
    processes: [],
    binCounts: { bins, counts },
  }));
}

function statisticsOf(
  row: Record<string, unknown>,
  quantiles: readonly number[],
  withDeviation: boolean,
): Omit<Statistics, "std"> & Partial<Statistics> {
  const { std, ...statistics } = toStatistics(row, quantiles);
  return withDeviation ? { ...statistics, std } : statistics;
}

/** SQL of the same aggregates as `aggregates`, for measurements that are all finite. */
function plainAggregates(quantiles: readonly number[]): string {
  const list = quantiles.length === 0 ? "NULL" : `quantile_cont(Measurement, [${quantiles.map(double).join(", ")}])`;
  return `count(*) AS n, fsum(Measurement) AS total, min(Measurement) AS smallest, max(Measurement) AS largest,
    ${list} AS quantiles`;
}

/** The part of a time range within a selection. */
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
