import { double, literal } from "../duckdb/sql.ts";
import type { TelemetryFrame } from "../frames/telemetry_frame.ts";

/** A request that is examined. */
export interface Request {
  readonly slow: boolean;
  readonly pid: bigint;
  /** ns since 1970. */
  readonly start: bigint;
  /** ns since 1970. */
  readonly end: bigint;
}

/** Durations that a time can be computed with: under 285 years, and not before 1970. */
export const TIMED = "Measurement BETWEEN 0 AND 9e9 AND Timepoint >= 0";

/** When a duration began, ns since 1970. */
export const START = "Timepoint - round(Measurement * 1e9)::BIGINT";

/** What was found. */
interface FoundRequests {
  /** A request that took longer, in seconds, is slow. */
  readonly threshold: number;
  /** How many there are. */
  readonly counts: { readonly slow: number; readonly others: number };
  /** Those that are examined: the same ones each time. */
  readonly requests: readonly Request[];
}

/** Slow requests there should be at least, if they are no more than a tenth of all: of fewer nothing can be told. */
const FEWEST_SLOW = 20;

/**
 * Draws `examine` of the slowest requests of a label, which are a `share` of all (or more, so that there are enough of them), and as many of the
 * others; `undefined` if there are none of that label. Reads the frame twice.
 */
export async function findRequests(
  frame: TelemetryFrame,
  label: string,
  share: number,
  examine: number,
): Promise<FoundRequests | undefined> {
  const series = `${frame.relation} WHERE Label = ${literal(label)} AND ${TIMED}`;
  const [slowest] = (await frame.sql(
    `SELECT quantile_disc(Measurement, ${double(1 - share)}) AS slowest, quantile_disc(Measurement, 0.9) AS tenth,
      list_min(max(Measurement, ${FEWEST_SLOW + 1})) AS fewest FROM ${series}`,
  )).rows() as [{ slowest: number | null; tenth: number; fewest: number }];
  if (slowest.slowest === null) return undefined;
  const threshold = Math.min(slowest.slowest, Math.max(slowest.tenth, slowest.fewest));
  const isSlow = `Measurement > ${double(threshold)}`;
  // Drawn by a hash: without an order that has to do with what they are, and yet the same each time.
  const draw =
    `min_by({'pid': PID, 'start': ${START}, 'end': Timepoint}, hash(Timepoint, PID, Measurement), ${examine})`;
  const [row] = (await frame.sql(
    `SELECT count(*) FILTER (${isSlow}) AS slowCount, count(*) AS total,
      ${draw} FILTER (${isSlow}) AS slow, ${draw} FILTER (NOT ${isSlow}) AS others
    FROM ${series}`,
  )).rows();
  const { slowCount, total, slow, others } = row!;
  return {
    threshold,
    counts: { slow: Number(slowCount), others: Number(total) - Number(slowCount) },
    requests: [...drawn(slow, true), ...drawn(others, false)],
  };
}

function drawn(list: unknown, slow: boolean): Request[] {
  const members = (list ?? []) as readonly Omit<Request, "slow">[];
  return members.map((member) => ({ ...member, slow }));
}

/** The requests as a relation with the columns id, slow, pid, start and end. There must be one. */
export function requestRows(requests: readonly Request[]): string {
  const rows = requests.map(({ slow, pid, start, end }, id) =>
    `(${id}, ${slow}, ${pid}::BIGINT, ${start}::BIGINT, ${end}::BIGINT)`
  );
  return `(VALUES ${rows.join(", ")}) AS request(id, slow, pid, "start", "end")`;
}

/** What is selected of a relation with the columns id, slow, Label and time (ns of a request that were within something). */
export const SUMMED = `Label,
  coalesce(sum(time) FILTER (slow), 0)::DOUBLE / 1e9 AS slowTime,
  coalesce(sum(time) FILTER (NOT slow), 0)::DOUBLE / 1e9 AS otherTime,
  count(DISTINCT id) FILTER (slow AND time > 0) AS slowMet,
  count(DISTINCT id) FILTER (NOT slow AND time > 0) AS othersMet`;
