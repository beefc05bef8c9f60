/**
 * The labels of a run: their distributions, and how they went over time from its first row.
 *
 * @module
 */

import { literal } from "../../analysis/duckdb/sql.ts";
import { toDigits } from "../data/size_plan.ts";
import type { Source } from "../data/source.ts";
import type { Bins, ShownTime } from "../data/time_axis.ts";
import type { LabelRun } from "../shared/difference_data.ts";
import { DURATION_BUCKETS } from "../shared/report_buckets.ts";

/** A label that is read. */
export interface WantedLabel {
  readonly label: string;
  /** Bins in each of its cells. */
  readonly step: number;
}

/** A row of the query: the whole run, or a cell of its time. */
interface CellRow {
  readonly series: number;
  readonly cell: number | null;
  readonly whole: boolean;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly quantiles: readonly [number, number, number];
}

/** Lists that are filled. */
type Filling = { -readonly [Key in "buckets" | "cells" | "counts" | "p50s" | "p99s"]: number[] };

/** Reads the labels that a run has of those wanted, by label, in two scans. */
export async function readLabelRuns(
  source: Source,
  { from, to }: ShownTime,
  { width }: Bins,
  wanted: readonly WantedLabel[],
): Promise<Map<string, Omit<LabelRun, "run">>> {
  const found = new Map<string, Omit<LabelRun, "run">>();
  if (wanted.length === 0) return found;
  const values = wanted.map(({ label, step }, index) => `(${literal(label)}, ${index}, ${step})`).join(", ");
  const own = `(SELECT series, Measurement, ((Timepoint - ${from}) // ${width} // step)::DOUBLE AS cell
    FROM ${source.durations.relation} JOIN (VALUES ${values}) AS wanted(Label, series, step) USING (Label)
    WHERE Timepoint BETWEEN ${from} AND ${to})`;
  const rows = await source.rows<CellRow>(`
    SELECT series, cell, grouping(cell) = 1 AS whole, count(*)::DOUBLE AS count,
      min(Measurement) AS min, max(Measurement) AS max, quantile_cont(Measurement, [0.5, 0.9, 0.99]) AS quantiles
    FROM ${own} GROUP BY GROUPING SETS ((series), (series, cell)) ORDER BY series, whole DESC, cell`);
  const lists = new Map<number, Filling>();
  for (const { series, cell, whole, count, min, max, quantiles } of rows) {
    const [p50, p90, p99] = quantiles.map((value) => toDigits(9, value)) as [number, number, number];
    if (whole) {
      const filling: Filling = { buckets: [], cells: [], counts: [], p50s: [], p99s: [] };
      lists.set(series, filling);
      found.set(wanted[series]!.label, { count, min, p50, p90, p99, max, ...filling });
      continue;
    }
    const { cells, counts, p50s, p99s } = lists.get(series)!;
    cells.push(cell!);
    counts.push(count);
    p50s.push(toDigits(4, p50));
    p99s.push(toDigits(4, p99));
  }
  const buckets = await source.rows<{ series: number; bucket: number; count: number }>(`
    SELECT series, (${DURATION_BUCKETS.indexInSql("Measurement")})::DOUBLE AS bucket, count(*)::DOUBLE AS count
    FROM ${own} GROUP BY ALL ORDER BY series, bucket`);
  for (const { series, bucket, count } of buckets) lists.get(series)!.buckets.push(bucket, count);
  return found;
}
