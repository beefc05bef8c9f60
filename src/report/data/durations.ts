/**
 * The duration series of a report: exact statistics, and cells over time.
 *
 * @module
 */

import { parseRequestLabel, requestLabel } from "../../http/request_labels.ts";
import { DURATION_BUCKETS, partOfBucket } from "../shared/report_buckets.ts";
import type { DurationCells, DurationData, DurationStatistics, RequestData } from "../shared/report_data.ts";
import {
  BUCKET_BYTES,
  DURATION_CELL_BYTES,
  filledBinsInSql,
  LONG_LABEL_BYTES,
  longLabelBytes,
  MAX_STATISTICS,
  type SeriesCost,
  type SizePlan,
  toDigits,
} from "./size_plan.ts";
import type { Source } from "./source.ts";
import type { Bins, ShownTime } from "./time_axis.ts";

/** A duration series before its details are read. Its weight is the sum of its durations. */
export interface DurationSeries extends SeriesCost {
  readonly label: string;
  /** Number of processes that recorded it. */
  readonly processes: number;
}

/** Reads all duration series, sorted by label, and what it would cost to show them on each axis. */
export async function readDurationSeries(
  source: Source,
  { from }: ShownTime,
  axes: readonly Bins[],
): Promise<DurationSeries[]> {
  // Counted once, in the widest bins: how many narrower ones within such a bin hold something is
  // estimated from its rows.
  const widest = axes.at(-1)!.width;
  const estimate = (rows: string, bytes: number): string[] =>
    axes.map(({ width }, i) => `sum(${bytes} * ${filledBinsInSql(rows, widest / width)}) AS ${rows}${i}`);
  const rows = await source.rows<Record<string, number> & { Label: string }>(`
    WITH histogram AS (
      SELECT Label, process, (Timepoint - ${from}) // ${widest} AS bin,
        ${DURATION_BUCKETS.indexInSql("Measurement")} AS bucket,
        count(*)::DOUBLE AS inBucket, sum(Measurement) AS sum
      FROM ${source.durations.relation} GROUP BY ALL
    ), cells AS (
      SELECT Label, process, sum(sum) AS sum, ${estimate("inBucket", BUCKET_BYTES).join(", ")}, sum(inBucket) AS inCell
      FROM histogram GROUP BY Label, process, bin
    )
    SELECT Label, sum(sum) AS sum, count(DISTINCT process)::DOUBLE AS processes,
      ${estimate("inCell", DURATION_CELL_BYTES).join(", ")},
      ${axes.map((_, i) => `sum(inBucket${i}) AS inBucket${i}`).join(", ")}
    FROM cells GROUP BY Label ORDER BY Label`);
  return rows.map((row) => ({
    label: row.Label,
    weight: row["sum"]!,
    processes: row["processes"]!,
    bytes: axes.map((_, i) => row[`inBucket${i}`]! + row[`inCell${i}`]!),
  }));
}

/**
 * Returns the indices of the series whose statistics fit into the page, those with the largest sums
 * first. Labels that are too long are left out.
 */
export function seriesWithRoom(series: readonly DurationSeries[], room = MAX_STATISTICS): Set<number> {
  const chosen = new Set<number>();
  let labelRoom = LONG_LABEL_BYTES;
  for (const i of [...series.keys()].sort((a, b) => series[b]!.weight - series[a]!.weight)) {
    const { processes, label } = series[i]!;
    const labelBytes = longLabelBytes(label);
    if (labelBytes > labelRoom) continue;
    room -= 1 + processes;
    if (room < 0) break;
    labelRoom -= labelBytes;
    chosen.add(i);
  }
  return chosen;
}

/** Reads the duration series that fit into the page, sorted by sum, the largest first. */
export async function readDurations(
  source: Source,
  series: readonly DurationSeries[],
  range: ShownTime,
  plan: SizePlan,
): Promise<DurationData[]> {
  const chosen = seriesWithRoom(series);
  const statistics = await readStatistics(source, chosen, chosen.size === series.length);
  const shown = plan.durations.intersection(chosen);
  const cells = await readCells(source, shown, shown.size === series.length, range, plan.bins);
  return [...chosen].map((i) => ({
    label: series[i]!.label,
    ...requestOf(series[i]!.label),
    statistics: statistics.get(i)!.statistics,
    processes: [...statistics.get(i)!.processes].map(([process, statistics]) => {
      const found = cells.get(i)?.get(process);
      return { process, statistics, ...(found === undefined ? {} : { cells: found }) };
    }),
  }));
}

/** What the label of requests says; nothing of others. */
export function requestOf(label: string): { readonly request?: RequestData } {
  const parts = parseRequestLabel(label);
  if (parts === undefined) return {};
  return { request: { route: requestLabel({ ...parts, outcome: "ok" }), outcome: parts.outcome } };
}

/** Statistics of a series, and of its processes by index. */
interface SeriesStatistics {
  readonly statistics: DurationStatistics;
  readonly processes: Map<number, DurationStatistics>;
}

/**
 * Reads exact statistics of the series with these indices, by index. `isAll`: there are no others.
 */
