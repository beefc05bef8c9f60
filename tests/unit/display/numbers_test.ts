import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  counted,
  formatBytes,
  formatChange,
  formatCores,
  formatCount,
  formatDuration,
  formatInteger,
  formatNumber,
  formatPercent,
  formatQuantity,
  formatRate,
  formatShare,
  formatSpan,
  formatTimes,
  formatTotalTime,
  type NumberFormat,
  significant,
} from "../../../src/display/numbers.ts";

/** Tests how a function formats numbers; no-break spaces are written as ordinary ones. */
function formats(
  format: (value: number, options?: NumberFormat) => string,
  expected: readonly [value: number, text: string][],
  options?: NumberFormat,
): void {
  describe(`${format.name} ${options === undefined ? "" : `with ${JSON.stringify(options)} `}of`, () => {
    for (const [value, text] of expected) {
      it(`${value} is ${text}`, () => assertEquals(format(value, options).replaceAll("\u00a0", " "), text));
    }
  });
}

const COMPACT = { space: "" };

formats(formatDuration, [
  [0, "0 s"],
  [1e-9, "1 ns"],
  [2.1e-8, "21 ns"],
  [9.994e-7, "999 ns"],
  [9.996e-7, "1.00 µs"],
  [0.000_001_234, "1.23 µs"],
  [0.0000821, "82.1 µs"],
  [0.0089, "8.90 ms"],
  [0.12345, "123 ms"],
  [0.9996, "1.00 s"],
  [12.345, "12.3 s"],
  [99.96, "100 s"],
  [599, "599 s"],
  [600, "10.0 min"],
  [10_800, "3.00 h"],
  [40_060, "11.1 h"],
  [-0.25, "-250 ms"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
]);
formats(formatDuration, [[0, "0s"], [0.0000821, "82.1µs"], [1.2, "1.20s"]], COMPACT);
formats(formatDuration, [[0.05, "50 ms"], [1, "1 s"], [0.123, "123 ms"], [1.5, "1.5 s"], [100, "100 s"]], {
  trim: true,
});

it("formatDuration puts a no-break space before the unit", () => assertEquals(formatDuration(1), "1.00\u00a0s"));

formats(formatSpan, [
  [0, "0 s"],
  [0.35, "350 ms"],
  [12.34, "12.3 s"],
  [30, "30 s"],
  [59.96, "1 min"],
  [60, "1 min"],
  [90, "1 min 30 s"],
  [125, "2 min 5 s"],
  [3_599.9, "1 h"],
  [3_600, "1 h"],
  [7_320, "2 h 2 min"],
  [7_500, "2 h 5 min"],
  [86_399, "1 d"],
  [90_000, "1 d 1 h"],
  [273_600, "3 d 4 h"],
]);

formats(formatShare, [[0, "0.0 %"], [0.00758, "0.8 %"], [0.4234, "42.3 %"], [1, "100.0 %"]]);
formats(formatShare, [[0.203, "20.3%"]], COMPACT);

formats(formatTotalTime, [
  [0, "0 s"],
  [0.0000821, "82.1 µs"],
  [12.34, "12.3 s"],
  [90, "90.0 s"],
  [99.94, "99.9 s"],
  [99.96, "1 min 40 s"],
  [134, "2 min 14 s"],
  [7_500, "2 h 5 min"],
  [273_600, "3 d 4 h"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
]);

formats(formatBytes, [
  [0, "0 B"],
  [12, "12 B"],
  [999, "999 B"],
  [1_000, "1.00 kB"],
  [95_500, "95.5 kB"],
  [12_345_678, "12.3 MB"],
  [82e6, "82.0 MB"],
  [1.5e12, "1.50 TB"],
]);

formats(formatInteger, [[0, "0"], [9_999.6, "10,000"], [12_345_678, "12,345,678"]]);
formats(formatCount, [[0, "0"], [25_472, "25,472"], [999_999, "999,999"], [1_200_000, "1.20 M"], [1e10, "10.0 G"]]);
formats(formatCount, [[1_200_000, "1.20M"]], COMPACT);

formats(formatNumber, [
  [17, "17"],
  [12.5, "12.5"],
  [0.5, "0.500"],
  [-0.123456, "-0.123"],
  [1234.5678, "1,235"],
  [25_472, "25,472"],
  [1_234_567.8, "1.23 M"],
  [0.000_123, "0.000123"],
  [1.2345e-9, "1.23e-9"],
  [1e300, "1.00e+300"],
  [-Infinity, "-Infinity"],
  [NaN, "NaN"],
]);

formats(formatRate, [
  [0, "0"],
  [0.5, "0.5"],
  [3, "3"],
  [0.0000304, "3.04e-5"],
  [12.345, "12.3"],
  [999.6, "1,000"],
  [2_777.8, "2,778"],
  [9_999.9, "10 k"],
  [99_999, "100 k"],
  [1_234_567, "1.23 M"],
]);

formats(formatPercent, [[0, "0 %"], [0.001_23, "0.123 %"], [0.4234, "42.3 %"], [0.5, "50.0 %"], [1, "100 %"]]);
formats(formatPercent, [[0.5, "50 %"], [0.01, "1 %"], [0.4234, "42.3 %"]], { trim: true });
formats(formatPercent, [[0.5, "50.0%"]], COMPACT);
formats(formatTimes, [[1.8, "1.8 times"], [1.834, "1.83 times"], [40, "40 times"], [1234.5, "1,235 times"]]);
formats(formatCores, [[0.4199, "0.420 cores"], [3, "3.00 cores"]]);
formats(formatChange, [
  [1, "0.0"],
  [0.9999, "0.0"],
  [1.1234, "+12.3"],
  [0.96, "−4.0"],
  [2.23, "+123"],
  [Infinity, "∞"],
  [NaN, "∞"],
]);
formats(significant, [[0, "0"], [0.97, "0.970"], [12.345, "12.3"], [999.9, "1,000"]]);
formats(significant, [[0.97, "0.97"], [1.5, "1.5"], [20, "20"], [1.5e-9, "1.5e-9"]], { trim: true });

describe("formatQuantity", () => {
  const expected = [
    ["s", "1.20 s"],
    ["bytes", "1.20 B"],
    ["bytes/s", "1.20 B/s"],
    ["1/s", "1.2/s"],
    ["cores", "1.20"],
    [
      "",
      "1.20",
    ],
  ] as const;
  for (const [unit, text] of expected) {
    it(`of unit "${unit}" is ${text}`, () =>
      assertEquals(formatQuantity(1.2, unit, { space: " " }), text.replace("1.20 B", "1.2 B")));
  }

  it("prefixes large rates", () => assertEquals(formatQuantity(99_999, "1/s", { space: " " }), "100 k/s"));
});

describe("counted", () => {
  it("uses the plural, except of 1", () => {
    assertEquals([counted(0, "row"), counted(1, "row"), counted(25_472, "row")], ["0 rows", "1 row", "25,472 rows"]);
    assertEquals([counted(1, "process"), counted(2, "process")], ["1 process", "2 processes"]);
  });
});
