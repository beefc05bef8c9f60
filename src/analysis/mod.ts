/**
 * Analysis of recordings: statistics with exact quantiles, resampling, comparison of runs, and SQL,
 * over any number of CSV files and the spools of running programs.
 *
 * It needs the package `@duckdb/node-api`, which no other part of Kymo loads, and on Deno
 * `--allow-ffi`. Functions for CPU profiles need neither. Failures are `KymoError`s of
 * `@kymo/kymo`.
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
 *   console.log(await db.rss().data(), db.reading.unread); // every observation, and 0 unread rows
 * }
 * rmSync("_analysis", { recursive: true });
 * ```
 *
 * @module
 */

// Recordings, and selections of them.
export { TelemetryDB } from "./frames/telemetry_db.ts";
export type { DuckDBOptions, QueryOptions } from "./duckdb/duckdb.ts";
export type { OpenOptions } from "./frames/recording.ts";
export type { TimeBounds } from "./source/time_window.ts";
export type { CopiedFile, GoneFile, Problem, Reading } from "./source/reading_report.ts";
export type { TelemetryFrame } from "./frames/telemetry_frame.ts";
export type { SeriesData, TelemetrySeries } from "./frames/telemetry_series.ts";
export type { Selection, SeriesSelection } from "./frames/selection.ts";

// Who recorded.
export type { ProcessId } from "../files/names.ts";
export type { EndKind, ProgramEnd, ProgramRecord } from "../files/program_record.ts";
export type { Liveness } from "../files/liveness.ts";
export type { ProgramRecords } from "./programs/program_records.ts";

// When recording was off.
export type { Pause, Pauses, RecordedSeries } from "./programs/pauses.ts";
export type { SwitchScope } from "../recording_switch.ts";

// Results of queries in SQL.
export type { Table } from "./duckdb/table.ts";
export type { Column, TableColumn } from "./duckdb/table_column.ts";

// Statistics.
export type { DescribeOptions, Description } from "./frames/description.ts";
export { DEFAULT_QUANTILES } from "../statistics/quantiles.ts";
export { describeNumbers } from "../statistics/describe_numbers.ts";
export type { Quantile, Statistics } from "../statistics/describe_numbers.ts";
export type { Resampled, ResampledQuantiles, ResampleOptions } from "./frames/resampling.ts";
export { measurementsPerSecond, sumBySecondDifference, sumBySecondRatio } from "./frames/per_second.ts";
export type { SecondSeries, SecondSums } from "./frames/per_second.ts";

// Pictures of series, and of what is computed of them.
export { plotToFile } from "./plot/plot.ts";
export type { PlotOptions, Plotted } from "./plot/plot.ts";

// Comparison of two runs, or of two groups of runs.
export { compare } from "./compare/comparison.ts";
export type { CompareOptions } from "./compare/comparison.ts";
export type {
  Change,
  ComparedSeries,
  Comparison,
  FailureComparison,
  FailureVerdict,
  Interval,
  Quantity,
  QuantityComparison,
  RunSeries,
  Verdict,
} from "./compare/changes.ts";
export { compareFailures } from "./compare/failures.ts";
export type { RouteOutcomes } from "./frames/route_outcomes.ts";
export type { FailedOutcome } from "../http/request_labels.ts";
export { compareQuantities } from "./compare/quantities.ts";
export type { Run } from "./compare/quantities.ts";

// The slowest samples and what overlapped them, and slow requests compared with the others.
export { slowest } from "./slow/slowest.ts";
export type { SlowestOptions, SlowSample } from "./slow/slowest.ts";
export { readOverlaps } from "./slow/overlaps.ts";
export type { Overlap, OverlapOptions, TimedSample } from "./slow/overlaps.ts";
export { correlateSlow } from "./slow/slow_correlation.ts";
export type { Concentration } from "./slow/concentration.ts";
export type {
  CorrelatedSeries,
  Queueing,
  RequestGroup,
  SlowCorrelation,
  SlowCorrelationOptions,
} from "./slow/slow_correlation.ts";

// CPU profiles.
export { parseCpuProfile } from "./profile/cpu_profile.ts";
export type { ReadCpuProfile } from "./profile/cpu_profile.ts";
export type { SampleListener } from "./profile/call_tree.ts";
export { callTimes, callTree, functionTimes, placeOf } from "./profile/call_tree.ts";
export type { CallNode, CallTime, FunctionKind, FunctionTime, ProfiledFunction } from "./profile/call_tree.ts";
export type { CpuProfile, CpuProfileNode } from "../runtime.ts";
