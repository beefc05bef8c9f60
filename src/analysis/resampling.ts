import { quote, UsageError } from "../errors.ts";
import { aggregates, measured, toStatistics } from "./description.ts";
import type { DuckDB } from "./duckdb.ts";
import { toNanoseconds } from "./interval.ts";
import { restrict, toSelection } from "./selection.ts";

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

/** Statistics of a relation for each interval, in one scan. */
export async function resample(
  database: DuckDB,
  relation: string,
  interval: string | bigint,
  { quantiles = [], pid }: ResampleOptions,
): Promise<Resampled> {
  const width = toNanoseconds(interval);
  const selected = pid === undefined ? relation : restrict(relation, toSelection({ pid }));
  const rows = (await database.sql(
    `SELECT ${floorDivided("Timepoint", width)} AS bin, ${aggregates(quantiles)} FROM ${measured(selected)} ` +
      "GROUP BY bin ORDER BY bin",
  )).rows();
  const first = (rows[0]?.bin ?? 0n) as bigint;
  const last = (rows.at(-1)?.bin ?? -1n) as bigint;
  if (last - first >= MAXIMUM_INTERVALS) {
    throw new UsageError(
      `Cannot resample: the observations are more than ${MAXIMUM_INTERVALS} intervals apart: ${quote(interval)}`,
    );
  }
  const length = Number(last - first) + 1;
  const resampled = {
    interval: width,
    timepoints: BigInt64Array.from({ length }, (_, index) => (first + BigInt(index)) * width),
    count: new Float64Array(length),
    sum: new Float64Array(length),
    mean: new Float64Array(length).fill(NaN),
    quantiles: quantiles.map((q) => ({ q, values: new Float64Array(length).fill(NaN) })),
  };
  for (const row of rows) {
    const index = Number(row.bin as bigint - first);
    const statistics = toStatistics(row, quantiles);
    for (const name of ["count", "sum", "mean"] as const) resampled[name][index] = statistics[name];
    for (const [i, { value }] of statistics.quantiles.entries()) resampled.quantiles[i]!.values[index] = value;
  }
  return resampled;
}

/** A quotient rounded down, where DuckDB's own rounds towards 0; it overflows for no value. */
function floorDivided(value: string, divisor: bigint): string {
  return `CASE WHEN ${value} >= 0 THEN ${value} // ${divisor} ELSE -1 - (-1 - ${value}) // ${divisor} END`;
}
