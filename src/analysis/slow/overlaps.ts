/**
 * What ran in a process while some of its samples ran: blocks, outgoing requests, event-loop lags and
 * pauses for garbage collection, and for how long each.
 *
 * Everything is found in one pass over the rows, however many there are, and however long they and
 * the samples are. Time is cut into slots, at several levels: the slots of a level are 16 times as
 * long as those of the level below. A row belongs to the lowest level whose slots are not shorter than
 * it, where it touches at most two of them, so that it can be looked up by these. A sample has all the
 * slots that it touches, at every level: some thousands at the lowest, and a few above. Rows and
 * samples that overlap share a slot; the few rows that have one are then compared exactly.
 *
 * @module
 */

import { IS_SWITCH_LABEL } from "../frames/switches.ts";
import { literal } from "../duckdb/sql.ts";
import type { Selection } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { CHANNELS, DURATION_CHANNELS, LAG_PROBE_INTERVAL, SERIES } from "../../series.ts";

/** A sample of a process: a duration from its start to its end. */
export interface TimedSample {
  /** `"duration"` or `"client"`. */
  readonly channel: string;
  /** Its label. */
  readonly label: string;
  /** PID of the process. */
  readonly pid: number;
  /** Its isolate; empty if it is not known. */
  readonly isolate: string;
  /** Its start, ns since 1970. */
  readonly start: bigint;
  /** Its end, ns since 1970. */
  readonly end: bigint;
}

/** What overlapped a sample: the durations, lags or pauses with one label. */
export interface Overlap {
  /**
   * - `"duration"`: blocks of code and requests of the same isolate. Exact.
   * - `"client"`: outgoing requests of it. Exact for the time that was recorded: until the headers of
   *   the answer, or the end of its body.
   * - `"lag"`: event-loop lags of at least `LAG_PROBE_INTERVAL`, exact to that interval. When
   *   smaller lags happened is not recorded.
   * - `"gc"`: pauses for garbage collection. They are recorded at the next sampling tick, so they
   *   count as spread uniformly over the time since the tick before. The time is exact only for
   *   samples much longer than the sampling interval; for shorter ones it is what to expect.
   */
  readonly kind: "duration" | "client" | "lag" | "gc";
  /** Their label. */
  readonly label: string;
  /**
   * Of durations and outgoing requests: `"within"` the sample, as its parts are; `"around"` all of it,
   * as that is of which it is a part; `"beside"`: they began before it or ended after it, so that they
   * only ran at the same time.
   */
  readonly position?: "within" | "around" | "beside";
  /** How many overlapped. Of GC pauses: how many were in the sampling intervals that it touches. */
  readonly count: number;
  /** Seconds of the sample within them; where they overlap each other, the time counts once. */
  readonly time: number;
  /** Of GC pauses: the most that it can have been, seconds. */
  readonly atMost?: number;
}

/** Options of {@linkcode readOverlaps}. */
export interface OverlapOptions {
  /** Where overlaps are looked for. Rows that begin earlier and end later belong to it too. */
  readonly within?: Omit<Selection, "labels">;
  /** For each sample only so many of each kind, those with the most time. Default: all. */
  readonly most?: number;
}

/**
 * Returns what overlapped each sample, the longest first: a list for each sample. The sample itself
 * is left out. It makes one pass over the durations, one over the outgoing requests and two over the
 * rows of the runtime.
 */
export async function readOverlaps(
  db: TelemetryDB,
  samples: readonly TimedSample[],
  { within = {}, most = Infinity }: OverlapOptions = {},
): Promise<Overlap[][]> {
  const overlaps = samples.map((): Overlap[] => []);
  const limit = Number.isFinite(most)
    ? ` QUALIFY row_number() OVER (PARTITION BY id, kind ORDER BY time DESC, Label, position) <= ${most}`
    : "";
  for (const query of overlapQueries(db, samples, within)) {
    for (const row of (await db.sql(`FROM (${query})${limit}`)).rows() as unknown as OverlapRow[]) {
      const { id, kind, Label: label, position, count, time, atMost } = row;
      overlaps[id]!.push({
        kind,
        label,
        ...position !== null && { position },
        count,
        time: time / 1e9,
        ...atMost !== null && { atMost: atMost / 1e9 },
      });
    }
  }
  return overlaps.map((list) => list.sort((one, other) => other.time - one.time || (one.label < other.label ? -1 : 1)));
}

