import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import * as format from "../../../../src/report/viewer/model/format.ts";

/** Replaces no-break spaces by ordinary ones, which are easier to write. */
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("numbers of the page", () => {
  const durations: [number, string][] = [
    [0, "0 s"],
    [1e-9, "1.00 ns"],
    [0.000_001_234, "1.23 µs"],
    [0.012_34, "12.3 ms"],
    [0.999_6, "1.00 s"],
    [0.123_4, "123 ms"],
    [99.9, "99.9 s"],
    [125, "2 min 5 s"],
    [7_320, "2 h 2 min"],
    [3_600, "1 h"],
    [90_000, "1 d 1 h"],
  ];
  for (const [seconds, text] of durations) {
    it(`${seconds} s is ${text}`, () => assertEquals(plain(format.duration(seconds)), text));
  }

  it("are formatted as bytes, rates, counts and shares", () => {
    assertEquals([0, 999, 1_000, 12_345_678].map(format.bytes).map(plain), ["0 B", "999 B", "1.00 kB", "12.3 MB"]);
    assertEquals([0, 0.5, 12.34, 2_780, 99_999].map(format.rate).map(plain), [
      "0/s",
      "0.500/s",
      "12.3/s",
      "2,780/s",
      "100 k/s",
    ]);
    assertEquals([1, 9_999, 10_000].map(format.count).map(plain), ["1", "9,999", "10.0 k"]);
    assertEquals([0, 0.001_23, 0.5].map(format.percent).map(plain), ["0 %", "0.123 %", "50 %"]);
    assertEquals(format.integer(10_000_000), "10,000,000");
  });
});
