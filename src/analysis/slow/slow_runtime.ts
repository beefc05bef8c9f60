import { literal } from "../duckdb/sql.ts";
import { type Request, requestRows, SUMMED } from "./slow_requests.ts";
import { LAG_PROBE_INTERVAL, SERIES } from "../../series.ts";

/** Lags from this on, in seconds, are observed when they happen; of smaller ones only the largest of each sampling interval is known. */
const OBSERVED_LAG = LAG_PROBE_INTERVAL / 1e3;

/**
 * SQL that tells how much of the requests was within lags of the event loop. A lag that is observed at t began when the timer was due, at t less
 * the lag.
 */
export function lagsQuery(relation: string, requests: readonly Request[]): string {
  const label = literal(SERIES.eventLoopLag);
  return overlapQuery(requests, {
    label,
    recorded: `FROM ${relation} WHERE Label = ${label}`,
    knots: `
      lag AS (
        SELECT PID, Timepoint - round(Measurement * 1e9)::BIGINT AS "from", Timepoint AS "to" FROM ${relation}
        WHERE Label = ${label} AND Measurement BETWEEN ${OBSERVED_LAG} AND 9e9 AND Timepoint >= 0
      ),
      marked AS (
        SELECT *, coalesce("from" > max("to") OVER (
          PARTITION BY PID ORDER BY "from", "to" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), true) AS isNew FROM lag
      ),
      numbered AS (
        SELECT *, sum(isNew::INTEGER) OVER (PARTITION BY PID ORDER BY "from", "to" ROWS UNBOUNDED PRECEDING) AS stretch FROM marked
      ),
      merged AS (SELECT PID, min("from") AS "from", max("to") AS "to" FROM numbered GROUP BY PID, stretch),
      summed AS (SELECT *, sum("to" - "from") OVER (PARTITION BY PID ORDER BY "from")::DOUBLE AS total FROM merged),
      knot AS (
        SELECT PID, "from" AS point, total - ("to" - "from") AS total FROM summed UNION ALL SELECT PID, "to", total FROM summed
      )`,
  });
}

/**
 * SQL that tells how much of the requests would have been within pauses for collections, had these been spread evenly over the time since the
 * sampling tick before that at which they were recorded.
 */
export function collectionsQuery(relation: string, requests: readonly Request[]): string {
  const pause = literal(SERIES.gcPause);
  return overlapQuery(requests, {
    label: pause,
    recorded: "FROM knot",
    knots: `
      tick AS (
        SELECT PID, Timepoint AS point,
          coalesce(sum(Measurement) FILTER (Label = ${pause} AND Measurement BETWEEN 0 AND 9e9), 0) * 1e9 AS pauses
        FROM ${relation} WHERE Label IN (${pause}, ${literal(SERIES.gcCollections)}) GROUP BY PID, Timepoint
      ),
      timed AS (SELECT *, point - lag(point) OVER (PARTITION BY PID ORDER BY point) AS length FROM tick),
      knot AS (
        SELECT PID, point, sum(CASE WHEN length IS NULL THEN 0 ELSE least(pauses, length) END) OVER (PARTITION BY PID ORDER BY point) AS total
        FROM timed
      )`,
  });
}

/** What goes on over time in a process, as a sum that grows. */
interface Progress {
  /** The label of it, as a literal. */
  readonly label: string;
  /** A query that has rows if it was recorded. */
  readonly recorded: string;
  /** Common table expressions, the last of which, `knot`, has the columns PID, point and total: ns until then. Between knots it grows evenly. */
  readonly knots: string;
}

/** SQL that tells by how much something grew during the requests. */
function overlapQuery(requests: readonly Request[], { label, recorded, knots }: Progress): string {
  return `
    WITH ${knots},
    segment AS (
      SELECT *, lead(point) OVER later AS nextPoint, lead(total) OVER later AS nextTotal FROM knot
      WINDOW later AS (PARTITION BY PID ORDER BY point)
    ),
    request AS (FROM ${requestRows(requests)}),
    moment AS (SELECT id, slow, pid, "start" AS point, -1 AS sign FROM request UNION ALL SELECT id, slow, pid, "end", 1 FROM request),
    reached AS (
      SELECT id, slow, sign * coalesce(
        total + coalesce((nextTotal - total) * ((moment.point - segment.point) / (nextPoint - segment.point)), 0), 0
      ) AS time
      FROM moment ASOF LEFT JOIN segment ON moment.pid = segment.PID AND moment.point >= segment.point
    ),
    grown AS (SELECT ${label} AS Label, id, slow, sum(time) AS time FROM reached GROUP BY id, slow)
    SELECT ${SUMMED} FROM grown WHERE EXISTS (${recorded}) GROUP BY Label`;
}