/**
 * SQL of what overlapped the samples, as two queries with the columns id (the index of the sample),
 * kind, Label, position, count, time and atMost (ns), longest (ns of the longest one) and ahead (how
 * many began before the sample). No queries, if there are no samples.
 */
export function overlapQueries(
  db: TelemetryDB,
  samples: readonly TimedSample[],
  within: Omit<Selection, "labels">,
): string[] {
  if (samples.length === 0) return [];
  // Files of other isolates are not opened for that.
  const processes = {
    pids: [...new Set(samples.map(({ pid }) => pid))],
    isolates: [...new Set(samples.map(({ isolate }) => isolate))],
  };
  const rowsOf = (channel: string): string => db.frame(channel).where(within).where(processes).relation;
  const runtime = rowsOf(CHANNELS.runtime);
  const durations = DURATION_CHANNELS.filter((channel) => db.channels().includes(channel)).map((channel) =>
    `SELECT ${literal(channel)} AS kind, Label, ${SPAN} FROM ${rowsOf(channel)} WHERE ${TIMED}`
  );
  const lags = `SELECT 'lag' AS kind, Label, ${SPAN} FROM ${runtime}
    WHERE Label = ${literal(SERIES.eventLoopLag)} AND Measurement >= ${LAG_PROBE_INTERVAL / 1e3} AND ${TIMED}`;
  return [spansQuery([...durations, lags], samples), pausesQuery(runtime, samples)];
}

/** A row of the queries. */
interface OverlapRow extends Pick<Overlap, "kind" | "count" | "time"> {
  readonly id: number;
  readonly Label: string;
  readonly position: NonNullable<Overlap["position"]> | null;
  /** ns */
  readonly atMost: number | null;
}

/**
 * SQL condition of durations whose start can be computed: 0 to 285 years, timepoint not before
 * 1970.
 */
export const TIMED = "Measurement BETWEEN 0 AND 9e9 AND Timepoint >= 0";

/** SQL of the start of a duration, ns since 1970. */
export const START = "Timepoint - round(Measurement * 1e9)::BIGINT";

/** SQL of the columns of a duration, or of what is recorded as one: a lag. */
const SPAN = `PID, Isolate, ${START} AS "from", Timepoint AS "to"`;

/** The slots of a level are 2^4 times as long as those of the level below. */
const LEVEL_BITS = 4n;

/** The longest span whose start can be computed is shorter than a slot of 2^63 ns. */
const TOP_BITS = 63n;

/** How many slots of the lowest level all samples may touch. */
const SLOTS = 20_000n;

/** No slot is shorter than 2^10 ns. That leaves room for the number of the level in the key of a slot. */
const LEAST_BITS = 10n;

/** The lengths of slots, lowest level first, as powers of 2. */
function levelsFor(samples: readonly TimedSample[]): bigint[] {
  const time = samples.reduce((sum, { start, end }) => sum + (end - start), 0n);
  let bits = LEAST_BITS;
  while (time >> bits > SLOTS) bits++;
  const levels: bigint[] = [];
  for (; bits < TOP_BITS; bits += LEVEL_BITS) levels.push(bits);
  return levels;
}

/** SQL of the key of the slot at `level` that a timepoint is in. */
function slotKey(timepoint: string, bits: bigint, level: number): string {
  return `((${timepoint}) >> ${bits}) * 16 + ${level}`;
}

/** SQL of the keys of all slots that the samples touch, which are the relation `sample`. */
function keysOf(levels: readonly bigint[]): string {
  const ofLevels = levels.map((bits, level) =>
    `SELECT unnest(range("start" >> ${bits}, ("end" >> ${bits}) + 1)) * 16 + ${level} AS key FROM sample`
  );
  return ofLevels.join(" UNION ");
}

/** The key of the slot that one end of a row is in, at the level of the row. */
function rowKey(timepoint: string, levels: readonly bigint[]): string {
  const cases = levels.map((bits, level) =>
    `WHEN "to" - "from" <= ${1n << bits} THEN ${slotKey(timepoint, bits, level)}`
  );
  return `CASE ${cases.join(" ")} END`;
}

/**
 * SQL of how long rows overlap samples. `events`: queries of rows with the columns kind, Label, PID,
 * Isolate, from and to.
 */
