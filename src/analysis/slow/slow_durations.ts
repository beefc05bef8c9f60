import { type Request, requestRows, START, SUMMED, TIMED } from "./slow_requests.ts";

/** Parts of equal length, about, into which the time of all requests is cut, so that what is in them is found by its part. */
const PARTS = 20_000n;

/**
 * SQL that tells how much of the requests was within other durations of their process: by label, those that lie wholly within a request, and what of
 * them overlaps counted once. Reads the relation once.
 */
export function withinQuery(relation: string, label: string, requests: readonly Request[]): string {
  const time = requests.reduce((sum, { start, end }) => sum + (end - start), 0n);
  const width = time / PARTS + 1n;
  return `
    WITH request AS MATERIALIZED (FROM ${requestRows(requests)}),
    part AS (SELECT *, unnest(range("start" // ${width}, "end" // ${width} + 1)) AS part FROM request),
    duration AS (SELECT Label, PID, ${START} AS "from", Timepoint AS "to" FROM ${relation} WHERE ${TIMED} AND Label <> ${label}),
    inside AS (
      SELECT id, slow, Label, "from", "to" FROM duration JOIN part
      ON duration.PID = part.pid AND "to" // ${width} = part AND "from" >= "start" AND "to" <= "end"
    ),
    covered AS (
      SELECT id, slow, Label, greatest(0, "to" - greatest("from", coalesce(max("to") OVER earlier, "from"))) AS time FROM inside
      WINDOW earlier AS (PARTITION BY id, Label ORDER BY "from", "to" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    SELECT ${SUMMED} FROM covered GROUP BY Label ORDER BY Label`;
}
