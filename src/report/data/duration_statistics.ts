import { DURATION_BUCKETS } from "../shared/duration_buckets.ts";
import {
  BUCKET_BYTES,
  DURATION_CELL_BYTES,
  filledBinsInSql,
  LONG_LABEL_BYTES,
  longLabelBytes,
  MAX_STATISTICS,
} from "./cost.ts";
import type { SeriesCost } from "./plan.ts";
import type { DurationStatistics } from "../shared/report_data.ts";
import { toDigits } from "./rounding.ts";
import type { Source } from "./source.ts";
import type { Bins, ShownTime } from "./time_axis.ts";

/** A series of durations before it is looked at in detail. Its weight is its sum. */
export interface DurationSeries extends SeriesCost {
  readonly label: string;
  /** How many processes contributed. */
  readonly processes: number;
}

/** All series of durations, in the order of their labels, and what it would cost to show them on each axis. */
export async function readDurationSeries(
  source: Source,
  { from }: ShownTime,
  axes: readonly Bins[],
): Promise<DurationSeries[]> {
  // Counted in the widest bins. How many of the narrower ones within such a bin hold something follows from how many rows it has.
  const widest = axes.at(-1)!.width;
  const estimate = (rows: string, bytes: number): string[] =>
    axes.map(({ width }, i) => `sum(${bytes} * ${filledBinsInSql(rows, widest / width)}) AS ${rows}${i}`);
  const rows = await source.rows<Record<string, number> & { Label: string }>(`
    WITH histogram AS (
      SELECT Label, PID, (Timepoint - ${from}) // ${widest} AS bin, ${
    DURATION_BUCKETS.indexInSql("Measurement")
  } AS bucket,
        count(*)::DOUBLE AS inBucket, sum(Measurement) AS sum
      FROM ${source.durations.relation} GROUP BY ALL
    ), cells AS (
      SELECT Label, PID, sum(sum) AS sum, ${estimate("inBucket", BUCKET_BYTES).join(", ")}, sum(inBucket) AS inCell
      FROM histogram GROUP BY Label, PID, bin
    )
    SELECT Label, sum(sum) AS sum, count(DISTINCT PID)::DOUBLE AS processes, ${
    estimate("inCell", DURATION_CELL_BYTES).join(", ")
  },
      ${axes.map((_, i) => `sum(inBucket${i}) AS inBucket${i}`).join(", ")}
    FROM cells GROUP BY Label ORDER BY Label`);
  return rows.map((row) => ({
    label: row.Label,
    weight: row["sum"]!,
    processes: row["processes"]!,
    bytes: axes.map((_, i) => row[`inBucket${i}`]! + row[`inCell${i}`]!),
  }));
}

/** Which series there is room for: those with the largest sums come first, and labels that are too long are left out. */
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

/** Statistics of a series and of its parts by process. */
export interface SeriesStatistics {
  readonly statistics: DurationStatistics;
  readonly processes: Map<number, DurationStatistics>;
}

/** Exact statistics of the series with these indices (in the order of the labels). `isAll`: there are no others. */
export async function readStatistics(
  source: Source,
  chosen: ReadonlySet<number>,
  isAll: boolean,
): Promise<Map<number, SeriesStatistics>> {
  if (chosen.size === 0) return new Map();
  const rows = await source.rows<DurationStatistics & { series: number; PID: bigint; whole: boolean }>(`
    WITH chosen AS (${numberedLabels(source, chosen)})
    SELECT * EXCLUDE (quantiles), quantiles[1] AS p50, quantiles[2] AS p90, quantiles[3] AS p99, quantiles[4] AS p999 FROM (
      SELECT Label, PID, grouping(PID) = 1 AS whole, count(*)::DOUBLE AS count, sum(Measurement) AS sum, avg(Measurement) AS mean,
        min(Measurement) AS min, max(Measurement) AS max,
        quantile_cont(Measurement, [0.5, 0.9, 0.99, 0.999]) AS quantiles
      FROM ${source.durations.relation} ${isAll ? "" : "WHERE Label IN (SELECT Label FROM chosen)"}
      GROUP BY GROUPING SETS ((Label), (Label, PID))
    ) JOIN chosen USING (Label) ORDER BY series, whole DESC, PID`);
  const result = new Map<number, SeriesStatistics>();
  for (const row of rows) {
    const statistics = roundStatistics(row);
    if (row.whole) result.set(row.series, { statistics, processes: new Map() });
    else result.get(row.series)!.processes.set(Number(row.PID), statistics);
  }
  return result;
}

/** SQL of a table of the labels with these indices in their order, and of the indices (`series`). */
export function numberedLabels(source: Source, chosen: ReadonlySet<number>): string {
  return `SELECT * FROM (
    SELECT Label, (row_number() OVER (ORDER BY Label) - 1)::INTEGER AS series
    FROM (SELECT DISTINCT Label FROM ${source.durations.relation})
  ) WHERE series IN (${[...chosen].join(", ")})`;
}

/** Smallest and largest stay as they are; the others have 9 digits, more than any clock. */
function roundStatistics({ count, sum, mean, min, p50, p90, p99, p999, max }: DurationStatistics): DurationStatistics {
  const [s, m, a, b, c, d] = [sum, mean, p50, p90, p99, p999].map((value) => toDigits(9, value));
  return { count, sum: s!, mean: m!, min, p50: a!, p90: b!, p99: c!, p999: d!, max };
}
