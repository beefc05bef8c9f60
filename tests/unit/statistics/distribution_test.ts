import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Distribution } from "../../../src/statistics/distribution.ts";

describe("Distribution", () => {
  it("has exact quantiles, linear between neighbours", () => {
    const distribution = new Distribution();
    for (const value of [40, 10, 30, 20]) distribution.add(value, 1);
    assertEquals(distribution.quantiles([0, 0.5, 0.75, 1]), [10, 25, 32.5, 40]);
    assertEquals([distribution.count, distribution.mean, distribution.max, distribution.isSampled], [4, 25, 40, false]);
  });

  it("has no statistics without values, nor any of the values before clear()", () => {
    const distribution = new Distribution();
    distribution.add(NaN, 1);
    assertEquals([distribution.count, distribution.quantiles([0.5]), distribution.max, distribution.mean], [
      1,
      [undefined],
      undefined,
      undefined,
    ]);
    distribution.add(Infinity, 1);
    distribution.add(-1, 1);
    assertEquals(distribution.quantiles([0, 0.5, 1]), [-1, Infinity, Infinity]);
    distribution.clear();
    assertEquals([distribution.count, distribution.quantiles([1])], [0, [undefined]]);
  });

  it("samples very many values uniformly, and keeps the largest of all", () => {
    const distribution = new Distribution();
    const values = 400_000;
    for (let i = 1; i <= values; i++) distribution.add(i, 1);
    const [p50 = 0, p99 = 0] = distribution.quantiles([0.5, 0.99]);
    // Ten standard deviations of the rank of a sampled quantile.
    assert(Math.abs(p50 / values - 0.5) < 0.028, `${p50}`);
    assert(Math.abs(p99 / values - 0.99) < 0.0055, `${p99}`);
    assertEquals([distribution.max, distribution.count, distribution.isSampled], [values, values, true]);
  });
});