function spansQuery(events: readonly string[], samples: readonly TimedSample[]): string {
  const levels = levelsFor(samples);
  return `
    WITH sample AS MATERIALIZED (FROM ${sampleRows(samples)}),
    slot AS MATERIALIZED (${keysOf(levels)}),
    near AS MATERIALIZED (
      SELECT * FROM (${events.join(" UNION ALL ")})
      WHERE ${rowKey('"to"', levels)} IN (SELECT key FROM slot) OR ${rowKey('"from"', levels)} IN (SELECT key FROM slot)
    ),
    met AS (
      SELECT id, kind, near.Label, greatest("from", "start") AS "from", least("to", "end") AS "to",
        near."from" < "start" AS isAhead,
        CASE WHEN kind = 'lag' THEN NULL WHEN "from" >= "start" AND "to" <= "end" THEN 'within'
          WHEN "from" <= "start" AND "to" >= "end" THEN 'around' ELSE 'beside' END AS position
      FROM near JOIN sample ON near.PID = sample.pid AND near.Isolate = sample.isolate
        AND "from" < "end" AND "to" > "start"
        AND NOT (kind = sample.channel AND near.Label = sample.label AND "from" = "start" AND "to" = "end")
    ),
    covered AS (
      SELECT id, kind, Label, position, isAhead, "to" - "from" AS length, greatest(0, "to" - greatest("from", coalesce(max("to") OVER earlier, "from"))) AS time FROM met
      WINDOW earlier AS (PARTITION BY id, kind, Label, position ORDER BY "from", "to" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    SELECT id, kind, Label, position, count(*)::DOUBLE AS count, sum(time)::DOUBLE AS time, NULL::DOUBLE AS atMost,
      max(length)::DOUBLE AS longest, (count(*) FILTER (isAhead))::DOUBLE AS ahead
    FROM covered GROUP BY ALL`;
}

/**
 * SQL of how long pauses for garbage collection overlap samples. A pause is recorded at the sampling
 * tick after it, so it counts as spread uniformly over the time between that tick and the one before,
 * or the moment when recording was switched on.
 */
function pausesQuery(relation: string, samples: readonly TimedSample[]): string {
  const pause = literal(SERIES.gcPause);
  const isPause = `Label = ${pause} AND Measurement BETWEEN 0 AND 9e9`;
  return `
    WITH sample AS MATERIALIZED (FROM ${sampleRows(samples)}),
    tick AS (
      SELECT PID, Isolate, Timepoint AS "to", coalesce(sum(Measurement) FILTER (${isPause}), 0) * 1e9 AS pauses,
        count(*) FILTER (${isPause}) AS count
      FROM ${relation} WHERE Label IN (${pause}, ${literal(SERIES.gcCollections)}) OR ${IS_SWITCH_LABEL}
      GROUP BY PID, Isolate, Timepoint
    ),
    timed AS (SELECT *, lag("to") OVER (PARTITION BY PID, Isolate ORDER BY "to") AS "from" FROM tick),
    met AS (
      SELECT id, timed.count, (least("to", "end") - greatest("from", "start"))::DOUBLE AS time,
        least(pauses, "to" - "from")::DOUBLE AS pauses, ("to" - "from")::DOUBLE AS length
      FROM timed JOIN sample ON timed.PID = sample.pid AND timed.Isolate = sample.isolate
        AND timed.count > 0 AND "from" < "end" AND "to" > "start"
    )
    SELECT id, 'gc' AS kind, ${pause} AS Label, NULL::VARCHAR AS position, sum(count)::DOUBLE AS count,
      sum(pauses * (time / length)) AS time, sum(least(pauses, time)) AS atMost,
      sum(pauses * (time / length)) AS longest, 0::DOUBLE AS ahead
    FROM met GROUP BY id`;
}

/** The samples, at least one, as a relation. */
function sampleRows(samples: readonly TimedSample[]): string {
  const rows = samples.map(({ channel, label, pid, isolate, start, end }, id) =>
    `(${id}, ${literal(channel)}, ${literal(label)}, ${pid}::BIGINT, ${
      literal(isolate)
    }, ${start}::BIGINT, ${end}::BIGINT)`
  );
  return `(VALUES ${rows.join(", ")}) AS sample(id, channel, label, pid, isolate, "start", "end")`;
}
