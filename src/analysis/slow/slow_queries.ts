/**
 * The SQL behind {@linkcode correlateSlow}: it draws the requests to examine, and computes how much
 * of their time lay within other durations, event-loop lags and pauses for garbage collection.
 *
 * @module
 */

import { IS_SWITCH_LABEL } from "../frames/switches.ts";
import { double, literal } from "../duckdb/sql.ts";
import type { TelemetryFrame } from "../frames/telemetry_frame.ts";
import { LAG_PROBE_INTERVAL, SERIES } from "../../series.ts";

/** A request whose time is examined. */
export interface Request {
  readonly slow: boolean;
  readonly pid: bigint;
  readonly isolate: string;
  /** ns since 1970. */
  readonly start: bigint;
  /** ns since 1970. */
  readonly end: bigint;
}

/**
 * SQL condition of durations whose start can be computed: 0 to 285 years, timepoint not before
 * 1970.
 */
const TIMED = "Measurement BETWEEN 0 AND 9e9 AND Timepoint >= 0";

/** SQL of the start of a duration, ns since 1970. */
const START = "Timepoint - round(Measurement * 1e9)::BIGINT";

/** The requests of a label, and those of them to examine. */
interface FoundRequests {
  /** A request that took longer than this, in seconds, is slow. */
  readonly threshold: number;
  /** Numbers of requests. */
  readonly counts: { readonly slow: number; readonly others: number };
  /** The requests to examine; the same on each call. */
  readonly requests: readonly Request[];
}

/**
 * The least number of slow requests, as long as it is no more than a tenth of all; fewer would mean
 * nothing.
 */
const MIN_SLOW = 20;

/**
 * Draws at most `examine` slow requests of a label and as many others. The slow ones are a `share`
 * of all requests, or more if that is fewer than {@linkcode MIN_SLOW}. Returns `undefined` if the
 * label has no durations. Reads the frame twice.
 */
export async function drawRequests(
  frame: TelemetryFrame,
  label: string,
  share: number,
  examine: number,
): Promise<FoundRequests | undefined> {
  const series = `${frame.relation} WHERE Label = ${literal(label)} AND ${TIMED}`;
  const [slowest] = (await frame.sql(
    `SELECT quantile_disc(Measurement, ${double(1 - share)}) AS slowest, quantile_disc(Measurement, 0.9) AS tenth,
      list_min(max(Measurement, ${MIN_SLOW + 1})) AS fewest FROM ${series}`,
  )).rows() as [{ slowest: number | null; tenth: number; fewest: number }];
  if (slowest.slowest === null) return undefined;
  const threshold = Math.min(slowest.slowest, Math.max(slowest.tenth, slowest.fewest));
  const isSlow = `Measurement > ${double(threshold)}`;
  // Drawn by a hash: pseudo-random, and yet the same on each call.
  const draw =
    `min_by({'pid': PID, 'isolate': Isolate, 'start': ${START}, 'end': Timepoint}, hash(Timepoint, PID, Isolate, Measurement), ${examine})`;
  const [row] = (await frame.sql(
    `SELECT count(*) FILTER (${isSlow}) AS slowCount, count(*) AS total,
      ${draw} FILTER (${isSlow}) AS slow, ${draw} FILTER (NOT ${isSlow}) AS others
    FROM ${series}`,
  )).rows();
  const { slowCount, total, slow, others } = row!;
  return {
    threshold,
    counts: { slow: Number(slowCount), others: Number(total) - Number(slowCount) },
    requests: [...toRequests(slow, true), ...toRequests(others, false)],
  };
}

function toRequests(list: unknown, slow: boolean): Request[] {
  const members = (list ?? []) as readonly Omit<Request, "slow">[];
  return members.map((member) => ({ ...member, slow }));
}

/**
 * Number of equal slots in the summed time of all requests: durations are joined to requests by
 * slot.
 */
const SLOTS = 20_000n;

/**
 * SQL of the time of the requests that lay within other durations of the same process, by label.
 * Only durations that lie wholly within a request count, and overlaps count once. `label`, that of
 * the requests, is left out. Reads the relation once.
 */
export function durationsQuery(relation: string, label: string, requests: readonly Request[]): string {
  const time = requests.reduce((sum, { start, end }) => sum + (end - start), 0n);
  const width = time / SLOTS + 1n;
  const own = literal(label);
  return `
    WITH request AS MATERIALIZED (FROM ${requestRows(requests)}),
    slotted AS (SELECT *, unnest(range("start" // ${width}, "end" // ${width} + 1)) AS slot FROM request),
    duration AS (
      SELECT Label, PID, Isolate, ${START} AS "from", Timepoint AS "to" FROM ${relation} WHERE ${TIMED} AND Label <> ${own}
    ),
    inside AS (
      SELECT id, slow, Label, "from", "to" FROM duration JOIN slotted
      ON duration.PID = slotted.pid AND duration.Isolate = slotted.isolate AND "to" // ${width} = slot AND "from" >= "start" AND "to" <= "end"
    ),
    covered AS (
      SELECT id, slow, Label, greatest(0, "to" - greatest("from", coalesce(max("to") OVER earlier, "from"))) AS time FROM inside
      WINDOW earlier AS (PARTITION BY id, Label ORDER BY "from", "to" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    SELECT ${SUMMED} FROM covered GROUP BY Label ORDER BY Label`;
}

/**
 * Lags of at least this many seconds are recorded when they happen, so that their time is known.
 */
const MIN_TIMED_LAG = LAG_PROBE_INTERVAL / 1e3;

