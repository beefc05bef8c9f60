import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { linearTicks, logRange, logTicks, timeTicks } from "../../../src/display/ticks.ts";
import { WallClock } from "../../../src/report/viewer/model/clock.ts";

describe("ticks", () => {
  it("are round numbers on a linear axis", () => {
    assertEquals(linearTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assertEquals(linearTicks(-3, 17, 3), [0, 10]);
    assertEquals(linearTicks(2, 2, 3), [2]);
  });

  it("are powers of ten on a logarithmic axis, and multiples where there is room", () => {
    assertEquals(logTicks(0.001, 10, 5), [0.001, 0.01, 0.1, 1, 10]);
    assertEquals(logTicks(0.001, 0.1, 8), [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]);
    assertEquals(logTicks(1e-9, 1000, 5).length, 5);
    assert(logTicks(0.0121, 0.0133, 5).length >= 2);
  });

  it("have a margin around the values, even around a single one", () => {
    for (const [min, max] of [[0.01, 0.01], [1e-6, 10], [0, 1]] as const) {
      const [low, high] = logRange(min, max);
      assert(low > 0 && low < max && high > max);
    }
  });

  it("are at round times of day", () => {
    const seconds = 1_795_428_012n;
    const clock = new WallClock(`${seconds}250000000`);
    const { at, labels } = timeTicks(0, 100, 5, clock);
    at.forEach((tick) => assertAlmostEquals((Number(seconds) + 0.25 + tick) % 30, 0, 1e-6));
    assertEquals(at.length, 3);
    labels.forEach((label, index) => assertEquals(label, clock.time(at[index] ?? 0)));
    const fine = timeTicks(0.0001, 0.0005, 4, clock);
    fine.labels.forEach((label) => assertEquals(label.length, "00:00:12.2501".length));
  });
});

describe("WallClock", () => {
  it("formats nanoseconds exactly", () => {
    const clock = new WallClock("1795428012345678901");
    assertEquals(clock.time(0, 9).slice(-10), ".345678901");
    assertEquals(clock.time(0.000_000_099, 9).slice(-10), ".345679000");
    assertEquals(clock.time(0, 3).slice(5), `:12.345`);
  });
});
