/**
 * Analysis of what was recorded: statistics with exact quantiles, resampling, and SQL, over any number of CSV files and the spools of running
 * programs. It needs the package `@duckdb/node-api`, which nothing else of Kymo loads, and on Deno `--allow-ffi`.
 *
 * @example
 * ```ts
 * import { start, stop, time } from "@kymo/kymo";
 * import { TelemetryDB } from "@kymo/kymo/analysis";
 * import { rmSync } from "node:fs";
 *
 * start({ monitoringDir: "_analysis", withRuntime: true });
 * for (let i = 0; i < 100; i++) {
 *   using _ = time("sort");
 *   Array.from({ length: 1_000 }, Math.random).sort();
 * }
 * await stop();
 * {
 *   await using db = await TelemetryDB.open("_analysis");
 *   for (const { label, count, mean, quantiles } of await db.duration().describe({ quantiles: [0.5, 0.99, 0.9999] })) {
 *     console.log(label, count, mean, quantiles); // sort 100 0.00012 …
 *   }
 *   console.log(await db.rss().data(), db.reading.unread); // all that was recorded is there
 * }
 * rmSync("_analysis", { recursive: true });
 * ```
 *
 * @module
 */

export type { Column, TableColumn } from "./column.ts";
export { compare } from "./comparison.ts";
export type { Change, ComparedSeries, CompareOptions, Comparison, Verdict } from "./comparison.ts";
export type { DescribeOptions, Description } from "./description.ts";
export type { DuckDBOptions } from "./duckdb.ts";
export { callTree, placeOf } from "./profile/call_tree.ts";
export type { CallNode, FunctionKind, ProfiledFunction } from "./profile/call_tree.ts";
export { callTimes, functionTimes } from "./profile/function_times.ts";
export type { CallTime, FunctionTime } from "./profile/function_times.ts";
export { parseCpuProfile } from "./profile/parse_profile.ts";
export type { Resampled, ResampledQuantiles, ResampleOptions } from "./resampling.ts";
export { measurementsPerSecond, sumBySecondDifference, sumBySecondRatio } from "./second_sums.ts";
export type { SecondSeries, SecondSums } from "./second_sums.ts";
export type { Selection, SeriesSelection } from "./selection.ts";
export { correlateSlow } from "./slow_correlation.ts";
export type { Companion, RequestGroup, SlowCorrelation, SlowCorrelationOptions } from "./slow_correlation.ts";
export type { Problem, Reading } from "./source/reading.ts";
export { DEFAULT_QUANTILES, describeNumbers } from "./statistics.ts";
export type { Quantile, Statistics } from "./statistics.ts";
export type { Table } from "./table.ts";
export { TelemetryDB } from "./telemetry_db.ts";
export type { TelemetryFrame } from "./telemetry_frame.ts";
export type { SeriesData, TelemetrySeries } from "./telemetry_series.ts";
export type { CpuProfile, CpuProfileNode } from "../runtime.ts";
