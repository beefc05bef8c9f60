import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  formatBytes,
  formatCores,
  formatCount,
  formatLength,
  formatNumber,
  formatRate,
  formatSeconds,
} from "../../../src/display/units.ts";

/** Tests that numbers are told like this. */
function told(
  name: string,
  format: (value: number) => string,
  expected: readonly [value: number, text: string][],
): void {
  describe(`${name} of`, () => {
    for (const [value, text] of expected) it(`${value}: ${text}`, () => assertEquals(format(value), text));
  });
}

told("a duration", formatSeconds, [
  [0, "0ns"],
  [2.1e-8, "21ns"],
  [9.994e-7, "999ns"],
  [9.996e-7, "1.00µs"],
  [0.0000821, "82.1µs"],
  [0.12345, "123ms"],
  [0.9996, "1.00s"],
  [12.345, "12.3s"],
  [599, "599s"],
  [600, "10.0min"],
  [10_800, "3.00h"],
  [40_060, "11.1h"],
  [-0.25, "-250ms"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
]);

told("a size", formatBytes, [[0, "0B"], [999, "999B"], [95_500, "95.5kB"], [82_123_456, "82.1MB"], [1.5e12, "1.50TB"]]);

told("a count", formatCount, [[0, "0"], [25_472, "25,472"], [999_999, "999,999"], [1_200_000, "1.20M"], [
  1e10,
  "10.0G",
]]);

told("a number", formatNumber, [
  [17, "17"],
  [12.5, "12.5"],
  [-0.123456, "-0.123"],
  [1234.5678, "1234.6"],
  [25_472, "25,472"],
  [1_234_567.8, "1.23M"],
  [1.2345e-9, "1.23e-9"],
  [1e300, "1e+300"],
  [-Infinity, "-Infinity"],
]);

told("a rate", formatRate, [
  [0, "0"],
  [0.5, "0.5"],
  [0.0000304, "3.0e-5"],
  [12.345, "12.3"],
  [2_777.8, "2,778"],
  [1_234_567, "1.23M"],
  [Infinity, ""],
]);

told("CPU time by time", formatCores, [[0.4199, "0.42 cores"], [3, "3.00 cores"]]);

told("the length of a recording", formatLength, [
  [0, "0ns"],
  [0.35, "350ms"],
  [12.34, "12.3 s"],
  [60, "1 min"],
  [90, "1 min 30 s"],
  [3_599.9, "60 min"],
  [7_500, "2 h 5 min"],
  [273_600, "3 d 4 h"],
]);
