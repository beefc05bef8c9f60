import { aggregates, measured, toStatistics } from "./description.ts";
import { RUNTIME_SERIES, type RuntimeSeries } from "./runtime_series.ts";
import { literal } from "./sql.ts";
import type { TelemetryDB } from "./telemetry_db.ts";

/** One process's part of a series of the runtime. NaN is only among the `rows`. */
export interface RuntimeSummary extends RuntimeSeries {
  readonly pid: number;
  /** Observations, NaN included. */
  readonly rows: number;
  /** Observations but for NaN. */
  readonly count: number;
  /** ns since 1970. */
  readonly first: bigint;
  /** ns since 1970. */
  readonly last: bigint;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** The last measurement. */
  readonly latest: number;
  /** Of a counter: by how much it grew from the first observation to the last. */
  readonly growth?: number;
  /**
   * Of a counter: whether it once went back, so that it grew by more than is told: several isolates of one process count for themselves, and a
   * PID may be used again.
   */
  readonly wentBack?: boolean;
}

/** Summarizes the series of the runtime, each process for itself, in the order of {@linkcode RUNTIME_SERIES} and then by label. */
export async function summarizeRuntime(db: TelemetryDB, relation: string): Promise<RuntimeSummary[]> {
  const counters = RUNTIME_SERIES.filter(({ kind }) => kind === "counter").map(({ label }) => literal(label)).join(
    ", ",
  );
  const before = "lag(m) OVER (PARTITION BY Label, PID ORDER BY Timepoint, m)";
  const table = await db.sql(
    `SELECT Label, PID, count(*) AS observations, ${aggregates([])}, min(Timepoint) AS first, max(Timepoint) AS last,
       arg_max(Measurement, Timepoint) AS latest, bool_or(backwards) AS backwards
     FROM (SELECT *, Label IN (${counters}) AND m < ${before} AS backwards FROM ${measured(relation)})
     GROUP BY Label, PID ORDER BY Label, PID`,
  );
  const summaries = table.rows().map((row): RuntimeSummary => {
    const { count, mean, min, max, sum } = toStatistics(row, []);
    const series = seriesOf(row.Label as string);
    return {
      ...series,
      pid: Number(row.PID),
      rows: Number(row.observations),
      first: row.first as bigint,
      last: row.last as bigint,
      ...{ count, mean, min, max, sum },
      latest: row.latest as number,
      ...series.kind === "counter" ? { growth: max - min, wentBack: row.backwards === true } : {},
    };
  });
  const place = ({ label }: RuntimeSummary): number => {
    const index = RUNTIME_SERIES.findIndex((series) => series.label === label);
    return index < 0 ? RUNTIME_SERIES.length : index;
  };
  return summaries.sort((one, other) => place(one) - place(other));
}

/** What a series is; of one that nobody knows, it is supposed to be a level. */
function seriesOf(label: string): RuntimeSeries {
  return RUNTIME_SERIES.find((series) => series.label === label) ?? { label, unit: "", kind: "level" };
}