/**
 * SQL of the time of the requests that lay within event-loop lags. A lag recorded at t began when
 * the timer was due: at t minus the lag.
 */
export function lagsQuery(relation: string, requests: readonly Request[]): string {
  const label = literal(SERIES.eventLoopLag);
  return overlapQuery(requests, {
    label,
    recorded: `FROM ${relation} WHERE Label = ${label}`,
    knots: `
      lag AS (
        SELECT PID, Isolate, Timepoint - round(Measurement * 1e9)::BIGINT AS "from", Timepoint AS "to" FROM ${relation}
        WHERE Label = ${label} AND Measurement BETWEEN ${MIN_TIMED_LAG} AND 9e9 AND Timepoint >= 0
      ),
      marked AS (
        SELECT *, coalesce("from" > max("to") OVER (
          PARTITION BY PID, Isolate ORDER BY "from", "to" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), true) AS isNew FROM lag
      ),
      numbered AS (
        SELECT *, sum(isNew::INTEGER) OVER (PARTITION BY PID, Isolate ORDER BY "from", "to" ROWS UNBOUNDED PRECEDING) AS stretch FROM marked
      ),
      merged AS (SELECT PID, Isolate, min("from") AS "from", max("to") AS "to" FROM numbered GROUP BY PID, Isolate, stretch),
      summed AS (SELECT *, sum("to" - "from") OVER (PARTITION BY PID, Isolate ORDER BY "from")::DOUBLE AS total FROM merged),
      knot AS (
        SELECT PID, Isolate, "from" AS point, total - ("to" - "from") AS total FROM summed UNION ALL SELECT PID, Isolate, "to", total FROM summed
      )`,
  });
}

/**
 * SQL of the time of the requests that lay within pauses for garbage collection. A pause is
 * recorded at the sampling tick after it, so it counts as spread uniformly over the time between
 * that tick and the one before, or the moment when recording was switched on.
 */
export function gcPausesQuery(relation: string, requests: readonly Request[]): string {
  const pause = literal(SERIES.gcPause);
  return overlapQuery(requests, {
    label: pause,
    recorded: "FROM knot",
    knots: `
      tick AS (
        SELECT PID, Isolate, Timepoint AS point,
          coalesce(sum(Measurement) FILTER (Label = ${pause} AND Measurement BETWEEN 0 AND 9e9), 0) * 1e9 AS pauses
        FROM ${relation} WHERE Label IN (${pause}, ${literal(SERIES.gcCollections)}) OR ${IS_SWITCH_LABEL}
        GROUP BY PID, Isolate, Timepoint
      ),
      timed AS (SELECT *, point - lag(point) OVER (PARTITION BY PID, Isolate ORDER BY point) AS length FROM tick),
      knot AS (
        SELECT PID, Isolate, point, sum(CASE WHEN length IS NULL THEN 0 ELSE least(pauses, length) END) OVER (PARTITION BY PID, Isolate ORDER BY point) AS total
        FROM timed
      )`,
  });
}

/** Time spent in something, as a running total of each process. */
interface RunningTotal {
  /** Label of the series, as an SQL literal. */
  readonly label: string;
  /** A query that has rows if the series was recorded. */
  readonly recorded: string;
  /**
   * Common table expressions, the last of which, `knot`, has the columns PID, Isolate, point and total: the
   * total at that time, ns. Between knots the total grows linearly.
   */
  readonly knots: string;
}

/** SQL of the growth of a running total during the requests. */
function overlapQuery(requests: readonly Request[], { label, recorded, knots }: RunningTotal): string {
  return `
    WITH ${knots},
    segment AS (
      SELECT *, lead(point) OVER later AS nextPoint, lead(total) OVER later AS nextTotal FROM knot
      WINDOW later AS (PARTITION BY PID, Isolate ORDER BY point)
    ),
    request AS (FROM ${requestRows(requests)}),
    edge AS (SELECT id, slow, pid, isolate, "start" AS point, -1 AS sign FROM request UNION ALL SELECT id, slow, pid, isolate, "end", 1 FROM request),
    reached AS (
      SELECT id, slow, sign * coalesce(
        total + coalesce((nextTotal - total) * ((edge.point - segment.point) / (nextPoint - segment.point)), 0), 0
      ) AS time
      FROM edge ASOF LEFT JOIN segment ON edge.pid = segment.PID AND edge.isolate = segment.Isolate AND edge.point >= segment.point
    ),
    grown AS (SELECT ${label} AS Label, id, slow, sum(time) AS time FROM reached GROUP BY id, slow)
    SELECT ${SUMMED} FROM grown WHERE EXISTS (${recorded}) GROUP BY Label`;
}

/** The requests, at least one, as a relation with the columns id, slow, pid, isolate, start and end. */
function requestRows(requests: readonly Request[]): string {
  const rows = requests.map(({ slow, pid, isolate, start, end }, id) =>
    `(${id}, ${slow}, ${pid}::BIGINT, ${literal(isolate)}, ${start}::BIGINT, ${end}::BIGINT)`
  );
  return `(VALUES ${rows.join(", ")}) AS request(id, slow, pid, isolate, "start", "end")`;
}

/**
 * Aggregates of a relation with the columns id, slow, Label and time: ns of a request within
 * something.
 */
const SUMMED = `Label,
  coalesce(sum(time) FILTER (slow), 0)::DOUBLE / 1e9 AS slowTime,
  coalesce(sum(time) FILTER (NOT slow), 0)::DOUBLE / 1e9 AS otherTime,
  count(DISTINCT id) FILTER (slow AND time > 0) AS slowMet,
  count(DISTINCT id) FILTER (NOT slow AND time > 0) AS othersMet`;
