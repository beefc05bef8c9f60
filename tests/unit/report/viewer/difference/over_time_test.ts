import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { lineOf, meanLine, rateLine } from "../../../../../src/report/viewer/difference/over_time.ts";
import { RunClock } from "../../../../../src/report/viewer/difference/run_clock.ts";
import {
  histogramAxis,
  meanHistogram,
  quantileOfSide,
} from "../../../../../src/report/viewer/difference/distributions.ts";
import { histogramOf } from "../../../../../src/report/viewer/difference/distributions.ts";
import { DURATION_BUCKETS } from "../../../../../src/report/shared/report_buckets.ts";
import type { LabelRun } from "../../../../../src/report/shared/difference_data.ts";

describe("values over the time of runs", () => {
  it("go on over a short gap, and are interrupted by a long one", () => {
    assertEquals(lineOf([0, 2, 7], [1, 2, 3], 9), [1, undefined, 2, null, null, null, null, 3, null]);
  });

  it("have a mean over the runs that are there", () => {
    assertEquals(meanLine([[1, 2, null], [3, null, null]], "arithmetic"), [2, 2, null]);
    assertAlmostEquals(meanLine([[0.01], [1]], "geometric")[0]!, 0.1, 1e-12);
  });

  it("are rates per second of the part that the run has, and none where it did not record", () => {
    const axis = { width: 1e9, step: 2, count: 4 };
    const line = rateLine({ cells: [0, 2], counts: [10, 5] }, { span: 5.5e9, empty: [2, 3] }, axis);
    assertEquals(line.map((value) => typeof value === "number" ? Number(value.toFixed(3)) : value), [
      5,
      null,
      3.333,
      null,
    ]);
  });

  it("have times since the beginning of the run", () => {
    const clock = new RunClock();
    const times = [
      clock.time(0),
      clock.time(5),
      clock.time(90),
      clock.time(0.25, 2),
      clock.time(61.5, 1),
      clock.minute(7_200),
    ];
    assertEquals(times.map((time) => time.replaceAll("\u00a0", " ")), [
      "0",
      "5 s",
      "1 min 30 s",
      "250 ms",
      "1 min 1.5 s",
      "2 h",
    ]);
  });
});

describe("distributions that are laid over each other", () => {
  const run = (index: number, durations: readonly number[]): LabelRun => {
    const sorted = durations.toSorted((a, b) => a - b);
    const counts = Map.groupBy(sorted, (duration) => DURATION_BUCKETS.indexOf(duration));
    const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))]!;
    return {
      run: index,
      count: durations.length,
      min: sorted[0]!,
      max: sorted.at(-1)!,
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      buckets: [...counts].flatMap(([bucket, own]) => [bucket, own.length]),
      cells: [],
      counts: [],
      p50s: [],
      p99s: [],
    };
  };
  const spread = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from * (1 + i / count * 3));

  it("are shares of the samples that add up to 1, whatever their number", () => {
    const runs = [run(0, spread(0.001, 1_000)), run(1, spread(0.002, 50))];
    const axis = histogramAxis(runs)!;
    const histograms = runs.map((of) => histogramOf(of, axis));
    for (const { shares } of [...histograms, meanHistogram(histograms)]) {
      assertAlmostEquals(shares.reduce((sum, share) => sum + share, 0), 1, 1e-9);
    }
    assertEquals(histogramAxis([]), undefined);
  });

  it("are coarser for few samples", () => {
    assertEquals(histogramAxis([run(0, spread(0.001, 5_000))])!.buckets, 1);
    assertEquals(histogramAxis([run(0, spread(0.001, 20))])!.buckets, 8);
  });

  it("have quantiles, of several runs the geometric mean", () => {
    const runs = [run(0, spread(0.001, 1_000)), run(1, spread(0.004, 1_000))];
    assertAlmostEquals(quantileOfSide(runs, 0.5), 0.005, 0.0002);
    assertAlmostEquals(quantileOfSide([runs[0]!], 0.999), 0.004, 0.0002);
  });
});
