import { KymoError, quote } from "../../errors.ts";
import { checkGiven, isArray } from "../../options.ts";
import { parseTimeLength, TIME_UNITS } from "../../quantities.ts";
import { aggregates, measured } from "./description.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { isIsolate, isPid, restrict, toSelection } from "./selection.ts";
import { checkQuantiles } from "../../statistics/quantiles.ts";
import { type Span, within } from "../../statistics/spans.ts";
import { type PauseReader, readOffTimes } from "./switches.ts";

/** Options of `resample`. */
export interface ResampleOptions {
  /** Quantiles to compute, each from 0 to 1. Default: none. */
  readonly quantiles?: readonly number[];
  /** The PID whose observations to resample. Default: all. */
  readonly pid?: number;
  /** The isolate whose observations to resample. Default: all. */
  readonly isolate?: string;
}

/** Statistics of each interval, in parallel arrays. Observations of NaN are ignored. */
export interface Resampled {
  /** Length of an interval, ns. */
  readonly interval: bigint;
  /** Start of each interval, ns since 1970; each is one interval after the one before. */
  readonly timepoints: BigInt64Array;
  /** Number of observations; NaN if there are none since recording was off all the time. */
  readonly count: Float64Array;
  /** Sum of the observations; 0 if there are none, NaN if recording was off all the time. */
  readonly sum: Float64Array;
  /** Mean of the observations; NaN if there are none. */
  readonly mean: Float64Array;
  /** Quantiles of the observations, in the order of the request. */
  readonly quantiles: readonly ResampledQuantiles[];
  /**
   * Part of the interval in which recording was on, from 0 to 1: a rate is the count by that part
   * of the interval's length. Recording was off while it was switched off in one process of the
   * series and no other one recorded.
   */
  readonly recorded: Float64Array;
}

/** One quantile of each interval. */
export interface ResampledQuantiles {
  /** The quantile, from 0 to 1. */
  readonly q: number;
  /** Its value in each interval; NaN if there are no observations. */
  readonly values: Float64Array;
}

/** Largest number of intervals: each takes 80 bytes of memory meanwhile. */
const MAX_INTERVALS = 10_000_000;

/** The earliest and the latest timepoint that a BIGINT holds, ns since 1970. */
const [EARLIEST, LATEST] = [-(2n ** 63n), 2n ** 63n - 1n];

/** The series to resample. */
export interface ResampledSeries {
  readonly database: DuckDB;
  readonly relation: string;
  readonly label: string;
  readonly readPauses: PauseReader;
}

/**
 * Resamples a series in two scans: one for its time range, one for the statistics. A third one, for
 * its processes, if recording was ever switched off.
 */
export async function resample(
  { database, relation, label, readPauses }: ResampledSeries,
  interval: string | bigint,
  options: ResampleOptions,
): Promise<Resampled> {
  const { quantiles = [], ...id } = checkGiven<ResampleOptions>("Cannot resample", options, {
    quantiles: isArray,
    pid: isPid,
    isolate: isIsolate,
  });
  const width = parseInterval(interval);
  checkQuantiles(quantiles, "resample");
  const selected = restrict(relation, toSelection(id));
  const [time] = (await database.sql(
    `SELECT min(Timepoint) AS earliest, max(Timepoint) AS latest FROM ${selected}`,
  )).rows();
  if (typeof time?.earliest !== "bigint" || typeof time.latest !== "bigint") return empty(width, 0n, 0, quantiles);
  const { earliest, latest } = time;
  const [first, last] = [floorDivided(earliest, width), floorDivided(latest, width)];
  if (last - first >= MAX_INTERVALS) {
    throw new KymoError(
      "invalid-argument",
      `Cannot resample: ${quote(interval)}: the observations span more than ${MAX_INTERVALS} intervals`,
    );
  }
  if (first * width < EARLIEST) {
    throw new KymoError(
      "invalid-argument",
      `Cannot resample: ${quote(interval)}: the first interval would begin before the earliest timepoint`,
    );
  }
  const resampled = empty(width, first, Number(last - first) + 1, quantiles);
  const { index, n, total, ...values } = (await database.sql(
    `SELECT (bin - (${first}))::INTEGER AS index, n::DOUBLE AS n, coalesce(total, 0) AS total
      ${quantiles.map((_, i) => `, coalesce(quantiles[${i + 1}], 'NaN'::DOUBLE) AS quantile${i}`).join("")}
    FROM (
      SELECT ${floorDividedInSql("Timepoint", width)} AS bin, ${aggregates(quantiles)} FROM ${measured(selected)}
      WHERE Timepoint BETWEEN ${earliest} AND ${latest} GROUP BY bin
    )`,
  )).columns() as Record<string, Float64Array>;
  for (const [row, at] of index!.entries()) {
    resampled.count[at] = n![row]!;
    resampled.sum[at] = total![row]!;
    resampled.mean[at] = total![row]! / n![row]!;
  }
  for (const [i, { values: ofQuantile }] of resampled.quantiles.entries()) {
    const column = values[`quantile${i}`]!;
    for (const [row, at] of index!.entries()) ofQuantile[at] = column[row]!;
  }
  const off = await readOffTimes(database, selected, await readPauses());
  leaveOut(resampled, off.get(label) ?? []);
  return resampled;
}

