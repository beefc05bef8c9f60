import { aggregates, measured, toStatistics } from "../frames/description.ts";
import { isFromPython, RUNTIME_SERIES, type RuntimeSeries, runtimeSeriesOf } from "../../series.ts";
import { RECORDING } from "../../recording_switch.ts";
import { type ProcessId, processKey } from "../../files/names.ts";
import { literal } from "../duckdb/sql.ts";
import { processOf } from "../frames/processes.ts";
import { afterSwitches, IS_SWITCH_LABEL } from "../frames/switches.ts";
import type { Selection } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";

/** A runtime series of one process. Only `rows` includes observations of NaN. */
export interface RuntimeSummary extends RuntimeSeries, ProcessId {
  /** Number of observations, including NaN. */
  readonly rows: number;
  /** Number of observations other than NaN. */
  readonly count: number;
  /** Earliest timepoint, ns since 1970. */
  readonly first: bigint;
  /** Latest timepoint, ns since 1970. */
  readonly last: bigint;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** Measurement with the latest timepoint. */
  readonly latest: number;
  /**
   * Of a counter: how much it grew from its first observation to its last, while it was recorded.
   * NaN if it decreases: then rows whose isolate is not known, as in layout `append`, are of
   * several processes.
   */
  readonly growth?: number;
}

/** The rows of the channel `runtime`. */
export interface RuntimeRows {
  /** Its series of each process, in the order of {@linkcode RUNTIME_SERIES}, then by label. */
  readonly series: readonly RuntimeSummary[];
  /** The rows that say when recording was off, which are no series, by label and process. */
  readonly switches: readonly Pick<RuntimeSummary, "pid" | "isolate" | "rows" | "first" | "last">[];
}

/** Summarizes the selected rows of the channel `runtime`. */
export async function summarizeRuntime(db: TelemetryDB, selection: Selection): Promise<RuntimeRows> {
  const frame = db.runtime().where(selection);
  const table = await frame.sql(
    `SELECT Label, PID, Isolate, count(*) AS observations, ${
      aggregates([])
    }, min(Timepoint) AS first, max(Timepoint) AS last,
       arg_max(Measurement, Timepoint) AS latest,
       CASE WHEN coalesce(min(step), 0) < 0 THEN 'NaN'::DOUBLE ELSE coalesce(fsum(step), 0) END AS growth
     FROM (
       SELECT *, m - lag(m) OVER (PARTITION BY Label, PID, Isolate ORDER BY m IS NULL, Timepoint, m) AS step
       FROM ${measured(withOneSwitch(frame.relation))}
     ) GROUP BY Label, PID, Isolate ORDER BY Label, PID, Isolate`,
  );
  const rows = table.rows();
  const pythons = rows.length === 0 ? new Set() : await pythonProcesses(db, selection);
  const summaries = rows.map((row): RuntimeSummary => {
    const { count, mean, min, max, sum } = toStatistics(row, []);
    const id = processOf(row);
    const series = runtimeSeriesOf(row.Label as string, pythons.has(id.pid));
    return {
      ...series,
      ...id,
      rows: Number(row.observations),
      first: row.first as bigint,
      last: row.last as bigint,
      ...{ count, mean, min, max, sum },
      latest: row.latest as number,
      ...series.kind === "counter" ? { growth: row.growth as number } : {},
    };
  });
  const place = ({ label }: RuntimeSummary): number => {
    const index = RUNTIME_SERIES.findIndex((series) => series.label === label);
    return index < 0 ? RUNTIME_SERIES.length : index;
  };
  const isSwitch = ({ label }: RuntimeSummary): boolean => label === RECORDING;
  return {
    series: summaries.filter((one) => !isSwitch(one)).sort((one, other) => place(one) - place(other)),
    switches: summaries.filter(isSwitch),
  };
}

/** A relation in which all rows that switch recording have one label: there may be many. */
function withOneSwitch(relation: string): string {
  const label = `CASE WHEN ${IS_SWITCH_LABEL} THEN ${literal(RECORDING)} ELSE Label END`;
  return `(SELECT * REPLACE (${label} AS Label) FROM ${relation})`;
}

/**
 * Series with the growth of their counters in the times in which recording was on: what they grew
 * by in a pause nobody has seen, and those of the isolate begin anew after it.
 */
export async function withoutPausedGrowth(
  db: TelemetryDB,
  selection: Selection,
  series: readonly RuntimeSummary[],
): Promise<RuntimeSummary[]> {
  const labels = RUNTIME_SERIES.filter(({ kind }) => kind === "counter").map(({ label }) => literal(label));
  const counters = `(SELECT * FROM ${db.runtime().where(selection).relation} WHERE Label IN (${labels.join(", ")}))`;
  const table = await db.sql(`
    SELECT Label, PID, Isolate,
      CASE WHEN coalesce(min(step), 0) < 0 THEN 'NaN'::DOUBLE ELSE coalesce(fsum(step), 0) END AS growth
    FROM (
      SELECT *, m - lag(m) OVER (PARTITION BY Label, PID, Isolate, offSince ORDER BY m IS NULL, Timepoint, m) AS step
      FROM ${afterSwitches(measured(counters))}
    ) GROUP BY Label, PID, Isolate`);
  const keyOf = (label: string, id: ProcessId): string => `${processKey(id)} ${label}`;
  const growths = new Map(
    table.rows().map((row) => [keyOf(row.Label as string, processOf(row)), row.growth as number]),
  );
  return series.map((one) =>
    one.growth === undefined ? one : { ...one, growth: growths.get(keyOf(one.label, one)) ?? one.growth }
  );
}

/**
 * The processes that the Python original recorded. All their series are examined, whichever are
 * selected.
 */
async function pythonProcesses(db: TelemetryDB, { pids, isolates }: Selection): Promise<Set<number>> {
  const { relation } = db.runtime().where({ ...pids && { pids }, ...isolates && { isolates } });
  const rows = (await db.sql(`SELECT DISTINCT PID, Label FROM ${relation}`)).rows();
  const byPid = Map.groupBy(rows, ({ PID }) => Number(PID));
  const isPython = (of: typeof rows): boolean => isFromPython(new Set(of.map(({ Label }) => Label as string)));
  return new Set([...byPid].filter(([, of]) => isPython(of)).map(([pid]) => pid));
}
