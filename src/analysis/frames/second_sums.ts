import { sumOf } from "../../statistics/statistics.ts";
import type { TelemetrySeries } from "./telemetry_series.ts";

/** A number for each second; the same index in both arrays is the same second. */
export interface SecondSeries {
  /** When each second begins, ns since 1970, ascending. */
  readonly timepoints: BigInt64Array;
  /** Its number. */
  readonly values: Float64Array;
}

/** Two series compared, as a whole and second by second. */
export interface SecondSums {
  /** Of all measurements. */
  readonly ratio: number;
  /** Of the measurements of each second in which the one or the other series runs; NaN where only one does. */
  readonly series: SecondSeries;
}

/**
 * How many measurements of a series there are in each second, from its first to its last: for durations of requests, the requests per second.
 *
 * @example Requests per second of an endpoint, described and plotted
 * ```ts
 * import { describeNumbers, measurementsPerSecond, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_rps");
 * writeFileSync(
 *   "_rps/duration.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000100000000,0.25,/version [GET],42\r\n" +
 *     "1700000000900000000,0.5,/version [GET],43\r\n" +
 *     "1700000002000000000,0.5,/version [GET],42\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_rps");
 *   const requests = await measurementsPerSecond(db.duration().timeSeries("/version [GET]"));
 *   assertEquals(requests.values, new Float64Array([2, 0, 1]));
 *   const { mean, max } = describeNumbers(requests.values);
 *   assertEquals([mean, max], [1, 2]);
 *   for (const value of requests.values) console.log("#".repeat(value)); // or give both arrays to a library of charts
 * }
 * rmSync("_rps", { recursive: true });
 * ```
 */
export async function measurementsPerSecond(series: TelemetrySeries): Promise<SecondSeries> {
  const { timepoints, count } = await series.resample("1s");
  return { timepoints, values: count };
}

/**
 * By how much the sum of `b` exceeds that of `a`: as a part of the sum of `b`, and for each second. If what `a` measures is a part of what `b`
 * measures, a ratio near 0 says that it is almost all of it, and one near 1 that it hardly matters.
 *
 * @example How much of the time of an endpoint is not within a function that it calls
 * ```ts
 * import { sumBySecondDifference, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_difference");
 * writeFileSync(
 *   "_difference/duration.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000100000000,0.25,version(),42\r\n" +
 *     "1700000000200000000,0.75,/version [GET],42\r\n" +
 *     "1700000001100000000,0.5,version(),42\r\n" +
 *     "1700000001200000000,0.75,/version [GET],42\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_difference");
 *   const functionTime = db.duration().timeSeries("version()");
 *   const requestTime = db.duration().timeSeries("/version [GET]");
 *   const { ratio, series } = await sumBySecondDifference(functionTime, requestTime);
 *   assertEquals(ratio, 0.5); // half of it
 *   assertEquals(series.timepoints[0], 1700000000000000000n);
 *   assertEquals(series.values, new Float64Array([0.5, 0.25])); // seconds in each second
 * }
 * rmSync("_difference", { recursive: true });
 * ```
 */
export async function sumBySecondDifference(a: TelemetrySeries, b: TelemetrySeries): Promise<SecondSums> {
  return await combine(a, b, (sumA, sumB) => (sumB - sumA) / sumB, (sumA, sumB) => sumB - sumA);
}

/**
 * What the sum of `a` is to that of `b`, as a whole and for each second. By 0 is divided as numbers are: the ratio is infinite, or NaN.
 *
 * @example User time by system time
 * ```ts
 * import { sumBySecondRatio, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_ratio");
 * writeFileSync(
 *   "_ratio/runtime.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000100000000,3,user time,42\r\n" +
 *     "1700000000100000000,0.75,system time,42\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_ratio");
 *   const { ratio, series } = await sumBySecondRatio(db.userTime(), db.systemTime());
 *   assertEquals([ratio, ...series.values], [4, 4]);
 * }
 * rmSync("_ratio", { recursive: true });
 * ```
 */
export async function sumBySecondRatio(a: TelemetrySeries, b: TelemetrySeries): Promise<SecondSums> {
  const divide = (sumA: number, sumB: number) => sumA / sumB;
  return await combine(a, b, divide, divide);
}

async function combine(
  a: TelemetrySeries,
  b: TelemetrySeries,
  whole: (sumA: number, sumB: number) => number,
  part: (sumA: number, sumB: number) => number,
): Promise<SecondSums> {
  const [sumsA, sumsB] = [await a.resample("1s"), await b.resample("1s")];
  const byTimeA = new Map(Array.from(sumsA.timepoints, (timepoint, index) => [timepoint, sumsA.sum[index]!]));
  const byTimeB = new Map(Array.from(sumsB.timepoints, (timepoint, index) => [timepoint, sumsB.sum[index]!]));
  const timepoints = BigInt64Array.from(new Set([...byTimeA.keys(), ...byTimeB.keys()])).sort();
  const values = Float64Array.from(
    timepoints,
    (timepoint) => part(byTimeA.get(timepoint) ?? NaN, byTimeB.get(timepoint) ?? NaN),
  );
  return { ratio: whole(sumOf(sumsA.sum), sumOf(sumsB.sum)), series: { timepoints, values } };
}
