import { checkGiven } from "../../options.ts";
import { isArray, isBoolean } from "./checks.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { double } from "../duckdb/sql.ts";
import { checkQuantiles, DEFAULT_QUANTILES } from "../../statistics/quantiles.ts";
import type { Statistics } from "../../statistics/statistics.ts";

export type { Statistics } from "../../statistics/statistics.ts";

/** Statistics of a series, or of one process's part of it. */
export interface Description extends Statistics {
  /** The label of the series. */
  readonly label: string;
  /** The process, if each is described for itself. */
  readonly pid?: number;
}

/** How to describe. */
export interface DescribeOptions {
  /** Whether each process is described for itself. Default: no. */
  readonly byPid?: boolean;
  /** Which quantiles, from 0 to 1. Default: 0.25, 0.5, 0.75, 0.9 and 0.95. */
  readonly quantiles?: readonly number[];
}

/** Describes each series of a relation, ascending by label (and PID), in one scan. */
export async function describe(
  database: DuckDB,
  relation: string,
  options: DescribeOptions,
): Promise<Description[]> {
  const { byPid = false, quantiles = DEFAULT_QUANTILES } = checkGiven<DescribeOptions>("Cannot describe", options, {
    byPid: isBoolean,
    quantiles: isArray,
  });
  const keys = byPid ? "Label, PID" : "Label";
  const table = await database.sql(
    `SELECT ${keys}, ${aggregates(quantiles)} FROM ${measured(relation)} GROUP BY ${keys} ORDER BY ${keys}`,
  );
  return table.rows().map((row) => ({
    label: row.Label as string,
    ...byPid ? { pid: Number(row.PID) } : {},
    ...toStatistics(row, quantiles),
  }));
}

/** A relation with one more column, `m`: the measurement, or null for NaN, which aggregates pass over. */
export function measured(relation: string): string {
  return `(SELECT *, CASE WHEN isnan(Measurement) THEN NULL ELSE Measurement END AS m FROM ${relation})`;
}

/**
 * The aggregates of `m` that {@linkcode toStatistics} reads. `fsum` is exact to the last digits, but makes NaN of infinities, which `sum` adds;
 * `stddev_samp` is an error where it is not finite, which the covariance of a thing with itself is not.
 */
export function aggregates(quantiles: readonly number[]): string {
  checkQuantiles(quantiles);
  const list = quantiles.length === 0 ? "NULL" : `quantile_cont(m, [${quantiles.map(double).join(", ")}])`;
  return "count(m) AS n, CASE WHEN isfinite(fsum(m)) THEN fsum(m) ELSE sum(m) END AS total, " +
    `sqrt(covar_samp(m, m)) AS deviation, min(m) AS smallest, max(m) AS largest, ${list} AS quantiles`;
}

/** The statistics in a row of the {@linkcode aggregates} of these quantiles. */
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
