import { KymoError, quote } from "../../errors.ts";
import { isWholeNumber } from "../../options.ts";
import { CHANNELS } from "../../series.ts";
import type { Selection } from "../frames/selection.ts";
import { literal } from "../duckdb/sql.ts";
import { median } from "../../statistics/quantiles.ts";
import { rankTest } from "../../statistics/rank_test.ts";
import { type Concentration, findCrowdedTime, findProcess, type PlaceCounts, placesQuery } from "./concentration.ts";
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
  /**
   * The same share of the longest single duration of it within each request: less, if the time is
   * made of many short ones.
   */
  readonly longest: { readonly slow: number; readonly others: number };
  /** How many of the examined requests overlap with it at all. */
  readonly met: { readonly slow: number; readonly others: number };
  /**
   * The probability that slow requests differ so much from others by chance, by the rank of its
   * share of their time; of series with a twentieth of the slow requests' time or more. Requests
   * count as independent.
   */
  readonly chance?: number;
}

/** How many requests of the same label and process were under way when a request began. */
export interface Queueing {
  /** Median of the slow requests that were examined. */
  readonly slow: number;
  /** Median of the others. */
  readonly others: number;
  /** The probability of so large a difference by chance. */
  readonly chance: number;
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
  /** The requests that were under way already when they began. */
  readonly queueing: Queueing;
  /** The process that has most of the slow requests, if it has fewer of the others. */
  readonly process?: Concentration & { readonly pid: bigint; readonly isolate: string };
  /** The time in which most of the slow requests ended, if fewer of the others did; ns since 1970. */
  readonly time?: Concentration & { readonly from: bigint; readonly to: bigint };
}

/**
 * Finds series of the same process that were active during the slow requests of a label (or
 * whatever its durations measure) more than during the other requests: durations and outgoing
 * requests within them, event-loop lags, and pauses for garbage collection.
 *
 * It also tells whether the slow ones found more requests under way than the others, and whether most
 * are of one process or one time.
 *
 * It makes four passes over the durations. Isolates of one process count together where the files do
 * not tell them apart. Correlation does not prove a cause.
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
  const { threshold, counts, requests, all } = found;
  const group = (slow: boolean): RequestGroup => {
    const members = requests.filter((request) => request.slow === slow);
    return { count: slow ? counts.slow : counts.others, examined: members.length, time: totalTime(members) };
  };
  const [slow, others] = [group(true), group(false)];
  const correlated: CorrelatedSeries[] = [];
  const ahead = requests.map(() => 0);
  if (slow.time > 0 && others.time > 0) {
    for (const query of overlapQueries(db, requests, within)) {
      const rows = await db.sql(correlatedQuery(query, label, { slow: slow.examined, slowTime: slow.time }));
      for (const { kind, label, times, ...of } of rows.rows() as unknown as CorrelatedRow[]) {
        if (kind === QUEUEING) {
          for (const { id, time } of times ?? []) ahead[id]! += time;
          continue;
        }
        correlated.push({
          kind,
          label,
          share: { slow: of.slowTime / slow.time, others: of.otherTime / others.time },
          longest: { slow: of.slowLongest / slow.time, others: of.otherLongest / others.time },
          met: { slow: of.slowMet, others: of.othersMet },
          ...times === null ? {} : { chance: chanceOf(times, requests) },
        });
      }
    }
  }
  correlated.sort((a, b) => excess(b) - excess(a));
  const places = await durations.sql(placesQuery(durations.relation, label, threshold, all));
  const counted = places.rows() as unknown as PlaceCounts[];
  const [inProcess, inTime] = [findProcess(counted), findCrowdedTime(counted, all)];
  return {
    label,
    threshold,
    slow,
    others,
    correlated,
    queueing: queueingOf(ahead, requests),
    ...inProcess && { process: inProcess },
    ...inTime && { time: inTime },
  };
}

/** The kind of rows that tell how many requests of the same label were under way. */
const QUEUEING = "queueing";

/** Of a series that took less than this share of the slow requests' time no single times are read. */
const LARGE = 0.05;

/**
 * SQL of what overlapped the slow requests and the others, by kind and label. `slow` of the requests
 * are slow, and come first; they took `slowTime` seconds together.
 */
function correlatedQuery(
  overlaps: string,
  label: string,
  { slow, slowTime }: { readonly slow: number; readonly slowTime: number },
): string {
  const isOwn = `kind = '${CHANNELS.duration}' AND Label = ${literal(label)}`;
  const [isSlow, isOther] = [`id < ${slow}`, `id >= ${slow}`];
  const time = (what: string, ids: string): string => `coalesce(sum(${what}) FILTER (${ids}), 0) / 1e9`;
  const met = (ids: string): string => `(count(DISTINCT id) FILTER (time > 0 AND ${ids}))::DOUBLE`;
  return `
    SELECT kind, label, ${time("time", isSlow)} AS slowTime, ${time("time", isOther)} AS otherTime,
      ${time("longest", isSlow)} AS slowLongest, ${time("longest", isOther)} AS otherLongest,
      ${met(isSlow)} AS slowMet, ${met(isOther)} AS othersMet,
      CASE WHEN kind = '${QUEUEING}' OR ${time("time", isSlow)} >= ${LARGE * slowTime}
        THEN list({'id': id, 'time': time / 1e9}) FILTER (time > 0) END AS times
    FROM (
      SELECT id, if(${isOwn}, '${QUEUEING}', kind) AS kind, Label AS label,
        if(${isOwn}, ahead * 1e9, time) AS time, longest
      FROM (${overlaps}) WHERE ${isOwn} OR position IS NULL OR position = 'within'
    ) GROUP BY kind, label ORDER BY kind, label`;
}

/** A row of the query; times in seconds. */
interface CorrelatedRow extends Pick<CorrelatedSeries, "label"> {
  readonly kind: CorrelatedSeries["kind"] | typeof QUEUEING;
  readonly slowTime: number;
  readonly otherTime: number;
  readonly slowLongest: number;
  readonly otherLongest: number;
  readonly slowMet: number;
  readonly othersMet: number;
  readonly times: TimeWithin[] | null;
}

/** The time of a request, by its index, within a series; seconds. */
interface TimeWithin {
  readonly id: number;
  readonly time: number;
}

/** The probability that shares of the time of requests differ so much by chance. */
function chanceOf(times: readonly TimeWithin[], requests: readonly Request[]): number {
  const shares = requests.map(() => 0);
  for (const { id, time } of times) shares[id] = time / lengthOf(requests[id]!);
  return rankTest(...parted(shares, requests)).chance;
}

/** How many requests of the label each request found under way. */
function queueingOf(ahead: readonly number[], requests: readonly Request[]): Queueing {
  const [slow, others] = parted(ahead, requests);
  return { slow: median(slow), others: median(others), chance: rankTest(slow, others).chance };
}

/** Splits values, one for each request, into those of the slow ones and of the others. */
function parted(values: readonly number[], requests: readonly Request[]): [slow: number[], others: number[]] {
  const [slow, others]: [number[], number[]] = [[], []];
  for (const [i, value] of values.entries()) (requests[i]!.slow ? slow : others).push(value);
  return [slow, others];
}

function lengthOf({ start, end }: Request): number {
  return Math.max(Number(end - start), 1) / 1e9;
}

/** The share of the time of the slow requests minus that of the others. */
function excess({ share }: CorrelatedSeries): number {
  return share.slow - share.others;
}

function totalTime(requests: readonly Request[]): number {
  return Number(requests.reduce((sum, { start, end }) => sum + (end - start), 0n)) / 1e9;
}
