import { checkGiven, isArray, isBoolean } from "../../options.ts";
import { processOf } from "./processes.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { double } from "../duckdb/sql.ts";
import { checkQuantiles, DEFAULT_QUANTILES } from "../../statistics/quantiles.ts";
import type { Statistics } from "../../statistics/describe_numbers.ts";

/** Statistics of a series, or of a series in one process. */
export interface Description extends Statistics {
  /** Label of the series. */
  readonly label: string;
  /** PID of the process; only with {@linkcode DescribeOptions.byProcess}. */
  readonly pid?: number;
  /** Its isolate; empty where it is not known. */
  readonly isolate?: string;
}

/** Options of `describe`. */
export interface DescribeOptions {
  /** Whether to describe each process separately. Default: false. */
  readonly byProcess?: boolean;
  /** Quantiles to compute, each from 0 to 1. Default: 0.25, 0.5, 0.75, 0.9 and 0.95. */
  readonly quantiles?: readonly number[];
}

/** Describes each series of a relation in one scan; ascending by label (and process). */
export async function describe(
  database: DuckDB,
  relation: string,
  options: DescribeOptions,
): Promise<Description[]> {
  const { byProcess = false, quantiles = DEFAULT_QUANTILES } = checkGiven<DescribeOptions>("Cannot describe", options, {
    byProcess: isBoolean,
    quantiles: isArray,
  });
  const keys = byProcess ? "Label, PID, Isolate" : "Label";
  const table = await database.sql(
    `SELECT ${keys}, ${aggregates(quantiles)} FROM ${measured(relation)} GROUP BY ${keys} ORDER BY ${keys}`,
  );
  return table.rows().map((row) => ({
    label: row.Label as string,
    ...byProcess ? processOf(row) : {},
    ...toStatistics(row, quantiles),
  }));
}

/**
 * A relation with an additional column `m`: the measurement, or null for NaN, which aggregates
 * ignore.
 */
export function measured(relation: string): string {
  return `(SELECT *, CASE WHEN isnan(Measurement) THEN NULL ELSE Measurement END AS m FROM ${relation})`;
}

/**
 * SQL of the aggregates of `m` that {@linkcode toStatistics} reads.
 *
 * What exceeds the range of a double is NaN, or null, and never fails the query: that would take the
 * statistics of all other series with it. So the standard deviation is the root of the covariance of
 * `m` with itself, where that is a finite number: `stddev_samp` fails where it is not. `fsum`
 * (compensated summation) turns infinities into NaN, so `sum` adds those.
 */
export function aggregates(quantiles: readonly number[]): string {
  checkQuantiles(quantiles);
  const list = quantiles.length === 0 ? "NULL" : `quantile_cont(m, [${quantiles.map(double).join(", ")}])`;
  return `count(m) AS n,
    CASE WHEN isfinite(fsum(m)) THEN fsum(m) WHEN isfinite(min(m)) AND isfinite(max(m)) THEN 'NaN' ELSE sum(m) END AS total,
    CASE WHEN covar_samp(m, m) BETWEEN 0 AND ${double(Number.MAX_VALUE)} THEN sqrt(covar_samp(m, m)) END AS deviation,
    min(m) AS smallest, max(m) AS largest, ${list} AS quantiles`;
}

/** Reads a row of the {@linkcode aggregates} of the same quantiles. */
export function toStatistics(row: Record<string, unknown>, quantiles: readonly number[]): Statistics {
  const { n, total, deviation, smallest, largest, quantiles: values } = row as Readonly<{
    n: bigint;
    total: number | null;
    deviation: number | null;
    smallest: number | null;
    largest: number | null;
    quantiles: readonly number[] | null;
  }>;
  const count = Number(n);
  const sum = total ?? 0;
  return {
    count,
    mean: sum / count,
    std: deviation ?? NaN,
    min: smallest ?? NaN,
    max: largest ?? NaN,
    sum,
    quantiles: quantiles.map((q, index) => ({ q, value: values?.[index] ?? NaN })),
  };
}
