import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { binsOf, countsIn, shiftFor } from "../../../src/analysis/time_bins.ts";

describe("the bins of a time", () => {
  const times: [what: string, first: bigint, last: bigint][] = [
    ["an hour", 1_700_000_000_000_000_001n, 1_700_003_600_000_000_000n],
    ["a year", 1_700_000_000_000_000_000n, 1_731_536_000_000_000_000n],
    ["all that 64 bits hold", -(2n ** 63n), 2n ** 63n - 1n],
    ["the years around 1970", -1_000_000_000_000_000_000n, 1_000_000_000_000_000_000n],
  ];
  for (const [what, first, last] of times) {
    it(`are between 128 and 256, and hold all of ${what}`, () => {
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

  it("can be counted in narrower ones", () => {
    const [first, last] = [-5n * 2n ** 30n, 5n * 2n ** 30n + 1n];
    const bins = binsOf({ first, last }, 31n);
    assertEquals(bins, { from: -6n * 2n ** 30n, width: 2n ** 31n, length: 6 });
    const counts = [[-5n, 1n], [-4n, 2n], [-1n, 4n], [0n, 8n], [5n, 16n]].map(([key = 0n, value = 0n]) => ({
      key,
      value,
    }));
    assertEquals(countsIn(bins, counts, 30n), [1, 2, 4, 8, 0, 16]);
  });
});
