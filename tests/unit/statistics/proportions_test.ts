import { describe, it } from "node:test";
import { assert, assertAlmostEquals } from "@std/assert";
import { upperTailOfNormal } from "../../../src/statistics/normal.ts";
import { differenceOfShares } from "../../../src/statistics/proportions.ts";

describe("upperTailOfNormal", () => {
  it("is that of the tables", () => {
    for (
      const [tail, z] of [[0.5, 0], [0.1, 1.281552], [0.025, 1.959964], [0.005, 2.575829], [0.0005, 3.290527], [
        1e-9,
        5.997807,
      ]] as const
    ) assertAlmostEquals(upperTailOfNormal(tail), z, 1e-5);
  });
});

describe("differenceOfShares", () => {
  const interval = (a: readonly [number, number], b: readonly [number, number]): [number, number] =>
    differenceOfShares({ count: b[0], total: b[1] }, { count: a[0], total: a[1] }, 0.025);

  it("is as in the table of Newcombe's article", () => {
    for (
      const [a, b, low, high] of [
        [[56, 70], [48, 80], 0.0524, 0.3339],
        [[9, 10], [3, 10], 0.1705, 0.8090],
        [[5, 56], [0, 29], -0.0381, 0.1926],
        [[0, 10], [0, 20], -0.1611, 0.2775],
        [[10, 10], [0, 20], 0.6791, 1.0],
      ] as const
    ) {
      const [lower, upper] = interval(a, b);
      assertAlmostEquals(lower, low, 5e-5);
      assertAlmostEquals(upper, high, 5e-5);
    }
  });

  it("holds no difference of equal shares, and no more than all of it", () => {
    const [low, high] = interval([5, 50], [50, 500]);
    assert(low < 0 && high > 0);
    const [least, most] = interval([0, 1], [1, 1]);
    assert(least >= -1 && most <= 1);
  });
});
