import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import {
  checkQuantiles,
  median,
  parseQuantile,
  quantileName,
  quantileOfSorted,
} from "../../../src/statistics/quantiles.ts";

describe("quantileOfSorted", () => {
  it("interpolates linearly between the two nearest ranks", () => {
    assertEquals([0, 0.5, 0.75, 1].map((q) => quantileOfSorted([10, 20, 30, 40], q)), [10, 25, 32.5, 40]);
    assertEquals(quantileOfSorted([7], 0.99), 7);
  });

  it("is NaN of no numbers", () => assertEquals(quantileOfSorted([], 0.5), NaN));

  it("is infinite next to infinity, and NaN between both infinities", () => {
    assertEquals([0, 0.25, 1].map((q) => quantileOfSorted([1, Infinity], q)), [1, Infinity, Infinity]);
    assertEquals([0, 0.5, 1].map((q) => quantileOfSorted([-Infinity, Infinity], q)), [-Infinity, NaN, Infinity]);
  });
});

describe("median", () => {
  it("takes numbers in any order", () => assertEquals([median([9, 1, 2]), median([4, 1]), median([])], [2, 2.5, NaN]));
});

describe("checkQuantiles", () => {
  it("accepts quantiles from 0 to 1 only", () => {
    checkQuantiles([0, 0.5, 1]);
    for (const q of [-0.1, 1.1, NaN]) {
      const error = assertThrows(() => checkQuantiles([0.5, q], "resample"), KymoError, "Cannot resample: a quantile");
      assertEquals(error.code, "invalid-argument");
    }
  });
});

describe("quantile names", () => {
  for (
    const [q, name] of [[0, "p0"], [0.29, "p29"], [0.5, "p50"], [0.999, "p99.9"], [0.99999, "p99.999"], [
      1,
      "p100",
    ]] as const
  ) {
    it(`${name} is ${q}, both ways`, () => assertEquals([quantileName(q), parseQuantile(name)], [name, q]));
  }

  it("parseQuantile reads fractions too", () => assertEquals(["0.5", ".9", "1"].map(parseQuantile), [0.5, 0.9, 1]));

  it("parseQuantile refuses all else", () => {
    for (const text of ["", "50", "p101", "-0.5", "half", "p", " p50"]) assertEquals(parseQuantile(text), undefined);
  });
});
