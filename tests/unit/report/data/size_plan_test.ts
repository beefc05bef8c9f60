import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { seriesWithRoom } from "../../../../src/report/data/durations.ts";
import {
  durationRoom,
  filledBins,
  LONG_LABEL_BYTES,
  makeSizePlan,
  MAX_STATISTICS,
} from "../../../../src/report/data/size_plan.ts";
import { findStrays, MAX_BINS, MIN_BINS, possibleBins } from "../../../../src/report/data/time_axis.ts";

describe("the time axis of a report", () => {
  const cases: [span: number, rows: number, width: number, count: number][] = [
    [0, 1, 1, 1],
    [10.23e9, 15_027, 50e6, 205],
    [3600e9, 10_000_000, 5e9, 721],
    [3600e9, 4_000, 30e9, 121],
    [30 * 86_400e9, 10_000_000, 3600e9, 721],
  ];
  for (const [span, rows, width, count] of cases) {
    it(`has ${count} bins for ${rows} rows in ${span / 1e9} s`, () => {
      assertEquals(possibleBins(span, rows)[0], { width, count });
    });
  }

  it("has a choice for any span, from fine to coarse", () => {
    for (let span = 1; span < 9e18; span *= 1.7) {
      const axes = possibleBins(span, 1e7);
      assert(axes.length > 0, `${span}`);
      for (const [i, { width, count }] of axes.entries()) {
        assert(count <= MAX_BINS && width * count > span && width * (count - 1) <= span);
        assert(i === 0 || width > axes[i - 1]!.width);
        assert(i === 0 || count >= MIN_BINS / 2);
      }
    }
  });

  it("leaves out a few rows beyond a large gap, on either side", () => {
    const parts = [{ part: 0, rows: 2 }, { part: 950, rows: 5_000 }, { part: 999, rows: 5_000 }];
    assertEquals(findStrays(parts), { rows: 2, before: true, edge: 949.5 });
    const mirrored = parts.map(({ part, rows }) => ({ part: 999 - part, rows })).reverse();
    assertEquals(findStrays(mirrored), { rows: 2, before: false, edge: 50.5 });
  });

  it("keeps rows that are many, or close", () => {
    assertEquals(findStrays([{ part: 0, rows: 20 }, { part: 999, rows: 10_000 }]), undefined);
    assertEquals(findStrays([{ part: 0, rows: 2 }, { part: 500, rows: 5_000 }, { part: 999, rows: 5_000 }]), undefined);
    assertEquals(findStrays([{ part: 0, rows: 1 }]), undefined);
  });
});

describe("the plan of a report", () => {
  const room = durationRoom(MAX_STATISTICS, 0);
  const axes = [{ width: 1, count: 400 }, { width: 2, count: 200 }, { width: 5, count: 80 }];
  const costing = (weight: number, bytes: number) => ({ weight, bytes: [bytes, bytes / 2, bytes / 5] });

  it("shows everything on the finest axis if there is room", () => {
    assertEquals(makeSizePlan(axes, [costing(1, 100), costing(2, 100)], [costing(1, 100)]), {
      bins: axes[0]!,
      durations: new Set([1, 0]),
      quantities: new Set([0]),
    });
  });

  it("takes a coarser axis if the fifty heaviest series need it", () => {
    const series = Array.from({ length: 80 }, (_, i) => costing(i, room / 40));
    const { bins, durations } = makeSizePlan(axes, series, []);
    assertEquals([bins, durations.size, durations.has(79), durations.has(0)], [axes[1], 80, true, true]);
  });

  it("leaves out the lightest series where even the coarsest axis has no room", () => {
    const series = [...Array.from({ length: 300 }, (_, i) => costing(i, room / 10)), costing(-1, 0)];
    const { bins, durations } = makeSizePlan(axes, series, []);
    assertEquals([bins, durations.size], [axes[2], 51]);
    assert(durations.has(299) && !durations.has(0) && durations.has(300), "what costs nothing is shown");
  });

  it("has no more statistics than the maximum", () => {
    const series = (label: string, weight: number, processes: number) => ({ label, weight, processes, bytes: [] });
    assertEquals(seriesWithRoom([series("a", 1, 1), series("b", 3, 1), series("c", 2, 1)], 4), new Set([1, 2]));
    const many = Array.from({ length: 1_000 }, (_, i) => series(`${i}`, i, 16));
    assertEquals(seriesWithRoom(many).size, 1_000);
    assertEquals(seriesWithRoom([...many, ...many]).size, Math.floor(MAX_STATISTICS / 17));
  });

  it("leaves out series whose labels are too long, and keeps the others", () => {
    const series = Array.from({ length: 1_000 }, (_, i) => (
      { label: (i % 2 === 0 ? "x" : "x".repeat(16_384)) + i, weight: 1_000 - i, processes: 1, bytes: [] }
    ));
    const chosen = [...seriesWithRoom(series)];
    const isLong = (i: number) => i % 2 === 1;
    assertEquals(chosen.filter((i) => !isLong(i)).length, 500);
    assertEquals(chosen.filter(isLong).length, Math.floor(LONG_LABEL_BYTES / 16_384));
  });

  it("estimates how many bins are filled", () => {
    assertEquals([filledBins(0, 10), filledBins(7, 1)], [0, 1]);
    assertAlmostEquals(filledBins(1, 10), 1);
    assertAlmostEquals(filledBins(1e6, 10), 10);
    assertAlmostEquals(filledBins(2, 10), 1.9);
  });
});
