/**
 * The slowest samples of each duration series of a report, and what overlapped them.
 *
 * @module
 */

import type { TelemetryDB } from "../../analysis/mod.ts";
import { literal } from "../../analysis/duckdb/sql.ts";
import { type Overlap, readOverlaps, TIMED, type TimedSample } from "../../analysis/slow/overlaps.ts";
import type { DurationData, OverlapData, SlowSampleData } from "../shared/report_data.ts";
import { outgoingLabel, recordedSeries, type Source } from "./source.ts";
import { toDigits } from "./size_plan.ts";
import type { ShownTime } from "./time_axis.ts";

/** Series whose slowest samples are shown, those with the largest sums. They take some 50 kB. */
const MOST_SERIES = 100;

/** Samples of each. */
const MOST_SAMPLES = 3;

/** Overlaps of each kind that are read of a sample, and of all kinds that are shown. */
const MOST_OVERLAPS = 5;

/** Overlaps that take less of a sample than this are not shown. */
const LEAST_SHARE = 0.01;

/** A row of the query. */
interface SampleRow {
  readonly Label: string;
  readonly process: number;
  readonly duration: number;
  readonly end: bigint;
  readonly pid: bigint;
  readonly isolate: string;
}

/** Adds their slowest samples to the series with the largest sums, which come first. */
export async function withSlowest(
  durations: readonly DurationData[],
  { db, source, range: { from } }: { readonly db: TelemetryDB; readonly source: Source; readonly range: ShownTime },
): Promise<DurationData[]> {
  const shown = durations.slice(0, MOST_SERIES);
  if (shown.length === 0) return [];
  // To rank all durations takes a fourth of the time of a report: those below a quantile that is known,
  // with enough samples above it, are none of the slowest.
  const least = shown.map(leastOf);
  const values = shown.map(({ label }, i) => `(${literal(label)}, ${least[i]!})`);
  const rows = await source.rows<SampleRow>(`
    SELECT Label, unnest(slowest, recursive := true) FROM (
      SELECT Label, max_by({
          'process': process::DOUBLE, 'duration': Measurement, 'end': Timepoint, 'pid': PID, 'isolate': Isolate
        }, (Measurement, -Timepoint, PID, Isolate), ${MOST_SAMPLES}) AS slowest
      FROM ${source.durations.where(`Measurement >= ${Math.min(...least)}`).relation}
      JOIN (VALUES ${values.join(", ")}) AS shown(Label, least) USING (Label)
      WHERE ${TIMED} AND Measurement >= least GROUP BY Label
    )`);
  const overlaps = await readOverlaps(db, rows.map(toSample), { most: MOST_OVERLAPS });
  const byLabel = Map.groupBy(rows.keys(), (i) => rows[i]!.Label);
  return durations.map((of) => {
    const slowest = (byLabel.get(of.label) ?? []).map((i): SlowSampleData => {
      const { process, duration, end } = rows[i]!;
      return {
        process,
        duration: toDigits(9, duration),
        end: Number(end - from),
        overlaps: shownOf(overlaps[i]!, duration),
      };
    });
    return slowest.length === 0 ? of : { ...of, slowest };
  });
}

/** What the slowest samples of a series take at least; a little less, since quantiles are rounded. */
function leastOf({ statistics: { count, min, p99, p999 } }: DurationData): number {
  const enough = 10 * MOST_SAMPLES;
  const known = count >= 1_000 * enough ? p999 : count >= 100 * enough ? p99 : min;
  return known - Math.abs(known) * 1e-6;
}

function toSample({ Label, duration, end, pid, isolate }: SampleRow): TimedSample {
  const start = end - BigInt(Math.round(duration * 1e9));
  return { ...recordedSeries(Label), pid: Number(pid), isolate, start, end };
}

/** What is shown of the overlaps: what only ran at the same time comes last. */
function shownOf(overlaps: readonly Overlap[], duration: number): OverlapData[] {
  const isBeside = ({ position }: Overlap): boolean => position !== undefined && position !== "within";
  return overlaps.filter(({ time }) => time >= LEAST_SHARE * duration)
    .sort((one, other) => Number(isBeside(one)) - Number(isBeside(other)))
    .slice(0, MOST_OVERLAPS)
    .map(({ kind, label, position, count, time }) => ({
      kind,
      label: kind === "client" ? outgoingLabel(label) : label,
      ...position !== undefined && { position },
      count,
      time: toDigits(4, time),
    }));
}
