import { KymoError, quote } from "../../errors.ts";
import { checkGiven } from "../../options.ts";
import { isArray, isPid } from "./checks.ts";
import { aggregates, measured } from "./description.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { toNanoseconds } from "./interval.ts";
import { restrict, toSelection } from "./selection.ts";
import { checkQuantiles } from "../../statistics/quantiles.ts";

/** How to resample. */
export interface ResampleOptions {
  /** Which quantiles, from 0 to 1. Default: none. */
  readonly quantiles?: readonly number[];
  /** Only the observations of this process. Default: all. */
  readonly pid?: number;
}

/** Statistics for each interval; the same index in each array is the same interval. NaN is no observation. */
export interface Resampled {
  /** Length of an interval, ns. */
  readonly interval: bigint;
  /** When each begins, ns since 1970: ascending by the length of an interval. */
  readonly timepoints: BigInt64Array;
  /** How many observations there are in it. */
  readonly count: Float64Array;
  /** Their sum; 0 if there are none. */
  readonly sum: Float64Array;
  /** Their mean; NaN if there are none. */
  readonly mean: Float64Array;
  /** Their quantiles, in the order in which they were asked for. */
  readonly quantiles: readonly ResampledQuantiles[];
}

/** A quantile of each interval. */
export interface ResampledQuantiles {
  /** Which, from 0 to 1. */
  readonly q: number;
  /** NaN where there are no observations. */
  readonly values: Float64Array;
}

/** 80 bytes each; a year has 31.6 million seconds. */
const MAXIMUM_INTERVALS = 10_000_000;

/** The earliest timepoint that there can be, ns since 1970. */
const EARLIEST = -(2n ** 63n);

/** Statistics of a relation for each interval, in one scan after one for its time. */
export async function resample(
  database: DuckDB,
  relation: string,
  interval: string | bigint,
  options: ResampleOptions,
): Promise<Resampled> {
  const { quantiles = [], pid } = checkGiven<ResampleOptions>("Cannot resample", options, {
    quantiles: isArray,
    pid: isPid,
  });
  const width = toNanoseconds(interval);
  checkQuantiles(quantiles, "resample");
  const selected = pid === undefined ? relation : restrict(relation, toSelection({ pid }));
  const [time] = (await database.sql(
    `SELECT min(Timepoint) AS earliest, max(Timepoint) AS latest FROM ${selected}`,
  )).rows();
  if (typeof time?.earliest !== "bigint" || typeof time.latest !== "bigint") return empty(width, 0n, 0, quantiles);
  const { earliest, latest } = time;
  const [first, last] = [floorDivided(earliest, width), floorDivided(latest, width)];
  if (last - first >= MAXIMUM_INTERVALS) {
    throw new KymoError(
      "invalid-argument",
      `Cannot resample: the observations are more than ${MAXIMUM_INTERVALS} intervals apart: ${quote(interval)}`,
    );
  }
  if (first * width < EARLIEST) {
    throw new KymoError(
      "invalid-argument",
      `Cannot resample: the first interval begins before the earliest timepoint: ${quote(interval)}`,
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
  return resampled;
}

/** Intervals without observations. */
function empty(interval: bigint, first: bigint, length: number, quantiles: readonly number[]): Resampled {
  return {
    interval,
    timepoints: BigInt64Array.from({ length }, (_, index) => (first + BigInt(index)) * interval),
    count: new Float64Array(length),
    sum: new Float64Array(length),
    mean: new Float64Array(length).fill(NaN),
    quantiles: quantiles.map((q) => ({ q, values: new Float64Array(length).fill(NaN) })),
  };
}

/** A quotient rounded down, where that of bigints is rounded towards 0. */
function floorDivided(value: bigint, divisor: bigint): bigint {
  return value >= 0n ? value / divisor : -1n - (-1n - value) / divisor;
}

/** The same of a BIGINT; it overflows for no value. */
function floorDividedInSql(value: string, divisor: bigint): string {
  return `CASE WHEN ${value} >= 0 THEN ${value} // ${divisor} ELSE -1 - (-1 - ${value}) // ${divisor} END`;
}
