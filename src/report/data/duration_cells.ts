import { DURATION_BUCKETS } from "../shared/duration_buckets.ts";
import { numberedLabels } from "./duration_statistics.ts";
import type { DurationCells } from "../shared/report_data.ts";
import { toDigits } from "./rounding.ts";
import type { Source } from "./source.ts";
import type { Bins, ShownTime } from "./time_axis.ts";

/** Cells by series (the index of its label) and process. */
export type CellsBySeries = Map<number, Map<number, DurationCells>>;

/** Counts the durations of the series with these indices, bin by bin. `isAll`: there are no others. */
export async function readDurationCells(
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
      SELECT Label, PID::DOUBLE AS pid, ((Timepoint - ${from}) // ${width})::DOUBLE AS bin,
        ${DURATION_BUCKETS.indexInSql("Measurement")} AS bucket, count(*)::DOUBLE AS rows,
        min(Measurement) AS min, max(Measurement) AS max, sum(Measurement) AS sum
      FROM ${source.durations.relation} ${isAll ? "" : "WHERE Label IN (SELECT Label FROM chosen)"}
      GROUP BY ALL
    ) JOIN chosen USING (Label) ORDER BY series, pid, bin, bucket`);
  const { series, pid, bin, bucket, rows, min, max, sum } = table.columns() as Record<string, ArrayLike<number>>;
  let cells = emptyCells();
  let [lastSeries, lastPid] = [-1, -1];
  for (let i = 0; i < series!.length; i++) {
    if (series![i] !== lastSeries || pid![i] !== lastPid) {
      [lastSeries, lastPid] = [series![i]!, pid![i]!];
      cells = emptyCells();
      result.set(lastSeries, (result.get(lastSeries) ?? new Map()).set(lastPid, cells));
    }
    add(cells, bin![i]!, bucket![i]!, rows![i]!, min![i]!, max![i]!, sum![i]!);
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

/** Adds a bucket, the next in the order of bins and buckets. */
function add(
  cells: MutableCells,
  bin: number,
  bucket: number,
  rows: number,
  min: number,
  max: number,
  sum: number,
): void {
  const last = cells.bin.length - 1;
  if (cells.bin[last] !== bin) {
    cells.bin.push(bin);
    cells.min.push(min);
    cells.max.push(max);
    cells.sum.push(sum);
    cells.buckets.push([bucket, rows]);
    return;
  }
  cells.min[last] = Math.min(cells.min[last]!, min);
  cells.max[last] = Math.max(cells.max[last]!, max);
  cells.sum[last]! += sum;
  cells.buckets[last]!.push(bucket, rows);
}
