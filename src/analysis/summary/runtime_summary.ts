import { aggregates, measured, toStatistics } from "../frames/description.ts";
import { isFromPython, isOfIsolate, RUNTIME_SERIES, type RuntimeSeries, runtimeSeriesOf } from "../../series.ts";
import type { Selection } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";

/** A runtime series of one process. Only `rows` includes observations of NaN. */
export interface RuntimeSummary extends RuntimeSeries {
  /** The process. */
  readonly pid: number;
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
   * Of a counter: the sum of its increases from each observation to the next. Where it decreases it
   * was restarted, and what it counted before its next observation is unknown and left out. NaN if
   * the counters of several isolates are mixed.
   */
  readonly growth?: number;
}

/**
 * Summarizes the runtime series of each process, in the order of {@linkcode RUNTIME_SERIES}, then
 * by label.
 */
export async function summarizeRuntime(db: TelemetryDB, selection: Selection): Promise<RuntimeSummary[]> {
  const frame = db.runtime().where(selection);
  const table = await frame.sql(
    `SELECT Label, PID, count(*) AS observations, ${aggregates([])}, min(Timepoint) AS first, max(Timepoint) AS last,
       arg_max(Measurement, Timepoint) AS latest, coalesce(fsum(greatest(step, 0)), 0) AS growth,
       count(step)::DOUBLE AS steps, (count(*) FILTER (step < 0))::DOUBLE AS resets
     FROM (
       SELECT *, m - lag(m) OVER (PARTITION BY Label, PID ORDER BY m IS NULL, Timepoint, m) AS step
       FROM ${measured(frame.relation)}
     ) GROUP BY Label, PID ORDER BY Label, PID`,
  );
  const rows = table.rows();
  const pythons = rows.length === 0 ? new Set() : await pythonProcesses(db, selection);
  const summaries = rows.map((row): RuntimeSummary => {
    const { count, mean, min, max, sum } = toStatistics(row, []);
    const pid = Number(row.PID);
    const series = runtimeSeriesOf(row.Label as string, pythons.has(pid));
    return {
      ...series,
      pid,
      rows: Number(row.observations),
      first: row.first as bigint,
      last: row.last as bigint,
      ...{ count, mean, min, max, sum },
      latest: row.latest as number,
      ...series.kind === "counter"
        ? {
          growth: isOfIsolate(series.label) && isMixed(row.steps as number, row.resets as number)
            ? NaN
            : row.growth as number,
        }
        : {},
    };
  });
  const place = ({ label }: RuntimeSummary): number => {
    const index = RUNTIME_SERIES.findIndex((series) => series.label === label);
    return index < 0 ? RUNTIME_SERIES.length : index;
  };
  return summaries.sort((one, other) => place(one) - place(other));
}

/**
 * The processes that the Python original recorded. All their series are examined, whichever are
 * selected.
 */
async function pythonProcesses(db: TelemetryDB, { pids }: Selection): Promise<Set<number>> {
  const { relation } = db.runtime().where(pids === undefined ? {} : { pids });
  const rows = (await db.sql(`SELECT DISTINCT PID, Label FROM ${relation}`)).rows();
  const byPid = Map.groupBy(rows, ({ PID }) => Number(PID));
  const isPython = (of: typeof rows): boolean => isFromPython(new Set(of.map(({ Label }) => Label as string)));
  return new Set([...byPid].filter(([, of]) => isPython(of)).map(([pid]) => pid));
}

/**
 * A counter that decreases at more than this share of its steps, and more than once, is a mix of
 * the counters of several isolates; one that rarely does was restarted.
 */
const MAX_RESETS = 0.02;

/**
 * Whether a counter that decreased at `resets` of its `steps` is a mix of those of several
 * isolates.
 */
export function isMixed(steps: number, resets: number): boolean {
  return resets > Math.max(1, MAX_RESETS * steps);
}
