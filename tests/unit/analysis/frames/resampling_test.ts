import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseInterval } from "../../../../src/analysis/frames/resampling.ts";
import { describeNumbers, TelemetryDB } from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const SECOND = 1_000_000_000n;

async function resampled(rows: Rows, interval: string | bigint, options = {}) {
  using files = recordFiles({ "duration.1.csv": rows });
  await using db = await TelemetryDB.open(files.path);
  return await db.duration().timeSeries("a").resample(interval, options);
}

describe("TelemetrySeries.resample", () => {
  it("assigns a timepoint to the interval that begins with it, and fills gaps", async () => {
    const { interval, timepoints, count, sum, mean } = await resampled([
      [2n * SECOND - 1n, 1, "a", 1],
      [2n * SECOND, 2, "a", 1],
      [5n * SECOND, 4, "a", 1],
      [2n * SECOND, 100, "b", 1],
    ], "1s");
    assertEquals(interval, SECOND);
    assertEquals(timepoints, BigInt64Array.of(SECOND, 2n * SECOND, 3n * SECOND, 4n * SECOND, 5n * SECOND));
    assertEquals([...count], [1, 1, 0, 0, 1]);
    assertEquals([...sum], [1, 2, 0, 0, 4]);
    assertEquals([...mean], [1, 2, NaN, NaN, 4]);
  });

  it("aligns intervals of any length to 1970, also before 1970", async () => {
    const { timepoints, count } = await resampled([[-8n, 1, "a", 1], [-7n, 1, "a", 1], [6n, 1, "a", 1]], 7n);
    assertEquals([[...timepoints], [...count]], [[-14n, -7n, 0n], [1, 1, 1]]);
  });

  it("computes quantiles, of all processes or of one", async () => {
    const rows: Rows = [1, 2, 3, 4].map((n) => [BigInt(n), n, "a", n % 2] as const);
    const all = await resampled(rows, "1h", { quantiles: [0.5, 1] });
    assertEquals(all.quantiles, [{ q: 0.5, values: new Float64Array([2.5]) }, { q: 1, values: new Float64Array([4]) }]);
    const odd = await resampled(rows, "1h", { quantiles: [0.5], pid: 1 });
    assertEquals([odd.quantiles[0]?.values[0], odd.count[0]], [2, 2]);
  });

  it("ignores NaN, and sums infinities", async () => {
    const { count, sum, mean } = await resampled([
      [0n, NaN, "a", 1],
      [SECOND, Infinity, "a", 1],
      [SECOND, 1, "a", 1],
      [2n * SECOND, Infinity, "a", 1],
      [2n * SECOND, -Infinity, "a", 1],
      [3n * SECOND, NaN, "a", 1],
    ], "1s");
    assertEquals([...count], [0, 2, 2, 0]);
    assertEquals([...sum], [0, Infinity, NaN, 0]);
    assertEquals([...mean], [NaN, Infinity, NaN, NaN]);
  });

  it("rejects more than 10 million intervals, and quantiles above 1", async () => {
    const rows: Rows = [[0n, 1, "a", 1], [10_000_000n, 1, "a", 1]];
    assertEquals((await resampled(rows.slice(0, 1), 1n)).count.length, 1);
    await assertRejects(
      () => resampled(rows, 1n),
      KymoError,
      "the observations span more than 10000000 intervals",
    );
    await assertRejects(
      () => resampled(rows, "1s", { quantiles: [2] }),
      KymoError,
      "Cannot resample: ",
    );
  });

  it("rejects intervals of which the first would begin before the earliest timepoint", async () => {
    const least = -(2n ** 63n);
    const { timepoints, count } = await resampled([[least, 1, "a", 1], [least + 5n, 1, "a", 1]], 4n);
    assertEquals([timepoints[0], ...count], [least, 1, 1]);
    await assertRejects(() => resampled([[least, 1, "a", 1]], 7n), KymoError, "the first interval would begin before");
  });

  it("returns empty arrays for a series without observations", async () => {
    const { timepoints, quantiles } = await resampled([[0n, 1, "b", 1]], 4n, { quantiles: [0.5] });
    assertEquals([timepoints.length, quantiles], [0, [{ q: 0.5, values: new Float64Array() }]]);
  });

  it("accepts intervals in all units, and rejects other text", () => {
    const intervals = {
      "1ns": 1n,
      "5us": 5_000n,
      "5 µs": 5_000n,
      "500ms": 500_000_000n,
      "1s": SECOND,
      "2m": 120n * SECOND,
    };
    for (const [text, nanoseconds] of Object.entries(intervals)) assertEquals(parseInterval(text), nanoseconds);
    assertEquals([parseInterval("1h"), parseInterval("1d"), parseInterval(9n)], [3600n * SECOND, 86400n * SECOND, 9n]);
    for (
      const wrong of ["", "s", "1", "0s", "-1s", "1.5s", "1S", "1 week", 0n, -1n, 2n ** 63n, "200000d", 5 as never]
    ) {
      const error = assertThrows(() => parseInterval(wrong), KymoError, "must be an interval such as");
      assertEquals(error.code, "invalid-argument");
    }
  });
});

describe("descriptions", () => {
  it("have exact extreme quantiles of many rows", async () => {
    const rows = Array.from({ length: 20_001 }, (_, i) => [BigInt(i), i * 7_919 % 20_001, "a", 1] as const);
    using files = recordFiles({ "duration.1.csv": rows.slice(0, 9_000), "duration.2.csv": rows.slice(9_000) });
    await using db = await TelemetryDB.open(files.path);
    assertEquals(await db.duration().timeSeries("a").quantiles([0.9999, 0.99995, 0, 1]), [19_998, 19_999, 0, 20_000]);
  });

  it("reject quantiles outside 0 to 1", () => {
    for (const q of [-0.1, 1.1, NaN]) assertThrows(() => describeNumbers([1], [q]), KymoError, "Cannot describe");
  });

  it("sum numbers without losing small ones", () => {
    assertEquals(describeNumbers([1e100, 1, -1e100]).sum, 1);
    assertEquals(describeNumbers(new Array(10).fill(0.1)).sum, 1);
    assertEquals(describeNumbers([Infinity, 1]).mean, Infinity);
    assertEquals(describeNumbers([]), describeNumbers([NaN]));
  });

  it("have NaN for what no double can hold, and all other statistics", async () => {
    const odd: Record<string, number[]> = {
      "opposite": [1e308, -1e308],
      "huge": [1e308, 1.5e308],
      "infinite": [Infinity, 2],
      "both infinite": [Infinity, -Infinity],
      "fine": [2, 3],
    };
    using files = recordFiles({
      "custom.csv": Object.entries(odd).flatMap(([label, values]) =>
        values.map((value, i) => [BigInt(i), value, label, 1] as const)
      ),
    });
    await using db = await TelemetryDB.open(files.path);
    const described = await db.custom().describe({ quantiles: [0.5] });
    assertEquals(
      described.map(({ label, count, sum, mean, std }) => [label, count, sum, mean, std]),
      [
        ["both infinite", 2, NaN, NaN, NaN],
        ["fine", 2, 5, 2.5, Math.SQRT1_2],
        ["huge", 2, NaN, NaN, NaN],
        ["infinite", 2, Infinity, Infinity, NaN],
        ["opposite", 2, 0, 0, NaN],
      ],
    );
    for (const { label, ...statistics } of described) assertEquals(statistics, describeNumbers(odd[label]!, [0.5]));
    const { sum, count } = await db.custom().timeSeries("huge").resample("1h");
    assertEquals([sum, count], [new Float64Array([NaN]), new Float64Array([2])]);
  });
});
