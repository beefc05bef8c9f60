import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { DURATION_BUCKETS, partOfBucket } from "../../../../src/report/shared/report_buckets.ts";
import { cellsFromBins, medianOf } from "../../../../src/report/findings/steps/step_cells.ts";
import { timeOfDay } from "../../../../src/report/shared/clock_times.ts";
import { findSteps } from "../../../../src/statistics/steps.ts";
import { plain, reportOn, type Row } from "../../../support/analysis/report_recording.ts";
import { normalNumbers } from "../../../support/random.ts";

const HOUR = 3_600e9;

describe("steps of a report", () => {
  it("are found in 1.4 million durations of a day: +31 % at 18:00", () => {
    const width = HOUR / 30;
    const normal = normalNumbers(1);
    // Cells as a report reads them: bucket, count, smallest and largest part of it.
    const cells = Array.from({ length: 720 }, () => new Map<number, [count: number, low: number, high: number]>());
    for (let i = 0; i < 1_400_000; i++) {
      const at = i / 1_400_000 * 24 * HOUR;
      const duration = 0.012 * Math.exp(0.5 * normal()) * (at < 18 * HOUR ? 1 : 1.31);
      const bucket = DURATION_BUCKETS.indexOf(duration);
      const part = partOfBucket(bucket, duration);
      const cell = cells[Math.floor(at / width)]!;
      const [count, low, high] = cell.get(bucket) ?? [0, part, part];
      cell.set(bucket, [count + 1, Math.min(low, part), Math.max(high, part)]);
    }
    const buckets = cells.map((cell) => [...cell].sort(([a], [b]) => a - b).flatMap(([bucket, of]) => [bucket, ...of]));
    const read = cellsFromBins([{
      process: 0,
      statistics: { count: 1_400_000, sum: 1, mean: 1, min: 1, p50: 1, p90: 1, p99: 1, p999: 1, max: 1 },
      cells: { bin: [...cells.keys()], min: [], max: [], sum: [], buckets },
    }], width);
    const steps = findSteps(read.map(({ level }) => level), { least: Math.log(1.1) });
    assertEquals(steps.map(({ index }) => read[index]!.from), [18 * HOUR]);
    const { index } = steps[0]!;
    assertAlmostEquals(medianOf(read.slice(index)) / medianOf(read.slice(0, index)), 1.31, 0.01);
  });

  it("are found in few durations, also where these are a small part of the time", async () => {
    const normal = normalNumbers(2);
    for (const [factor, before] of [[5, 0], [2, 3_000]] as const) {
      const duration: Row[] = [];
      for (let i = 0; i < 300; i++) {
        const at = before + i / 100;
        const length = 0.002 * Math.exp(0.2 * normal()) * (i < 120 ? 1 : factor);
        duration.push([at + length, length, "job"]);
      }
      const runtime: Row[] = [[0, 1e6, "rss"], [before + 4, 1e6, "rss"]];
      const { findings, durations } = await reportOn({ duration, runtime });
      const [step, ...others] = durations[0]!.steps ?? [];
      assertEquals(others, []);
      const told = plain(findings[0]!.text);
      assert(told.startsWith(plain(`job became slower, +`)), told);
      assert(plain(findings[0]!.text).includes(plain(timeOfDay(step!.at))), told);
      assertAlmostEquals(step!.after / step!.before, factor, 0.1 * factor);
      // The first duration after the step began 1.2 s after the first of all.
      assertAlmostEquals(step!.at / 1e9, before + 1.2, 0.03);
    }
  });

  it("are not told of one duration, or of a few, that took long", async () => {
    const normal = normalNumbers(3);
    const duration = Array.from({ length: 300 }, (_, i): Row => {
      const length = 0.002 * Math.exp(0.2 * normal()) * (i >= 200 && i < 206 ? 5 : 1);
      return [i / 100 + length, length, "job"];
    });
    assertEquals((await reportOn({ duration })).durations[0]!.steps, undefined);
  });
});

describe("a label that nobody reads to its end", () => {
  it("is shortened in sentences", async () => {
    const label = `begin ${"x".repeat(3_000)} end`;
    const duration = Array.from(
      { length: 90 },
      (_, i): Row => [i, i % 3 === 0 ? 0.02 : 0.01, [label, "a", "b"][i % 3]!],
    );
    const [card] = (await reportOn({ duration })).findings;
    assert(card!.text.includes("begin xxx") && card!.text.includes("xxx end took the most time"), card!.text);
    assert(card!.text.length < 600, `${card!.text.length}`);
  });
});
