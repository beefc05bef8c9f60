import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import {
  binsOf,
  binTexts,
  countInBins,
  countsIn,
  holds,
  shiftFor,
  widened,
} from "../../../../src/analysis/summary/time_bins.ts";
import { recordFiles } from "../../../support/analysis/recorded_files.ts";

describe("time bins", () => {
  const times: [what: string, first: bigint, last: bigint][] = [
    ["an hour", 1_700_000_000_000_000_001n, 1_700_003_600_000_000_000n],
    ["a year", 1_700_000_000_000_000_000n, 1_731_536_000_000_000_000n],
    ["the 64-bit range", -(2n ** 63n), 2n ** 63n - 1n],
    ["the years around 1970", -1_000_000_000_000_000_000n, 1_000_000_000_000_000_000n],
  ];
  for (const [what, first, last] of times) {
    it(`are 128 to 256, and contain all of ${what}`, () => {
      const { from, width, length } = binsOf({ first, last }, shiftFor({ first, last }));
      assertEquals(length >= 128 && length <= 256, true, `${length}`);
      assertEquals(from <= first && first < from + width, true);
      assertEquals(from + BigInt(length - 1) * width <= last && last < from + BigInt(length) * width, true);
    });
  }

  it("are not narrower than a millisecond", () => {
    const range = { first: 2n ** 60n + 5n, last: 2n ** 60n + 7n };
    assertEquals(binsOf(range, shiftFor(range)), { from: 2n ** 60n, width: 2n ** 20n, length: 1 });
  });

  it("can be counted in narrower bins", () => {
    const [first, last] = [-5n * 2n ** 30n, 5n * 2n ** 30n + 1n];
    const bins = binsOf({ first, last }, 31n);
    assertEquals(bins, { from: -6n * 2n ** 30n, width: 2n ** 31n, length: 6 });
    const narrower = { from: -7n * 2n ** 30n, width: 2n ** 30n, length: 13 };
    assertEquals(countsIn(bins, { bins: "2 3 6 7 12", counts: "1 2 4 8 16" }, narrower), [1, 2, 4, 8, 0, 16]);
  });

  it("have a margin on either side of an estimated range, within the range of 64 bits", () => {
    const [first, last] = [1_700_000_000_000_000_001n, 1_700_003_600_000_000_000n];
    const bins = binsOf({ first, last }, shiftFor({ first, last }));
    const more = widened(bins);
    assertEquals([more.width, more.length], [bins.width, bins.length + 2 * 1_024]);
    assertEquals(holds(more, { first: first - 1_000n * bins.width, last: last + 1_000n * bins.width }), true);
    assertEquals(holds(more, { first: first - 1_025n * bins.width, last }), false);
    assertEquals(holds(more, { first, last: last + 1_025n * bins.width }), false);
    const all = { first: -(2n ** 63n), last: 2n ** 63n - 1n };
    assertEquals(widened(binsOf(all, shiftFor(all))), binsOf(all, shiftFor(all)));
  });

  it("count rows outside them in the first and last bin", async () => {
    const bins = { from: -(2n ** 32n), width: 2n ** 30n, length: 8 };
    const least = -(2n ** 63n);
    const timepoints = [least, -(2n ** 32n), -1n, 0n, 2n ** 30n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n];
    using files = recordFiles({ "duration.1.csv": timepoints.map((timepoint) => [timepoint, 1, "a", 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const texts = binTexts("map", bins);
    const [row] = (await db.sql(
      `SELECT ${texts.bins} AS bins, ${texts.counts} AS counts FROM (SELECT ${countInBins(bins)} AS map FROM duration)`,
    )).rows();
    assertEquals(row, { bins: "0 3 4 5 7", counts: "2 1 1 1 3" });
  });
});