/** Takes the times in which recording was off out of intervals. */
function leaveOut({ interval, timepoints, recorded, count, sum }: Resampled, off: readonly Span<bigint>[]): void {
  if (off.length === 0) return;
  const [begin, end] = [timepoints[0]!, timepoints.at(-1)! + interval];
  const width = Number(interval);
  const lost = new Float64Array(recorded.length);
  for (const { from, to } of within(off, { from: begin, to: end })) {
    const [first, last] = [Number((from - begin) / interval), Number((to - 1n - begin) / interval)];
    for (let at = first; at <= last; at++) {
      const start = begin + BigInt(at) * interval;
      const part = { from: from > start ? from : start, to: to < start + interval ? to : start + interval };
      lost[at]! += Number(part.to - part.from);
    }
  }
  for (const [at, time] of lost.entries()) {
    recorded[at] = time >= width ? 0 : 1 - time / width;
    if (recorded[at] === 0 && count[at] === 0) count[at] = sum[at] = NaN;
  }
}

/**
 * An interval, such as `"1s"`, `"500ms"` or a number of nanoseconds, in nanoseconds.
 *
 * @throws {KymoError} `invalid-argument`, unless it is an integer number of a unit, from 1 ns to
 * 292 years.
 */
export function parseInterval(interval: string | bigint): bigint {
  const isText = typeof interval === "string" && !interval.includes(".");
  const nanoseconds = isText ? parseTimeLength(interval) : interval;
  if (typeof nanoseconds === "bigint" && nanoseconds >= 1n && nanoseconds <= LATEST) return nanoseconds;
  throw new KymoError(
    "invalid-argument",
    `Cannot resample: ${quote(interval)}: must be an interval such as "1s", "500ms" or 1000000n (units: ${TIME_UNITS})`,
  );
}

/** A result without observations. */
function empty(interval: bigint, first: bigint, length: number, quantiles: readonly number[]): Resampled {
  return {
    interval,
    timepoints: BigInt64Array.from({ length }, (_, index) => (first + BigInt(index)) * interval),
    count: new Float64Array(length),
    sum: new Float64Array(length),
    mean: new Float64Array(length).fill(NaN),
    quantiles: quantiles.map((q) => ({ q, values: new Float64Array(length).fill(NaN) })),
    recorded: new Float64Array(length).fill(1),
  };
}

/** The quotient rounded down; `/` rounds bigints towards 0. */
function floorDivided(value: bigint, divisor: bigint): bigint {
  return value >= 0n ? value / divisor : -1n - (-1n - value) / divisor;
}

/** SQL of the same for a BIGINT; it does not overflow. */
function floorDividedInSql(value: string, divisor: bigint): string {
  return `CASE WHEN ${value} >= 0 THEN ${value} // ${divisor} ELSE -1 - (-1 - ${value}) // ${divisor} END`;
}