async function readStatistics(
  source: Source,
  chosen: ReadonlySet<number>,
  isAll: boolean,
): Promise<Map<number, SeriesStatistics>> {
  if (chosen.size === 0) return new Map();
  const rows = await source.rows<DurationStatistics & { series: number; process: number | null; whole: boolean }>(`
    WITH chosen AS (${numberedLabels(source, chosen)})
    SELECT * EXCLUDE (quantiles),
      quantiles[1] AS p50, quantiles[2] AS p90, quantiles[3] AS p99, quantiles[4] AS p999
    FROM (
      SELECT Label, process::DOUBLE AS process, grouping(process) = 1 AS whole,
        count(*)::DOUBLE AS count, sum(Measurement) AS sum, avg(Measurement) AS mean,
        min(Measurement) AS min, max(Measurement) AS max,
        quantile_cont(Measurement, [0.5, 0.9, 0.99, 0.999]) AS quantiles
      FROM ${source.durations.relation} ${isAll ? "" : "WHERE Label IN (SELECT Label FROM chosen)"}
      GROUP BY GROUPING SETS ((Label), (Label, process))
    ) JOIN chosen USING (Label) ORDER BY series, whole DESC, process`);
  const result = new Map<number, SeriesStatistics>();
  for (const row of rows) {
    const statistics = roundStatistics(row);
    if (row.whole) result.set(row.series, { statistics, processes: new Map() });
    else result.get(row.series)!.processes.set(row.process!, statistics);
  }
  return result;
}

/**
 * Keeps the smallest and largest value exact, and 9 digits of the others: more than any clock has.
 */
function roundStatistics({ count, sum, mean, min, p50, p90, p99, p999, max }: DurationStatistics): DurationStatistics {
  const [s, m, a, b, c, d] = [sum, mean, p50, p90, p99, p999].map((value) => toDigits(9, value));
  return { count, sum: s!, mean: m!, min, p50: a!, p90: b!, p99: c!, p999: d!, max };
}

/**
 * SQL of a table with the labels of these indices (among all labels, sorted), and the index as
 * `series`.
 */
function numberedLabels(source: Source, chosen: ReadonlySet<number>): string {
  return `SELECT * FROM (
    SELECT Label, (row_number() OVER (ORDER BY Label) - 1)::INTEGER AS series
    FROM (SELECT DISTINCT Label FROM ${source.durations.relation})
  ) WHERE series IN (${[...chosen].join(", ")})`;
}

/** Cells by the index of their series and that of the process. */
type CellsBySeries = Map<number, Map<number, DurationCells>>;

/**
 * Counts the durations of the series with these indices, bin by bin. `isAll`: there are no others.
 */
async function readCells(
  source: Source,
  chosen: ReadonlySet<number>,
  isAll: boolean,
  { from }: ShownTime,
  { width }: Bins,
): Promise<CellsBySeries> {
  const result: CellsBySeries = new Map();
  if (chosen.size === 0) return result;
  const table = await source.query(`
    WITH chosen AS (${numberedLabels(source, chosen)})
    SELECT * EXCLUDE (Label) FROM (
      SELECT Label, process::DOUBLE AS process, ((Timepoint - ${from}) // ${width})::DOUBLE AS bin,
        ${DURATION_BUCKETS.indexInSql("Measurement")} AS bucket, count(*)::DOUBLE AS rows,
        min(Measurement) AS min, max(Measurement) AS max, sum(Measurement) AS sum
      FROM ${source.durations.relation} ${isAll ? "" : "WHERE Label IN (SELECT Label FROM chosen)"}
      GROUP BY ALL
    ) JOIN chosen USING (Label) ORDER BY series, process, bin, bucket`);
  const { series, process, bin, bucket, rows, min, max, sum } = table.columns() as Record<string, ArrayLike<number>>;
  let cells = emptyCells();
  let [lastSeries, lastProcess] = [-1, -1];
  for (let i = 0; i < series!.length; i++) {
    if (series![i] !== lastSeries || process![i] !== lastProcess) {
      [lastSeries, lastProcess] = [series![i]!, process![i]!];
      cells = emptyCells();
      result.set(lastSeries, (result.get(lastSeries) ?? new Map()).set(lastProcess, cells));
    }
    addBucket(cells, bin![i]!, bucket![i]!, rows![i]!, min![i]!, max![i]!, sum![i]!);
  }
  for (const processes of result.values()) {
    for (const { sum } of processes.values() as Iterable<MutableCells>) {
      for (const [i, value] of sum.entries()) sum[i] = toDigits(7, value);
    }
  }
  return result;
}

type MutableCells = { bin: number[]; min: number[]; max: number[]; sum: number[]; buckets: number[][] };

function emptyCells(): MutableCells {
  return { bin: [], min: [], max: [], sum: [], buckets: [] };
}

/** Adds a bucket; they must come in the order of bins and buckets. */
function addBucket(
  cells: MutableCells,
  bin: number,
  bucket: number,
  rows: number,
  min: number,
  max: number,
  sum: number,
): void {
  const last = cells.bin.length - 1;
  const described = [bucket, rows, partOfBucket(bucket, min), partOfBucket(bucket, max)];
  if (cells.bin[last] !== bin) {
    cells.bin.push(bin);
    cells.min.push(min);
    cells.max.push(max);
    cells.sum.push(sum);
    cells.buckets.push(described);
    return;
  }
  cells.min[last] = Math.min(cells.min[last]!, min);
  cells.max[last] = Math.max(cells.max[last]!, max);
  cells.sum[last]! += sum;
  cells.buckets[last]!.push(...described);
}
