import { double, literal } from "../duckdb/sql.ts";
import type { TelemetryFrame } from "../frames/telemetry_frame.ts";
import { CHANNELS } from "../../series.ts";
import { START, TIMED, type TimedSample } from "./overlaps.ts";

/** A request whose time is examined. */
export interface Request extends TimedSample {
  readonly slow: boolean;
}

/** The requests of a label, and those of them to examine. */
interface FoundRequests {
  /** A request that took longer than this, in seconds, is slow. */
  readonly threshold: number;
  /** Numbers of requests. */
  readonly counts: { readonly slow: number; readonly others: number };
  /** The requests to examine, the slow ones first; the same on each call. */
  readonly requests: readonly Request[];
  /** When the first and the last of all requests ended, ns since 1970. */
  readonly all: { readonly first: bigint; readonly last: bigint };
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
      list_min(max(Measurement, ${MIN_SLOW + 1})) AS fewest,
      min(Timepoint) AS first, max(Timepoint) AS last FROM ${series}`,
  )).rows() as [{ slowest: number | null; tenth: number; fewest: number } & FoundRequests["all"]];
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
    requests: [...toRequests(slow, label, true), ...toRequests(others, label, false)],
    all: { first: slowest.first, last: slowest.last },
  };
}

function toRequests(list: unknown, label: string, slow: boolean): Request[] {
  const members = (list ?? []) as readonly (Pick<Request, "isolate" | "start" | "end"> & { readonly pid: bigint })[];
  return members.map(({ pid, ...member }) => ({
    ...member,
    pid: Number(pid),
    channel: CHANNELS.duration,
    label,
    slow,
  }));
}
