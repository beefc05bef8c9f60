import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { parseTimeLength } from "../../../src/display/time_units.ts";

describe("parseTimeLength", () => {
  it("reads every unit, with or without fraction and space", () => {
    const lengths: Record<string, bigint> = {
      "1ns": 1n,
      "5us": 5_000n,
      "5µs": 5_000n,
      "500 ms": 500_000_000n,
      "1.5s": 1_500_000_000n,
      "2m": 120_000_000_000n,
      "0.5h": 1_800_000_000_000n,
      "1.000000001d": 86_400_000_086_400n,
    };
    for (const [text, nanoseconds] of Object.entries(lengths)) assertEquals(parseTimeLength(text), nanoseconds, text);
  });

  it("rounds fractions of a nanosecond down", () => {
    assertEquals(parseTimeLength("1.9ns"), 1n);
  });

  it("returns undefined for anything else", () => {
    for (const text of ["", "s", "1", "-1s", "+1s", "1S", "1 week", ".5s", "1.s", "1  s", "1e3s"]) {
      assertEquals(parseTimeLength(text), undefined, text);
    }
  });
});
