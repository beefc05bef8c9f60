import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ReservoirSample } from "../../../src/statistics/reservoir_sample.ts";

describe("ReservoirSample", () => {
  it("has exact quantiles, linear between neighbours", () => {
    const sample = new ReservoirSample();
    for (const value of [40, 10, 30, 20]) sample.add(value, 1);
    assertEquals(sample.quantiles([0, 0.5, 0.75, 1]), [10, 25, 32.5, 40]);
    assertEquals([sample.count, sample.mean, sample.max, sample.isSampled], [4, 25, 40, false]);
  });

  it("has no statistics without values, nor any of the values before clear()", () => {
    const sample = new ReservoirSample();
    sample.add(NaN, 1);
    assertEquals([sample.count, sample.quantiles([0.5]), sample.max, sample.mean], [
      1,
      [undefined],
      undefined,
      undefined,
    ]);
    sample.add(Infinity, 1);
    sample.add(-1, 1);
    assertEquals(sample.quantiles([0, 0.5, 1]), [-1, Infinity, Infinity]);
    sample.clear();
    assertEquals([sample.count, sample.quantiles([1])], [0, [undefined]]);
  });

  it("samples very many values uniformly, and keeps the largest of all", () => {
    const sample = new ReservoirSample();
    const values = 400_000;
    for (let i = 1; i <= values; i++) sample.add(i, 1);
    const [p50 = 0, p99 = 0] = sample.quantiles([0.5, 0.99]);
    // Ten standard deviations of the rank of a sampled quantile.
    assert(Math.abs(p50 / values - 0.5) < 0.028, `${p50}`);
    assert(Math.abs(p99 / values - 0.99) < 0.0055, `${p99}`);
    assertEquals([sample.max, sample.count, sample.isSampled], [values, values, true]);
  });

  it("is exact up to the limit that it is given", () => {
    const sample = new ReservoirSample(100_000);
    for (let i = 1; i <= 100_000; i++) sample.add(i, 1);
    assertEquals([sample.quantiles([0, 0.5, 1]), sample.isSampled], [[1, 50_000.5, 100_000], false]);
    const small = new ReservoirSample(2);
    for (const value of [1, 2, 3]) small.add(value, 1);
    assertEquals([small.isSampled, small.count, small.max], [true, 3, 3]);
  });
});
