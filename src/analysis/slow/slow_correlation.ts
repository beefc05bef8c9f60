import { KymoError, quote } from "../../errors.ts";
import { isWholeNumber } from "../../options.ts";
import { CHANNELS } from "../../series.ts";
import type { Selection } from "../frames/selection.ts";
import { literal } from "../duckdb/sql.ts";
import { drawRequests, type Request } from "./draw_requests.ts";
import { type Overlap, overlapQueries } from "./overlaps.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";

/** Options of {@linkcode correlateSlow}. */
export interface SlowCorrelationOptions {
  /**
   * Share of the requests that counts as slow, from 0.0001 to 0.5. If that is fewer than 20
   * requests, more count as slow, up to a tenth of all. Default: 0.01.
   */
  readonly share?: number;
  /**
   * Largest number of slow and of other requests to examine, from 10 to 10,000; of more, a sample
   * is drawn. Default: 300.
   */
  readonly examine?: number;
  /** Processes and time range to examine. Default: all. */
  readonly within?: Omit<Selection, "labels">;
}

/** The slow or the other requests of a label. */
export interface RequestGroup {
  /** Number of requests. */
  readonly count: number;
  /** How many of them were examined. */
  readonly examined: number;
  /** Total duration of the examined ones, seconds. */
  readonly time: number;
}

/** A series that was active during requests. */
export interface CorrelatedSeries {
  /** What it is, and how exact its share, as of an `Overlap`; durations lie wholly within the request. */
  readonly kind: Overlap["kind"];
  /** Label of the series. */
  readonly label: string;
  /**
   * Share of the time of the slow requests, and of the others, within it, from 0 to 1. Overlaps
   * count once.
   */
  readonly share: { readonly slow: number; readonly others: number };
  /** How many of the examined requests overlap with it at all. */
  readonly met: { readonly slow: number; readonly others: number };
}

/** What distinguishes the slow requests of a label from the others. */
export interface SlowCorrelation {
  /** The label. */
  readonly label: string;
  /** A request that took longer than this, in seconds, is slow. */
  readonly threshold: number;
  /** The slow requests. */
  readonly slow: RequestGroup;
  /** All others. */
  readonly others: RequestGroup;
  /** The series that were active during them, by descending difference between the shares. */
  readonly correlated: readonly CorrelatedSeries[];
}

/**
 * Finds series of the same process that were active during the slow requests of a label (or
 * whatever its durations measure) more than during the other requests: durations and outgoing
 * requests within them, event-loop lags, and pauses for garbage collection.
 *
 * It makes three passes over the durations. Isolates of one process
 * count together, since the files do not tell them apart. Correlation does not prove a cause.
 *
 * @throws {KymoError} `not-found`, if the label has no durations; `invalid-argument`, if an option
 * is wrong.
 *
 * @example
 * ```ts
 * import { correlateSlow, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * // A request each second; every tenth renders for 0.3 of 0.4 s, the others for 0.01 of 0.1 s.
 * const rows = Array.from({ length: 200 }, (_, i) => {
 *   const start = 1700000000n + BigInt(i);
 *   return i % 10 === 0
 *     ? `${start}300000000,0.3,render,42\r\n${start}400000000,0.4,/orders [GET],42\r\n`
 *     : `${start}010000000,0.01,render,42\r\n${start}100000000,0.1,/orders [GET],42\r\n`;
 * });
 * mkdirSync("_slow");
 * writeFileSync("_slow/duration.1.csv", `Timepoint,Measurement,Label,PID\r\n${rows.join("")}`);
 * {
 *   await using db = await TelemetryDB.open("_slow");
 *   const correlation = await correlateSlow(db, "/orders [GET]", { share: 0.1 });
 *   // 75 % of the time of the slowest 10 % was within `render`, against 10 % of that of the others:
 *   assertEquals(correlation.correlated[0]?.label, "render");
 *   assertEquals(correlation.correlated[0]?.share, { slow: 0.75, others: 0.1 });
 * }
 * rmSync("_slow", { recursive: true });
 * ```
 */
export async function correlateSlow(
  db: TelemetryDB,
  label: string,
  options: SlowCorrelationOptions = {},
): Promise<SlowCorrelation> {
  const correlation = await findCorrelation(db, label, options);
  if (correlation === undefined) {
    throw new KymoError("not-found", `Cannot correlate: ${quote(label)}: no durations with this label`);
  }
  return correlation;
}

/** As {@linkcode correlateSlow}; `undefined` if the label has no durations. */
export async function findCorrelation(
  db: TelemetryDB,
  label: string,
  { share = 0.01, examine = 300, within = {} }: SlowCorrelationOptions = {},
): Promise<SlowCorrelation | undefined> {
  if (!(share >= 0.0001 && share <= 0.5)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot correlate: share must be a number from 0.0001 to 0.5: ${quote(share)}`,
    );
  }
  const wrong = isWholeNumber(10, 10_000)(examine);
  if (wrong !== undefined) {
    throw new KymoError("invalid-argument", `Cannot correlate: examine ${wrong}: ${quote(examine)}`);
  }
  const durations = db.duration().where(within);
  const found = await drawRequests(durations, label, share, examine);
  if (found === undefined) return undefined;
  const { threshold, counts, requests } = found;
  const group = (slow: boolean): RequestGroup => {
    const members = requests.filter((request) => request.slow === slow);
    return { count: slow ? counts.slow : counts.others, examined: members.length, time: totalTime(members) };
  };
  const [slow, others] = [group(true), group(false)];
  const correlated: CorrelatedSeries[] = [];
  if (slow.time > 0 && others.time > 0) {
    const time = (ids: string): string => `coalesce(sum(time) FILTER (${ids}), 0) / 1e9`;
    const met = (ids: string): string => `(count(DISTINCT id) FILTER (time > 0 AND ${ids}))::DOUBLE`;
    // The slow requests come first.
    const [isSlow, isOther] = [`id < ${slow.examined}`, `id >= ${slow.examined}`];
    for (const query of overlapQueries(db, requests, within)) {
      const rows = await db.sql(`
        SELECT kind, Label AS label, ${time(isSlow)} AS slowTime, ${time(isOther)} AS otherTime,
          ${met(isSlow)} AS slowMet, ${met(isOther)} AS othersMet
        FROM (${query})
        WHERE (position IS NULL OR position = 'within') AND NOT (kind = '${CHANNELS.duration}' AND Label = ${
        literal(label)
      })
        GROUP BY kind, Label ORDER BY kind, Label`);
      for (const { kind, label, ...of } of rows.rows() as unknown as CorrelatedRow[]) {
        const share = { slow: of.slowTime / slow.time, others: of.otherTime / others.time };
        correlated.push({ kind, label, share, met: { slow: of.slowMet, others: of.othersMet } });
      }
    }
  }
  correlated.sort((a, b) => excess(b) - excess(a));
  return { label, threshold, slow, others, correlated };
}

/** A row of the query; times in seconds. */
interface CorrelatedRow extends Pick<CorrelatedSeries, "kind" | "label"> {
  readonly slowTime: number;
  readonly otherTime: number;
  readonly slowMet: number;
  readonly othersMet: number;
}

/** The share of the time of the slow requests minus that of the others. */
function excess({ share }: CorrelatedSeries): number {
  return share.slow - share.others;
}

function totalTime(requests: readonly Request[]): number {
  return Number(requests.reduce((sum, { start, end }) => sum + (end - start), 0n)) / 1e9;
}
