import { KymoError, quote } from "../../errors.ts";
import type { Selection } from "../frames/selection.ts";
import { withinQuery } from "./slow_durations.ts";
import { findRequests, type Request } from "./slow_requests.ts";
import { collectionsQuery, lagsQuery } from "./slow_runtime.ts";
import { literal } from "../duckdb/sql.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";

/** How to look for what slow requests have in common. */
export interface SlowCorrelationOptions {
  /** The part of the requests that counts as slow, from 0.0001 to 0.5; it is more if that is fewer than 20, up to a tenth. Default: 0.01. */
  readonly share?: number;
  /** How many slow and how many other requests are examined at most, from 10 to 10,000; if there are more, they are drawn. Default: 300. */
  readonly examine?: number;
  /** Processes and time to which all is confined. Default: everything. */
  readonly within?: Omit<Selection, "labels">;
}

/** Some requests of a label. */
export interface RequestGroup {
  /** How many there are. */
  readonly count: number;
  /** How many of them were examined. */
  readonly examined: number;
  /** How long those took together, seconds. */
  readonly time: number;
}

/** Something that happened during requests. */
export interface CorrelatedSeries {
  /**
   * - `"duration"`: another series of durations in the same process; what lies wholly within the request counts, exactly.
   * - `"lag"`: times at which the event loop was late by 20 ms or more. They are known by the 20 ms at which the loop is probed, of smaller ones it is not
   *   known when they were.
   * - `"gc"`: pauses for collections. They are recorded at the next sampling tick, and nobody knows when they were since the one before: they are taken as spread
   *   evenly over that time, so that their share is right only for requests much longer than the sampling interval; of shorter ones it tells how
   *   much was collected around them.
   */
  readonly kind: "duration" | "lag" | "gc";
  /** Its label. */
  readonly label: string;
  /** Which part of the time of the slow requests, and of the others, was within it; from 0 to 1. What overlaps counts once. */
  readonly share: { readonly slow: number; readonly others: number };
  /** How many of the examined requests met it at all. */
  readonly met: { readonly slow: number; readonly others: number };
}

/** What the slow requests of a label have in common, and the others have not. */
export interface SlowCorrelation {
  /** The label. */
  readonly label: string;
  /** A request that took longer than this, in seconds, is slow. */
  readonly threshold: number;
  /** The slow requests. */
  readonly slow: RequestGroup;
  /** All others. */
  readonly others: RequestGroup;
  /** What happened during them, that with the greatest difference between the shares first. */
  readonly correlated: readonly CorrelatedSeries[];
}

/**
 * Looks for what happened in the same process at the same time as the slow requests of a label (or whatever its durations are of), and compares it with
 * the other requests: other durations within them, lags of the event loop, pauses for collections.
 *
 * It takes four passes over the durations, or one if they are in memory. What shares a process but not an isolate is taken together, since the files do
 * not tell isolates apart. That two things happen together does not prove that one is the cause of the other.
 *
 * @throws {KymoError} if there are no durations of that label, or an option is wrong.
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
    throw new KymoError("not-found", `Cannot correlate: there are no durations of: ${quote(label)}`);
  }
  return correlation;
}

/** The same; `undefined` if there are no durations of that label, or none that a time can be computed with. */
export async function findCorrelation(
  db: TelemetryDB,
  label: string,
  { share = 0.01, examine = 300, within = {} }: SlowCorrelationOptions = {},
): Promise<SlowCorrelation | undefined> {
  if (!(share >= 0.0001 && share <= 0.5)) {
    throw new KymoError("invalid-argument", `Cannot correlate: share must be from 0.0001 to 0.5: ${quote(share)}`);
  }
  if (!(Number.isInteger(examine) && examine >= 10 && examine <= 10_000)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot correlate: examine must be a whole number from 10 to 10,000: ${quote(examine)}`,
    );
  }
  const durations = db.duration().where(within);
  const runtime = db.runtime().where(within);
  const found = await findRequests(durations, label, share, examine);
  if (found === undefined) return undefined;
  const { threshold, counts, requests } = found;
  const group = (slow: boolean): RequestGroup => {
    const members = requests.filter((request) => request.slow === slow);
    return { count: slow ? counts.slow : counts.others, examined: members.length, time: totalTime(members) };
  };
  const [slow, others] = [group(true), group(false)];
  const correlated: CorrelatedSeries[] = [];
  if (slow.time > 0 && others.time > 0) {
    const add = async (kind: CorrelatedSeries["kind"], query: string): Promise<void> => {
      for (const row of (await db.sql(query)).rows()) {
        const { Label, slowTime, otherTime, slowMet, othersMet } = row as { Label: string } & Record<string, number>;
        correlated.push({
          kind,
          label: Label,
          share: { slow: slowTime! / slow.time, others: otherTime! / others.time },
          met: { slow: Number(slowMet), others: Number(othersMet) },
        });
      }
    };
    await add("duration", withinQuery(durations.relation, literal(label), requests));
    await add("lag", lagsQuery(runtime.relation, requests));
    await add("gc", collectionsQuery(runtime.relation, requests));
  }
  correlated.sort((a, b) => excess(b) - excess(a));
  return { label, threshold, slow, others, correlated };
}

/** By how much more of the time of the slow requests than of the others was within something. */
function excess({ share }: CorrelatedSeries): number {
  return share.slow - share.others;
}

function totalTime(requests: readonly Request[]): number {
  return Number(requests.reduce((sum, { start, end }) => sum + (end - start), 0n)) / 1e9;
}
