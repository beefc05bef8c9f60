import { sumOf } from "../../statistics/describe_numbers.ts";
import type { Resampled } from "./resampling.ts";
import type { TelemetrySeries } from "./telemetry_series.ts";

/** A value for each second, in parallel arrays. */
export interface SecondSeries {
  /** Start of each second, ns since 1970, ascending. */
  readonly timepoints: BigInt64Array;
  /** Value of each second. */
  readonly values: Float64Array;
}

/** A comparison of the sums of two series, in total and second by second. */
export interface SecondSums {
  /** The comparison of the total sums. */
  readonly ratio: number;
  /**
   * The comparison of the sums of each second; NaN outside the time range of either series, and
   * where recording of one of them was off for longer than that of the other.
   */
  readonly series: SecondSeries;
}

/**
 * The number of measurements in each second, from the first of the series to the last. If the
 * series measures durations of requests, these are requests per second. In a second in which
 * recording was off for a part of the time it is NaN: nobody knows how many there were.
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
 *   for (const value of requests.values) console.log("#".repeat(value)); // or pass both arrays to a charting library
 * }
 * rmSync("_rps", { recursive: true });
 * ```
 */
export async function measurementsPerSecond(series: TelemetrySeries): Promise<SecondSeries> {
  const { timepoints, count, recorded } = await series.resample("1s");
  return { timepoints, values: count.map((number, at) => recorded[at] === 1 ? number : NaN) };
}

/**
 * The sum of `b` minus the sum of `a`: as a share of the sum of `b` in total, and as a difference
 * for each second. If `a` measures a part of what `b` measures, a ratio near 0 means that it is
 * almost all of it, and a ratio near 1 that it hardly matters.
 *
 * @example Share of an endpoint's time outside a function that it calls
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
 * The sum of `a` divided by the sum of `b`, in total and for each second. Division by 0 gives an
 * infinity, or NaN for 0 / 0.
 *
 * @example User time divided by system time
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
  ofTotals: (sumA: number, sumB: number) => number,
  ofSeconds: (sumA: number, sumB: number) => number,
): Promise<SecondSums> {
  const [sumsA, sumsB] = [await a.resample("1s"), await b.resample("1s")];
  const [byTimeA, byTimeB] = [byTime(sumsA), byTime(sumsB)];
  const timepoints = BigInt64Array.from(new Set([...byTimeA.keys(), ...byTimeB.keys()])).sort();
  const values = Float64Array.from(timepoints, (timepoint) => {
    const [ofA, ofB] = [byTimeA.get(timepoint), byTimeB.get(timepoint)];
    return ofA?.recorded === ofB?.recorded ? ofSeconds(ofA?.sum ?? NaN, ofB?.sum ?? NaN) : NaN;
  });
  return { ratio: ofTotals(total(sumsA), total(sumsB)), series: { timepoints, values } };
}

/** The sum of each second by its timepoint, and the part of it in which recording was on. */
function byTime({ timepoints, sum, recorded }: Resampled): Map<bigint, { sum: number; recorded: number }> {
  return new Map(Array.from(timepoints, (timepoint, at) => [timepoint, { sum: sum[at]!, recorded: recorded[at]! }]));
}

/** The sum of all seconds in which something was recorded. */
function total({ sum, count }: Resampled): number {
  return sumOf(sum.filter((_, at) => count[at]! > 0));
}
